#include "benchmarks/null_answers.hpp"

#include "pool/pgwire/writer.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace weir::bench {

namespace {

constexpr std::string_view bulk = "rows(";
constexpr unsigned int4 = 23;
constexpr unsigned text = 25;

unsigned take_number(std::string_view& from)
{
    from.remove_prefix(std::min(from.find_first_of("0123456789"), from.size()));
    unsigned value = 0;
    const auto [end, failed] = std::from_chars(from.data(), from.data() + from.size(), value);
    if (failed != std::errc{})
        throw std::invalid_argument("rows(COUNT, BYTES) needs two numbers");
    from.remove_prefix(static_cast<std::size_t>(end - from.data()));
    return value;
}

null_answer many_rows(std::string_view arguments, bool as_copy)
{
    const unsigned count = take_number(arguments);
    const std::string value(take_number(arguments), 'x');
    null_answer out;
    if (as_copy)
        pgwire::message{out.description, 'H'}.u8(0).u16(1).u16(0);
    else
        describe_columns(out.description, 1, false);
    for (unsigned i = 0; i < count; ++i)
        if (as_copy)
            pgwire::message{out.rows, 'd'}.raw(value).u8('\n');
        else
            write_row(out.rows, {&value, 1});
    if (as_copy)
        pgwire::write_header(out.rows, 'c', 0);
    pgwire::write_command_complete(out.completion,
                                   (as_copy ? "COPY " : "SELECT ") + std::to_string(count));
    return out;
}

null_answer compose(std::string_view sql)
{
    if (const std::size_t at = sql.find(bulk); at != std::string_view::npos)
        return many_rows(sql.substr(at + bulk.size()), sql.starts_with("COPY"));
    null_answer out;
    const std::string_view word = sql.substr(0, sql.find(' '));
    if (word == "INSERT" || word == "UPDATE" || word == "DELETE") {
        pgwire::write_command_complete(out.completion,
                                       std::string(word) + (word == "INSERT" ? " 0 1" : " 1"));
    } else if (word == "RESET" || word == "DISCARD") {
        pgwire::write_command_complete(out.completion, word);
    } else if (sql.find("FROM pg_catalog.") != std::string_view::npos) {
        describe_columns(out.description, 3, false);
        pgwire::write_command_complete(out.completion, "SELECT 0");
    } else {
        describe_columns(out.description, 1, true);
        const std::string zero = "0";
        write_row(out.rows, {&zero, 1});
        pgwire::write_command_complete(out.completion, "SELECT 1");
    }
    return out;
}

} // namespace

const null_answer& null_answers::to(std::string_view sql)
{
    if (const auto known = known_.find(sql); known != known_.end())
        return known->second;
    return known_.emplace(sql, compose(sql)).first->second;
}

void describe_columns(std::string& out, unsigned count, bool integers)
{
    pgwire::message m{out, 'T'};
    m.u16(static_cast<std::uint16_t>(count));
    for (unsigned i = 0; i < count; ++i)
        m.text("value")
            .u32(0)
            .u16(0)
            .u32(integers ? int4 : text)
            .u16(integers ? 4 : 0xffff)
            .u32(0xffff'ffff)
            .u16(0);
}

void write_row(std::string& out, std::span<const std::string> values)
{
    pgwire::message m{out, 'D'};
    m.u16(static_cast<std::uint16_t>(values.size()));
    for (const std::string& value : values)
        m.u32(static_cast<std::uint32_t>(value.size())).raw(value);
}

} // namespace weir::bench
