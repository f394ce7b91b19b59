#include "daemon/console/session.hpp"

#include "pool/core/utf8.hpp"
#include "pool/pgwire/writer.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace weir::console {
namespace {

using pgwire::as_text;
using pgwire::field_reader;
using pgwire::message;

constexpr std::uint32_t message_limit = 32 * 1024; // of a command that a person types

constexpr std::uint16_t binary = 1;

struct type {
    std::uint32_t oid;
    std::uint16_t size;
};

type type_of(const column& c)
{
    constexpr std::uint16_t any = 0xffff; // -1: as long as it is
    switch (c.is) {
    case column::kind::int4: return {23, 4};
    case column::kind::int8: return {20, 8};
    case column::kind::numeric: return {1700, any};
    case column::kind::bytea: return {17, any};
    case column::kind::text: break;
    }
    return {25, any};
}

// What drivers want to know at login. The version is one whose protocol this is.
constexpr std::pair<std::string_view, std::string_view> parameters[] = {
    {"server_encoding", "UTF8"},
    {"client_encoding", "UTF8"},
    {"DateStyle", "ISO, MDY"},
    {"IntervalStyle", "postgres"},
    {"TimeZone", "UTC"},
    {"integer_datetimes", "on"},
    {"standard_conforming_strings", "on"},
    {"is_superuser", "off"},
};

error protocol_violation(std::string words) { return {"08P01", std::move(words)}; }

error unknown(std::string_view what, std::string_view code, std::string_view name)
{
    return {sqlstate::from(code),
            std::string(what) + " \"" + std::string(name) + "\" does not exist"};
}

// One format for all columns, one for each, or none: text.
std::uint16_t format_of(const std::vector<std::uint16_t>& formats, std::size_t column)
{
    if (formats.empty())
        return 0;
    return formats.size() == 1 ? formats[0] : formats[column];
}

void write_description(const command& what,
                       const std::vector<std::uint16_t>& formats,
                       std::string& out)
{
    if (what.columns.empty()) {
        message{out, 'n'};
        return;
    }
    message m{out, 'T'};
    m.u16(static_cast<std::uint16_t>(what.columns.size()));
    for (std::size_t i = 0; i < what.columns.size(); ++i) {
        const type its = type_of(what.columns[i]);
        m.text(what.columns[i].name).u32(0).u16(0);
        m.u32(its.oid).u16(its.size).u32(0xffff'ffff).u16(format_of(formats, i));
    }
}

// A numeric is digits to the base 10,000: how many, the weight of the first, a sign, how many
// decimals there are, and the digits (numeric_send in PostgreSQL's numeric.c). These are whole.
void write_numeric(std::int64_t value, message& m)
{
    std::vector<std::uint16_t> digits;
    for (std::uint64_t left = value < 0 ? 0 - static_cast<std::uint64_t>(value)
                                        : static_cast<std::uint64_t>(value);
         left > 0;
         left /= 10'000)
        digits.push_back(static_cast<std::uint16_t>(left % 10'000));
    const auto count = static_cast<std::uint16_t>(digits.size());
    m.u32(8u + 2u * count).u16(count);
    m.u16(static_cast<std::uint16_t>(std::max<unsigned>(count, 1) - 1));
    m.u16(value < 0 ? 0x4000 : 0).u16(0);
    for (; !digits.empty(); digits.pop_back())
        m.u16(digits.back());
}

void write_value(const std::string& value, column::kind is, message& m)
{
    std::int64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    switch (is) {
    case column::kind::int4: m.u32(4).u32(static_cast<std::uint32_t>(number)); break;
    case column::kind::int8: m.u32(8).u64(static_cast<std::uint64_t>(number)); break;
    case column::kind::numeric: write_numeric(number, m); break;
    case column::kind::bytea: // shown is none, all are NULL
    case column::kind::text:  // of clients, whose encoding may be another, and cut at any byte
        const std::string text = well_formed_utf8(value);
        m.u32(static_cast<std::uint32_t>(text.size())).raw(text);
        break;
    }
}

void write_row(const command& what,
               const std::vector<std::uint16_t>& formats,
               const row& values,
               std::string& out)
{
    message m{out, 'D'};
    m.u16(static_cast<std::uint16_t>(values.size()));
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!values[i])
            m.u32(0xffff'ffff);
        else
            write_value(*values[i],
                        format_of(formats, i) == binary ? what.columns[i].is : column::kind::text,
                        m);
    }
}

} // namespace

void session::welcome(std::string& out, const greeting& to)
{
    message{out, 'R'}.u32(0); // AuthenticationOk: the kernel has said who it is
    pgwire::write_parameter_status(out,
                                   "server_version",
                                   "15.0 (weir " + std::string(to.version) + ")");
    for (const auto& [name, value] : parameters)
        pgwire::write_parameter_status(out, name, value);
    pgwire::write_parameter_status(out, "session_authorization", to.user);
    pgwire::write_parameter_status(out, "weir_version", to.version);
    message{out, 'K'}.u32(to.id).u32(to.secret);
    pgwire::write_ready(out, 'I');
}

ruling session::next(pgwire::bytes in, bool is_operator, std::string& out)
{
    is_operator_ = is_operator;
    const auto violation = [&](std::string words) {
        pgwire::write_error(out, protocol_violation(std::move(words)), pgwire::severity::fatal);
        return ruling{verdict::violation};
    };
    pgwire::frame_header h;
    switch (pgwire::scan_header(in, h, message_limit)) {
    case pgwire::scan_status::need_more: return {verdict::need_more};
    case pgwire::scan_status::malformed: return violation("invalid message length");
    case pgwire::scan_status::frame: break;
    }
    if (std::string_view{"QPBDECSHFdcfX"}.find(h.type) == std::string_view::npos)
        return violation("invalid frontend message type " +
                         std::to_string(static_cast<unsigned char>(h.type)));
    if (in.size() < h.size())
        return {verdict::need_more};
    if (h.type == 'X')
        return {verdict::terminate};
    return judge(h.type, in.subspan(pgwire::header_size, h.body_size), h.size(), out);
}

ruling session::judge(char type, pgwire::bytes body, std::size_t size, std::string& out)
{
    if (type == 'S') {
        on_sync(out);
    } else if (!skip_to_sync_) { // after an error nothing counts until Sync
        switch (type) {
        case 'Q': return on_query(field_reader{body}.text(), size, out);
        case 'E': return on_execute(field_reader{body}, size, out);
        case 'P': on_parse(field_reader{body}, out); break;
        case 'B': on_bind(field_reader{body}, out); break;
        case 'D': on_describe(field_reader{body}, out); break;
        case 'C': on_close(field_reader{body}, out); break;
        case 'F': fail({"0A000", "the console has no functions to call"}, out); break;
        default: break; // Flush: everything is sent at once; COPY: there is none
        }
    }
    return {verdict::answer, size};
}

ruling session::on_query(std::string_view sql, std::size_t size, std::string& out)
{
    auto parsed = parse_command(sql);
    if (!parsed) {
        pgwire::write_error(out, parsed.error());
    } else if (const auto refused = refusal_of(*parsed)) {
        pgwire::write_error(out, *refused);
    } else if (!answers(*parsed, out)) {
        asked_ = std::move(*parsed);
        busy_ = mode::simple;
        return {verdict::carry_out, size};
    }
    pgwire::write_ready(out, transaction_status_);
    return {verdict::answer, size};
}

std::optional<error> session::refusal_of(const command& what) const
{
    if (is_operator_ || what.is_for_all)
        return std::nullopt;
    return error{"42501",
                 "permission denied for " + std::string(what.tag),
                 {},
                 "It is for operators, whom admin.users and admin.groups name."};
}

// What needs nobody: the empty query, and the courtesies of drivers.
bool session::answers(const command& what, std::string& out)
{
    switch (what.verb) {
    case verb::nothing: message{out, 'I'}; return true;
    case verb::courtesy:
        if (what.transaction_status_after)
            transaction_status_ = what.transaction_status_after;
        pgwire::write_command_complete(out, what.tag);
        return true;
    default: return false;
    }
}

void session::on_parse(field_reader body, std::string& out)
{
    const std::string name{body.text()};
    const std::string_view sql = body.text();
    if (!body.ok())
        return fail(protocol_violation("invalid Parse message"), out);
    auto parsed = parse_command(sql);
    if (!parsed)
        return fail(parsed.error(), out);
    if (!name.empty() && statements_.contains(name))
        return fail({"42P05", "prepared statement \"" + name + "\" already exists"}, out);
    statements_[name] = std::move(*parsed);
    message{out, '1'};
}

void session::on_bind(field_reader body, std::string& out)
{
    const std::string portal_name{body.text()};
    const std::string_view name = body.text();
    for (unsigned formats = body.u16(); formats > 0 && body.ok(); --formats)
        body.u16(); // of the parameters, of which there are none
    const unsigned given = body.u16();
    if (body.ok() && given > 0)
        return fail(protocol_violation("bind message supplies " + std::to_string(given) +
                                       " parameters, but a console command takes none"),
                    out);
    std::vector<std::uint16_t> formats;
    for (unsigned left = body.u16(); left > 0 && body.ok(); --left)
        formats.push_back(body.u16());
    if (!body.ok())
        return fail(protocol_violation("invalid Bind message"), out);
    const auto found = statements_.find(name);
    if (found == statements_.end())
        return fail(unknown("prepared statement", "26000", name), out);
    if (formats.size() > 1 && formats.size() != found->second.columns.size())
        return fail(protocol_violation("bind message has " + std::to_string(formats.size()) +
                                       " result formats but query has " +
                                       std::to_string(found->second.columns.size()) + " columns"),
                    out);
    portals_.insert_or_assign(portal_name, portal{found->second, std::move(formats)});
    message{out, '2'};
}

void session::on_describe(field_reader body, std::string& out)
{
    const char kind = static_cast<char>(body.u8());
    const std::string_view name = body.text();
    if (kind == 'S') {
        const auto found = statements_.find(name);
        if (found == statements_.end())
            return fail(unknown("prepared statement", "26000", name), out);
        message{out, 't'}.u16(0); // no parameters
        return write_description(found->second, {}, out);
    }
    const auto found = portals_.find(name);
    if (found == portals_.end())
        return fail(unknown("portal", "34000", name), out);
    write_description(found->second.what, found->second.formats, out);
}

void session::on_close(field_reader body, std::string& out)
{
    const char kind = static_cast<char>(body.u8());
    const std::string name{body.text()};
    if (kind == 'S')
        statements_.erase(name);
    else
        portals_.erase(name);
    message{out, '3'};
}

ruling session::on_execute(field_reader body, std::size_t size, std::string& out)
{
    const std::string_view name = body.text();
    row_limit_ = body.u32();
    const auto found = portals_.find(name);
    if (found == portals_.end()) {
        fail(unknown("portal", "34000", name), out);
    } else if (const auto refused = refusal_of(found->second.what)) {
        fail(*refused, out);
    } else if (found->second.is_done) {
        send_rows(found->second, out);
    } else if (!answers(found->second.what, out)) {
        asked_ = found->second.what;
        asked_by_ = name;
        busy_ = mode::extended;
        return {verdict::carry_out, size};
    }
    return {verdict::answer, size};
}

void session::on_sync(std::string& out)
{
    skip_to_sync_ = false;
    if (transaction_status_ == 'I')
        portals_.clear(); // they end with the transaction
    pgwire::write_ready(out, transaction_status_);
}

void session::notice(std::string_view words, std::string& out) const
{
    pgwire::write_error(out,
                        {.code = "00000", .message = std::string(words)},
                        pgwire::severity::notice);
}

void session::reply(const result<rows>& outcome, std::string& out)
{
    if (std::exchange(busy_, mode::none) == mode::extended) {
        if (!outcome)
            return fail(outcome.error(), out);
        portal& p = portals_.at(asked_by_);
        p.is_done = true;
        p.left = *outcome;
        return send_rows(p, out);
    }
    if (outcome) {
        if (!asked_.columns.empty())
            write_description(asked_, {}, out);
        for (const row& r : *outcome)
            write_row(asked_, {}, r, out);
        pgwire::write_command_complete(out, asked_.tag);
    } else {
        pgwire::write_error(out, outcome.error());
    }
    pgwire::write_ready(out, transaction_status_);
}

// As many as this Execute asks for; the portal keeps the rest for the next.
void session::send_rows(portal& from, std::string& out)
{
    std::size_t sent = 0;
    while (sent < from.left.size() && (row_limit_ == 0 || sent < row_limit_))
        write_row(from.what, from.formats, from.left[sent++], out);
    from.left.erase(from.left.begin(), from.left.begin() + static_cast<std::ptrdiff_t>(sent));
    if (row_limit_ > 0 && sent == row_limit_)
        message{out, 's'};
    else
        pgwire::write_command_complete(out, from.what.tag);
}

void session::fail(const error& why, std::string& out)
{
    pgwire::write_error(out, why);
    skip_to_sync_ = true;
}

} // namespace weir::console
