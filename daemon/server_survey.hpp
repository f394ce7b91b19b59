// Asks a PostgreSQL server what the doctor wants to know of it, on a connection of its own, beside
// the pool's. Blocking code: never on the loop.
#pragma once

#include "config/settings.hpp"
#include "daemon/doctor/facts.hpp"
#include "pool/core/error.hpp"

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

namespace weir {

// `application_name` is whom pg_stat_activity shows meanwhile.
result<doctor::server_facts>
survey_server(const backend_settings& s, std::string_view application_name, std::stop_token stop);

// What the other backends on the same server (the same hosts in their URLs) may open; nothing: one
// of them has no limit.
std::optional<std::int64_t> siblings_of(const backend_settings& s,
                                        const std::vector<backend_settings>& all);

} // namespace weir
