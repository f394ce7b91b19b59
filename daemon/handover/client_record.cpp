#include "daemon/handover/client_record.hpp"

#include "pool/pgwire/writer.hpp"

namespace weir {

namespace {

constexpr char record_type = 'K'; // framed as a message of the protocol is

void write_settings(pgwire::message& m, const pgwire::settings_map& settings)
{
    m.u32(static_cast<std::uint32_t>(settings.size()));
    for (const auto& [name, value] : settings)
        m.text(name).text(value);
}

pgwire::settings_map read_settings(pgwire::field_reader& in)
{
    pgwire::settings_map out;
    for (std::uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
        std::string name{in.text()};
        out.insert_or_assign(std::move(name), in.text());
    }
    return out;
}

} // namespace

void write_record(std::string& out, const client_record& what)
{
    pgwire::message m{out, record_type};
    m.u32(what.id).u32(what.secret).text(what.backend).text(what.user);
    write_settings(m, what.settings);
    m.u32(what.startup_settings.has_value());
    if (what.startup_settings)
        write_settings(m, *what.startup_settings);
    m.u32(static_cast<std::uint32_t>(what.session.statements.size()));
    for (const auto& [name, tail] : what.session.statements)
        m.text(name).u32(static_cast<std::uint32_t>(tail.size())).raw(tail);
    m.u32(static_cast<std::uint32_t>(what.session.channels.size()));
    for (const std::string& channel : what.session.channels)
        m.text(channel);
}

std::optional<client_record> read_record(pgwire::bytes in)
{
    pgwire::frame_header h;
    if (pgwire::scan_header(in, h) != pgwire::scan_status::frame || h.type != record_type ||
        h.size() != in.size())
        return std::nullopt;
    pgwire::field_reader fields{in.subspan(pgwire::header_size)};
    client_record out;
    out.id = fields.u32();
    out.secret = fields.u32();
    out.backend = fields.text();
    out.user = fields.text();
    out.settings = read_settings(fields);
    if (fields.u32() != 0)
        out.startup_settings = read_settings(fields);
    for (std::uint32_t left = fields.u32(); left > 0 && fields.ok(); --left) {
        std::string name{fields.text()};
        const pgwire::bytes tail = fields.raw(fields.u32());
        out.session.statements.emplace_back(std::move(name), pgwire::as_text(tail));
    }
    for (std::uint32_t left = fields.u32(); left > 0 && fields.ok(); --left)
        out.session.channels.emplace_back(fields.text());
    return fields.at_end() ? std::optional{std::move(out)} : std::nullopt;
}

} // namespace weir
