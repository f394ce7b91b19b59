#include "benchmarks/script.hpp"

#include "pool/pgwire/startup.hpp"
#include "pool/pgwire/writer.hpp"

#include <algorithm>

namespace weir::bench {

namespace {

constexpr std::size_t copy_frame = 8192; // as libpq and psql send it

step query(std::string_view sql)
{
    step out;
    pgwire::write_query(out.bytes, sql);
    return out;
}

} // namespace

script log_in(std::string_view user, std::string_view database, std::string_view application)
{
    std::string packet;
    {
        // A startup packet is a message without a type.
        pgwire::message m{packet, '?'};
        m.u32(pgwire::protocol_3_0).text("user").text(user).text("database").text(database);
        if (!application.empty())
            m.text("application_name").text(application);
        m.u8(0);
    }
    return {{.bytes = packet.substr(1), .opens = true}};
}

script simple(std::string_view sql) { return {query(sql)}; }

script extended(std::string_view sql)
{
    step out;
    pgwire::message{out.bytes, 'P'}.text("").text(sql).u16(0);
    pgwire::message{out.bytes, 'B'}.text("").text("").u16(0).u16(0).u16(0);
    pgwire::message{out.bytes, 'D'}.u8('P').text("");
    pgwire::message{out.bytes, 'E'}.text("").u32(0);
    pgwire::write_header(out.bytes, 'S', 0);
    return {out};
}

script transaction(std::string_view sql)
{
    return {query("BEGIN"), query(sql), query(sql), query(sql), query("COMMIT")};
}

script copy_in(std::string_view sql, std::size_t size)
{
    step begin = query(sql);
    begin.until = 'G';
    step data;
    for (std::size_t left = size; left > 0;) {
        const std::size_t part = std::min(left, copy_frame);
        pgwire::message{data.bytes, 'd'}.raw(std::string(part, 'x'));
        left -= part;
    }
    pgwire::write_header(data.bytes, 'c', 0);
    return {begin, data};
}

} // namespace weir::bench
