// What a running weir's console shows, for programs: {"holders": [{column: value}, ...], ...}
#pragma once

#include "daemon/commands/json_document.hpp"
#include "daemon/migrations/direct_connection.hpp"
#include "pool/core/error.hpp"

#include <stop_token>

namespace weir::commands {

result<json> status_of(direct_connection& console, const std::stop_token& stop = {});
result<json> holders_of(direct_connection& console, const std::stop_token& stop = {});

} // namespace weir::commands
