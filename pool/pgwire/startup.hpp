// The first packets of a connection, which have no type byte: SSLRequest, GSSENCRequest,
// CancelRequest and StartupMessage. (PostgreSQL documentation, 55.7; 55.2.1 for the order.)
#pragma once

#include "pool/pgwire/frame.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::pgwire {

inline constexpr std::uint32_t startup_limit = 10'000; // bytes, as in PostgreSQL
inline constexpr std::uint32_t protocol_3_0 = 3u << 16;

enum class startup_kind : std::uint8_t {
    ssl_request,  // answered 'N': the socket is local
    gss_request,  // likewise
    cancel,       // process_id and secret say whose query
    startup,      // parameters, user among them
    old_protocol, // a major version other than 3
};

struct startup_packet {
    startup_kind kind{};
    std::size_t size = 0; // bytes of the packet
    std::uint32_t version = 0;
    std::uint32_t process_id = 0;
    std::uint32_t secret = 0;
    std::vector<std::pair<std::string_view, std::string_view>> parameters; // views into the packet

    std::string_view find(std::string_view name) const; // empty when absent
};

// Reads one packet at the front of `in`. malformed is known as early as the length word: an HTTP
// request or a TLS hello is one.
scan_status parse_startup(bytes in, startup_packet& out);

} // namespace weir::pgwire
