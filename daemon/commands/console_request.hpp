// Asks the console of a running weir, over the socket that it serves, to do something.
#pragma once

#include "config/settings.hpp"
#include "daemon/migrations/direct_connection.hpp"
#include "pool/core/error.hpp"

#include <memory>
#include <stop_token>
#include <string>

namespace weir::commands {

// Nothing (a null pointer): nobody listens on the socket. An error: somebody does, but does not let
// us in, or it cannot be found out.
result<std::unique_ptr<direct_connection>> connect_to_console(const listen_settings& at,
                                                              std::stop_token stop);

} // namespace weir::commands
