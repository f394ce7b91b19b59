#include "pool/sqlite/portal.hpp"

#include "pool/pgwire/writer.hpp"

#include <utility>

namespace weir::sqlite {

portal::portal(std::shared_ptr<const analysed_statement> plan,
               parameter_values parameters,
               std::vector<wire_format> formats)
    : plan_(std::move(plan)), parameters_(std::move(parameters)), formats_(std::move(formats))
{
}

portal::~portal() { stop(); }

result<portal::progress> portal::run(open_file& place,
                                     channel& to,
                                     std::size_t limit,
                                     std::span<const wire_format> formats,
                                     const output_settings& settings)
{
    if (!running_ && !is_done_)
        if (const auto started = start(place); !started)
            return started.error();
    progress so_far;
    while (limit == 0 || static_cast<std::size_t>(so_far.rows) < limit) {
        const auto more = next();
        if (!more) {
            stop();
            return more.error();
        }
        if (!*more) {
            if (plan_->kind == statement_kind::modify)
                so_far.rows = std::exchange(changes_, 0);
            return so_far;
        }
        append_row(to.out(), formats, settings);
        ++so_far.rows;
        if (!to.make_room()) {
            stop();
            return error{"08006", "the client is gone"};
        }
    }
    so_far.has_more = true;
    return so_far;
}

result<void> portal::start(open_file& place)
{
    auto prepared = place.statements.take(place.db, plan_->sql);
    if (!prepared)
        return prepared.error();
    running_ = std::move(*prepared);
    at_ = &place;
    for (std::size_t i = 0; i < parameters_.values.size(); ++i)
        running_.bind(static_cast<int>(i) + 1, parameters_.values[i]);
    return {};
}

result<bool> portal::next()
{
    if (!collected_.empty()) {
        row_ = std::move(collected_.front());
        collected_.pop_front();
        return true;
    }
    row_.clear();
    if (trouble_)
        return *std::exchange(trouble_, std::nullopt);
    return step();
}

result<bool> portal::step()
{
    while (!is_done_) {
        const auto stepped = running_.step();
        if (!stepped)
            return stepped.error();
        // What SQLite returns besides is nothing the client asked for.
        if (*stepped == step_result::row && !plan_->columns.empty())
            return true;
        if (*stepped == step_result::row && plan_->kind != statement_kind::modify)
            return true; // SELECT without columns
        if (*stepped == step_result::done) {
            changes_ = at_->db.changes();
            stop();
        }
    }
    return false;
}

void portal::append_row(std::string& out,
                        std::span<const wire_format> formats,
                        const output_settings& settings) const
{
    pgwire::message row{out, 'D'};
    row.u16(static_cast<std::uint16_t>(plan_->columns.size()));
    for (std::size_t i = 0; i < plan_->columns.size(); ++i) {
        value v;
        if (row_.empty()) {
            v = running_.column(static_cast<int>(i));
        } else {
            v = row_[i].first;
            v.bytes = row_[i].second;
        }
        if (v.is == value::kind::null) {
            row.u32(~std::uint32_t{0});
            continue;
        }
        const std::size_t length_at = out.size();
        row.u32(0);
        encode(out, v, plan_->columns[i].type, formats[i], settings);
        const std::size_t length = out.size() - length_at - 4;
        for (unsigned b = 0; b < 4; ++b)
            out[length_at + b] = static_cast<char>(length >> (8 * (3 - b)));
    }
}

void portal::collect(const open_file& at)
{
    if (at_ != &at)
        return;
    while (running_) {
        const auto more = step();
        if (!more) {
            trouble_ = more.error();
            stop();
        } else if (*more) {
            kept_row row;
            for (std::size_t i = 0; i < plan_->columns.size(); ++i) {
                const value v = running_.column(static_cast<int>(i));
                row.emplace_back(v, std::string{v.bytes});
            }
            collected_.push_back(std::move(row));
        }
    }
}

void portal::stop()
{
    is_done_ = true;
    if (running_)
        at_->statements.give_back(plan_->sql, std::move(running_));
    running_ = {};
    at_ = nullptr;
}

} // namespace weir::sqlite
