// Messages of the PostgreSQL v3 protocol as strings, for tests to write conversations with.
#pragma once

#include "pool/pgwire/writer.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace weir::test::wire {

inline std::string number(std::uint64_t value, unsigned width)
{
    std::string out;
    while (width-- > 0)
        out.push_back(static_cast<char>(value >> (8 * width)));
    return out;
}

inline std::string frame(char type, std::string_view body = {})
{
    std::string out;
    pgwire::write_header(out, type, static_cast<std::uint32_t>(body.size()));
    return out.append(body);
}

inline std::string text(std::string_view value) { return std::string(value) + '\0'; }

// --- what a client sends ------------------------------------------------------------------------
inline std::string query(std::string_view sql) { return frame('Q', text(sql)); }
inline std::string parse(std::string_view name, std::string_view sql)
{
    return frame('P', text(name) + text(sql) + number(0, 2));
}
inline std::string bind_statement(std::string_view statement, std::string_view portal = {})
{
    return frame('B', text(portal) + text(statement) + number(0, 6));
}
inline std::string describe_statement(std::string_view name)
{
    return frame('D', std::string(1, 'S') + text(name));
}
inline std::string describe_portal(std::string_view name = {})
{
    return frame('D', std::string(1, 'P') + text(name));
}
inline std::string execute(std::string_view portal = {}, std::uint32_t rows = 0)
{
    return frame('E', text(portal) + number(rows, 4));
}
inline std::string close_statement(std::string_view name)
{
    return frame('C', std::string(1, 'S') + text(name));
}
inline std::string close_portal(std::string_view name)
{
    return frame('C', std::string(1, 'P') + text(name));
}
inline std::string sync() { return frame('S'); }
inline std::string flush() { return frame('H'); }
inline std::string terminate() { return frame('X'); }
inline std::string function_call() { return frame('F', number(1, 4) + number(0, 6)); }
inline std::string copy_data(std::string_view data) { return frame('d', data); }
inline std::string copy_done() { return frame('c'); }
inline std::string copy_fail(std::string_view why) { return frame('f', text(why)); }
// Bind, Execute, Sync: how most drivers run what they have prepared.
inline std::string run(std::string_view statement)
{
    return bind_statement(statement) + execute() + sync();
}

// --- what a server answers ----------------------------------------------------------------------
inline std::string parse_complete() { return frame('1'); }
inline std::string bind_complete() { return frame('2'); }
inline std::string close_complete() { return frame('3'); }
inline std::string no_data() { return frame('n'); }
inline std::string empty_query() { return frame('I'); }
inline std::string suspended() { return frame('s'); }
inline std::string complete(std::string_view tag) { return frame('C', text(tag)); }
inline std::string ready(char status = 'I') { return frame('Z', {&status, 1}); }
inline std::string row(std::string_view value)
{
    return frame('D', number(1, 2) + number(value.size(), 4) + std::string(value));
}
// Of SELECT 1, and here of any other: one int4 as text.
inline std::string row_description(std::string_view column = "?column?", bool binary = false)
{
    return frame('T',
                 number(1, 2) + text(column) + number(0, 6) + number(23, 4) + number(4, 2) +
                     number(0xffff'ffff, 4) + number(binary, 2));
}
inline std::string parameter_description() { return frame('t', number(0, 2)); }
inline std::string copy_in() { return frame('G', number(0, 3)); }
inline std::string copy_out() { return frame('H', number(0, 3)); }
inline std::string parameter_status(std::string_view name, std::string_view value)
{
    return frame('S', text(name) + text(value));
}
inline std::string notification(std::string_view channel)
{
    return frame('A', number(1, 4) + text(channel) + text(""));
}
inline std::string
failure(sqlstate code, std::string_view message, pgwire::severity how = pgwire::severity::error)
{
    std::string out;
    pgwire::write_error(out, {code, std::string(message)}, how);
    return out;
}

} // namespace weir::test::wire
