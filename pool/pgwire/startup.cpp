#include "pool/pgwire/startup.hpp"

namespace weir::pgwire {

namespace {

constexpr std::uint32_t request_code(std::uint32_t minor) { return 1234u << 16 | minor; }
constexpr std::uint32_t cancel_code = request_code(5678);
constexpr std::uint32_t ssl_code = request_code(5679);
constexpr std::uint32_t gss_code = request_code(5680);

bool parse_parameters(field_reader& in, startup_packet& out)
{
    out.parameters.clear();
    for (;;) {
        const std::string_view name = in.text();
        if (name.empty()) // the terminator, or a field that did not fit
            return in.at_end();
        const std::string_view value = in.text();
        out.parameters.emplace_back(name, value);
    }
}

} // namespace

std::string_view startup_packet::find(std::string_view name) const
{
    for (const auto& [key, value] : parameters)
        if (key == name)
            return value;
    return {};
}

scan_status parse_startup(bytes in, startup_packet& out)
{
    if (in.size() < 4)
        return scan_status::need_more;
    const std::uint32_t length = load_u32(in);
    if (length < 8 || length > startup_limit)
        return scan_status::malformed;
    if (in.size() < length)
        return scan_status::need_more;
    out.size = length;
    field_reader fields{in.subspan(4, length - 4)};
    out.version = fields.u32();
    switch (out.version) {
    case ssl_code: out.kind = startup_kind::ssl_request; return scan_status::frame;
    case gss_code: out.kind = startup_kind::gss_request; return scan_status::frame;
    case cancel_code:
        out.kind = startup_kind::cancel;
        out.process_id = fields.u32();
        out.secret = fields.u32();
        return fields.at_end() ? scan_status::frame : scan_status::malformed;
    default: break;
    }
    if (out.version >> 16 != 3) {
        out.kind = startup_kind::old_protocol;
        return scan_status::frame;
    }
    out.kind = startup_kind::startup;
    return parse_parameters(fields, out) ? scan_status::frame : scan_status::malformed;
}

} // namespace weir::pgwire
