#include "pool/sqlite/session_plans.hpp"

#include "pool/pgwire/writer.hpp"
#include "pool/sqlite/dialect/parse_tree.hpp"
#include "pool/sqlite/session.hpp"

#include <algorithm>
#include <utility>

namespace weir::sqlite {

namespace {

// Apart from the text, a plan depends on what Parse said about its parameters.
std::string cache_key(std::string_view text, std::span<const oid> given)
{
    std::string key{text};
    for (const oid t : given)
        key.append(1, '\0').append(std::to_string(static_cast<std::uint32_t>(t)));
    return key;
}

bool same_columns(const analysed_statement& a, const analysed_statement& b)
{
    return std::ranges::equal(a.columns, b.columns, [](const auto& x, const auto& y) {
        return x.name == y.name && x.type == y.type && x.modifier == y.modifier;
    });
}

error wrong_count(std::string_view what, std::size_t got, std::size_t wanted)
{
    return {"08P01",
            "bind message has " + std::to_string(got) + ' ' + std::string{what} + " for " +
                std::to_string(wanted)};
}

} // namespace

error aborted_transaction()
{
    return {"25P02",
            "current transaction is aborted, commands ignored until end of transaction block"};
}

std::vector<result_column> plan_columns(const analysed_statement& plan)
{
    if (plan.kind != statement_kind::show)
        return plan.columns;
    std::vector<std::string> names{session_settings::spelling(plan.name)};
    if (plan.name == "all")
        names = {"name", "setting", "description"};
    std::vector<result_column> columns;
    for (std::string& name : names)
        columns.push_back({.name = std::move(name), .type = type::text});
    return columns;
}

result<std::vector<wire_format>> read_formats(pgwire::field_reader& in, std::size_t count)
{
    const std::size_t sent = in.u16();
    std::vector<wire_format> formats;
    for (std::size_t i = 0; i < sent && in.ok(); ++i) {
        const unsigned code = in.u16();
        if (code > 1)
            return error{"22023", "unsupported format code: " + std::to_string(code)};
        formats.push_back(wire_format{static_cast<std::uint16_t>(code)});
    }
    if (sent > 1 && sent != count)
        return wrong_count("formats", sent, count);
    formats.resize(count, sent == 1 && !formats.empty() ? formats.front() : wire_format::text);
    return formats;
}

result<std::shared_ptr<const catalog>> session::tables()
{
    if (!has_defined_)
        return home_.tables.current(transaction_.current());
    if (!own_tables_) { // what is not committed is for us alone
        auto loaded = catalog::load(transaction_.current().db);
        if (!loaded)
            return loaded.error();
        own_tables_ = std::move(*loaded);
    }
    return own_tables_;
}

result<session::plan_ptr> session::plan_known(std::string_view text, std::span<const oid> given)
{
    auto now = tables();
    if (!now)
        return now.error();
    if (*now != plans_tables_ || settings_.output().time_zone != plans_zone_) {
        plans_.clear();
        plans_tables_ = std::move(*now);
        plans_zone_ = settings_.output().time_zone;
    }
    const plan_ptr* const known = plans_.find(cache_key(text, given));
    return known ? *known : plan_ptr{};
}

result<session::plan_ptr> session::plan_single(const std::string& text, std::span<const oid> given)
{
    if (auto known = plan_known(text, given); !known || *known)
        return known;
    auto tree = parse_tree::parse(text);
    if (!tree)
        return tree.error();
    if (tree->size() > 1)
        return error{"42601", "cannot insert multiple commands into a prepared statement"};
    if (tree->size() == 0)
        return plan_ptr{};
    return plan_of(*tree, 0, given);
}

result<session::plan_ptr>
session::plan_of(const parse_tree& tree, std::size_t index, std::span<const oid> given)
{
    // A statement behind another one may need the tables that the other one made.
    if (const auto checked = plan_known({}, {}); !checked)
        return checked.error();
    const analysis_settings settings{.time_zone = settings_.output().time_zone,
                                     .user = context_.user,
                                     .database = context_.database};
    auto plan = analyse(tree, index, given, *plans_tables_, settings);
    if (!plan && transaction_.state() == transaction::block::failed)
        return aborted_transaction(); // PostgreSQL does not look at it any closer
    if (!plan)
        return plan.error();
    if (tree.size() == 1)
        plans_.put(cache_key(tree.text(), given), plan_ptr{*plan});
    return *plan;
}

result<void> session::refresh(prepared& p)
{
    if (!p.plan)
        return {};
    auto fresh = plan_single(p.text, p.given);
    if (!fresh)
        return fresh.error();
    if (p.plan != *fresh && !same_columns(*p.plan, **fresh))
        return error{"0A000", "cached plan must not change result type"};
    p.plan = std::move(*fresh);
    return {};
}

result<parameter_values> session::read_parameters(pgwire::field_reader& in,
                                                  const prepared& from) const
{
    const std::size_t wanted = from.plan ? from.plan->parameters.size() : 0;
    // The formats come before the count that they are checked against.
    pgwire::field_reader ahead = in;
    for (unsigned skipped = ahead.u16(); skipped > 0 && ahead.ok(); --skipped)
        ahead.u16();
    const std::size_t count = ahead.u16();
    const auto formats = read_formats(in, count);
    if (!formats)
        return formats.error();
    in.u16();
    if (in.ok() && count != wanted)
        return error{"08P01",
                     "bind message supplies " + std::to_string(count) +
                         " parameters, but the prepared statement requires " +
                         std::to_string(wanted)};
    parameter_values read;
    read.texts.resize(wanted); // never moves its texts afterwards: the values look at them
    for (std::size_t i = 0; i < wanted && in.ok(); ++i) {
        const std::int32_t size = in.i32();
        if (size < 0) {
            read.values.push_back({});
            continue;
        }
        const auto bytes = pgwire::as_text(in.raw(static_cast<std::size_t>(size)));
        const auto decoded = decode(bytes,
                                    from.plan->parameters[i],
                                    (*formats)[i],
                                    settings_.output(),
                                    read.texts[i]);
        if (!decoded)
            return decoded.error();
        read.values.push_back(*decoded);
    }
    if (!in.ok())
        return error{"08P01", "invalid Bind message"};
    return read;
}

void session::write_parameter_description(const analysed_statement* plan)
{
    pgwire::message m{channel_.out(), 't'};
    m.u16(static_cast<std::uint16_t>(plan ? plan->parameters.size() : 0));
    if (plan)
        for (const oid t : plan->parameters)
            m.u32(static_cast<std::uint32_t>(t == type::none ? type::text : t));
}

void session::write_row_description(const analysed_statement& plan,
                                    std::span<const wire_format> formats)
{
    const std::vector<result_column> columns = columns_of(plan);
    pgwire::message m{channel_.out(), 'T'};
    m.u16(static_cast<std::uint16_t>(columns.size()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const result_column& c = columns[i];
        const oid t = c.type == type::none || c.type == type::unknown ? type::text : c.type;
        const type_info* const info = find_type(t);
        m.text(c.name).u32(static_cast<std::uint32_t>(c.table));
        m.u16(static_cast<std::uint16_t>(c.number)).u32(static_cast<std::uint32_t>(t));
        m.u16(static_cast<std::uint16_t>(info ? info->length : -1));
        m.u32(static_cast<std::uint32_t>(c.modifier));
        m.u16(static_cast<std::uint16_t>(i < formats.size() ? formats[i] : wire_format::text));
    }
}

} // namespace weir::sqlite
