#include "benchmarks/null_counts.hpp"

#include "benchmarks/script.hpp"
#include "benchmarks/stream.hpp"
#include "pool/pgwire/frame.hpp"

#include <poll.h>

#include <charconv>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace weir::bench {

namespace {

// The body of the first DataRow; empty while it has not come whole.
pgwire::bytes first_row(std::string_view received)
{
    pgwire::frame_header header;
    for (pgwire::bytes rest = pgwire::as_bytes(received);
         pgwire::scan_header(rest, header) == pgwire::scan_status::frame &&
         rest.size() >= header.size();
         rest = rest.subspan(header.size()))
        if (header.type == 'D')
            return rest.subspan(pgwire::header_size, header.body_size);
    return {};
}

std::uint64_t take_number(pgwire::field_reader& row)
{
    const std::string_view text = pgwire::as_text(row.raw(row.u32()));
    std::uint64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{})
        throw std::runtime_error("the null backend's counts are no numbers");
    return value;
}

} // namespace

std::string null_question() { return simple("SHOW received").front().bytes; }

null_counts ask_null_backend(const std::string& socket_path)
{
    stream connection{connect_to(socket_path)};
    connection.send(log_in("bench", "null", {}).front().bytes + null_question());
    std::string received;
    std::vector<char> room(4096);
    while (first_row(received).empty()) {
        pollfd waited{.fd = connection.get(), .events = POLLIN, .revents = 0};
        ::poll(&waited, 1, -1);
        received += connection.receive(room);
        if (connection.is_closed())
            throw std::runtime_error("the null backend has hung up");
    }
    pgwire::field_reader row{first_row(received)};
    row.u16(); // two columns
    null_counts out;
    out.messages = take_number(row);
    out.bytes = take_number(row);
    return out;
}

} // namespace weir::bench
