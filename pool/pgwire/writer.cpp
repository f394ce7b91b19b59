#include "pool/pgwire/writer.hpp"

namespace weir::pgwire {

namespace {

void append_big_endian(std::string& out, std::uint64_t value, unsigned width)
{
    while (width-- > 0)
        out.push_back(static_cast<char>(value >> (8 * width)));
}

std::string_view name_of(severity how)
{
    switch (how) {
    case severity::error: return "ERROR";
    case severity::fatal: return "FATAL";
    case severity::notice: return "NOTICE";
    case severity::warning: return "WARNING";
    }
    return "ERROR";
}

} // namespace

message::message(std::string& out, char type) : out_(out), length_at_(out.size() + 1)
{
    out_.push_back(type);
    out_.append(4, '\0');
}

message::~message()
{
    const std::size_t length = out_.size() - length_at_;
    for (unsigned i = 0; i < 4; ++i)
        out_[length_at_ + i] = static_cast<char>(length >> (8 * (3 - i)));
}

message& message::u8(std::uint8_t value) { return append_big_endian(out_, value, 1), *this; }
message& message::u16(std::uint16_t value) { return append_big_endian(out_, value, 2), *this; }
message& message::u32(std::uint32_t value) { return append_big_endian(out_, value, 4), *this; }
message& message::u64(std::uint64_t value) { return append_big_endian(out_, value, 8), *this; }

message& message::text(std::string_view value)
{
    out_.append(value.substr(0, value.find('\0')));
    out_.push_back('\0');
    return *this;
}

message& message::raw(std::string_view value)
{
    out_.append(value);
    return *this;
}

void write_header(std::string& out, char type, std::uint32_t body_size)
{
    out.push_back(type);
    append_big_endian(out, body_size + 4, 4);
}

void write_error(std::string& out, const error& what, severity how)
{
    const bool notice = how == severity::notice || how == severity::warning;
    message m{out, notice ? 'N' : 'E'};
    m.raw("S").text(name_of(how)).raw("V").text(name_of(how));
    m.raw("C").text(what.code.text()).raw("M").text(what.message);
    if (!what.detail.empty())
        m.raw("D").text(what.detail);
    if (!what.hint.empty())
        m.raw("H").text(what.hint);
    if (what.position > 0)
        m.raw("P").text(std::to_string(what.position));
    m.u8(0);
}

void write_ready(std::string& out, char transaction_status)
{
    message{out, 'Z'}.u8(static_cast<std::uint8_t>(transaction_status));
}

void write_command_complete(std::string& out, std::string_view tag) { message{out, 'C'}.text(tag); }

void write_parameter_status(std::string& out, std::string_view name, std::string_view value)
{
    message{out, 'S'}.text(name).text(value);
}

void write_query(std::string& out, std::string_view sql) { message{out, 'Q'}.text(sql); }

} // namespace weir::pgwire
