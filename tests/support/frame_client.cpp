#include "tests/support/frame_client.hpp"

#include "pool/pgwire/frame.hpp"
#include "pool/pgwire/writer.hpp"

#include <poll.h>

#include <array>
#include <stdexcept>

namespace weir::test {

namespace {

constexpr std::chrono::milliseconds patience{20'000};

std::string error_words(const std::string& body, bool with_message)
{
    pgwire::field_reader in{pgwire::as_bytes(body)};
    std::string code, message;
    while (const auto field = static_cast<char>(in.u8())) {
        const std::string_view text = in.text();
        if (field == 'C')
            code = text;
        if (field == 'M')
            message = text;
    }
    return with_message ? code + ": " + message : code;
}

std::string words(const reply& r, bool with_messages)
{
    pgwire::field_reader in{pgwire::as_bytes(r.body)};
    std::string out{r.type};
    switch (r.type) {
    case 'Z': return out + '(' + r.body + ')';
    case 'C': return out + '(' + std::string{in.text()} + ')';
    case 'E':
    case 'N': return out + '(' + error_words(r.body, with_messages) + ')';
    case 'S': {
        const std::string name{in.text()};
        return out + '(' + name + '=' + std::string{in.text()} + ')';
    }
    case 'T': {
        out += '(';
        for (unsigned i = 0, n = in.u16(); i < n; ++i) {
            out.append(i ? "," : "").append(in.text());
            in.raw(18);
        }
        return out + ')';
    }
    case 't': {
        out += '(';
        for (unsigned i = 0, n = in.u16(); i < n; ++i)
            out.append(i ? "," : "").append(std::to_string(in.u32()));
        return out + ')';
    }
    case 'D': {
        out += '(';
        for (unsigned i = 0, n = in.u16(); i < n; ++i) {
            const std::int32_t size = in.i32();
            out += i ? "," : "";
            out += size < 0 ? "NULL" : pgwire::as_text(in.raw(static_cast<std::size_t>(size)));
        }
        return out + ')';
    }
    default: return out;
    }
}

} // namespace

void frame_client::send(std::string_view bytes)
{
    while (!bytes.empty()) {
        const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
        const io_result sent = link_->write(std::span{&piece, 1});
        if (sent.status == io_status::closed)
            return; // receive() will tell
        bytes.remove_prefix(sent.bytes);
        if (sent.status == io_status::blocked) {
            pollfd writable{link_->descriptor(), POLLOUT, 0};
            ::poll(&writable, 1, 1000);
        }
    }
}

bool frame_client::wait_readable(std::chrono::milliseconds within)
{
    pollfd readable{link_->descriptor(), POLLIN, 0};
    return ::poll(&readable, 1, static_cast<int>(within.count())) > 0;
}

bool frame_client::has_reply(std::chrono::milliseconds within)
{
    return !in_.empty() || wait_readable(within);
}

reply frame_client::receive()
{
    while (true) {
        pgwire::frame_header header;
        const auto scanned = pgwire::scan_header(pgwire::as_bytes(in_), header);
        if (scanned == pgwire::scan_status::malformed)
            throw std::runtime_error("the server sent a malformed frame");
        if (scanned == pgwire::scan_status::frame && in_.size() >= header.size()) {
            reply r{header.type, in_.substr(pgwire::header_size, header.body_size)};
            in_.erase(0, header.size());
            return r;
        }
        std::array<std::byte, 65536> scratch;
        const io_result got = link_->read(scratch);
        if (got.status == io_status::closed)
            return {};
        if (got.status == io_status::blocked && !wait_readable(patience))
            throw std::runtime_error("the server does not answer");
        in_.append(reinterpret_cast<const char*>(scratch.data()), got.bytes);
    }
}

std::vector<reply> frame_client::receive_all()
{
    std::vector<reply> all;
    do
        all.push_back(receive());
    while (all.back().type != 'Z' && all.back().type != 0);
    return all;
}

std::string frame_client::query(std::string_view sql)
{
    std::string message;
    pgwire::write_query(message, sql);
    send(message);
    return summary();
}

std::string frame_client::summary()
{
    std::string all;
    for (const reply& r : receive_all())
        all.append(all.empty() ? "" : " ").append(r.type ? words(r, with_messages) : "gone");
    return all;
}

std::string parse(std::string_view name, std::string_view sql, std::vector<std::uint32_t> types)
{
    std::string out;
    {
        pgwire::message m{out, 'P'};
        m.text(name).text(sql).u16(static_cast<std::uint16_t>(types.size()));
        for (const std::uint32_t type : types)
            m.u32(type);
    }
    return out;
}

std::string bind(std::string_view portal,
                 std::string_view statement,
                 std::vector<std::string> parameters,
                 bool binary)
{
    std::string out;
    {
        pgwire::message m{out, 'B'};
        m.text(portal).text(statement).u16(1).u16(binary);
        m.u16(static_cast<std::uint16_t>(parameters.size()));
        for (const std::string& p : parameters)
            m.u32(static_cast<std::uint32_t>(p.size())).raw(p);
        m.u16(1).u16(binary);
    }
    return out;
}

std::string describe(char what, std::string_view name)
{
    std::string out;
    pgwire::message{out, 'D'}.u8(static_cast<std::uint8_t>(what)).text(name);
    return out;
}

std::string execute(std::string_view portal, std::uint32_t limit)
{
    std::string out;
    pgwire::message{out, 'E'}.text(portal).u32(limit);
    return out;
}

std::string close(char what, std::string_view name)
{
    std::string out;
    pgwire::message{out, 'C'}.u8(static_cast<std::uint8_t>(what)).text(name);
    return out;
}

std::string sync_message()
{
    std::string out;
    pgwire::message{out, 'S'};
    return out;
}

} // namespace weir::test
