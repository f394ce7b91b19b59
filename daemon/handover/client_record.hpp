// PURE. What the next weir has to know of an idle client to go on with it, as bytes.
#pragma once

#include "pool/pgwire/frame.hpp"
#include "pool/pgwire/session.hpp"
#include "pool/pgwire/session_settings.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace weir {

struct client_record {
    std::uint32_t id = 0; // its cancel key
    std::uint32_t secret = 0;
    std::string backend;
    std::string user;
    pgwire::settings_map settings;
    std::optional<pgwire::settings_map> startup_settings = {}; // nothing: the same, as mostly
    pgwire::session_state session;

    friend bool operator==(const client_record&, const client_record&) = default;
};

void write_record(std::string& out, const client_record& what);
std::optional<client_record> read_record(pgwire::bytes in); // nothing: it is not one

} // namespace weir
