// The console of a running weir, asked over the socket that it serves.
#pragma once

#include "config/settings.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/migrations/direct_connection.hpp"
#include "daemon/view/status_page.hpp"
#include "pool/core/error.hpp"

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace weir::commands {

// Nothing (a null pointer): nobody listens on the socket. An error: somebody does, but does not let
// us in, or it cannot be found out.
result<std::unique_ptr<direct_connection>> connect_to_console(const listen_settings& at,
                                                              std::string_view application_name,
                                                              std::stop_token stop);

// Likewise where these settings say that weir listens; nobody is an error, too: "no weir serves
// /run/weir/.s.PGSQL.5432", with what is wrong with the settings, if anything, since that may be
// why it was looked for there.
result<std::unique_ptr<direct_connection>> demand_console(const settings_options& from,
                                                          std::string_view application_name,
                                                          std::stop_token stop = {});

// A SHOW, which is answered at once: a weir that is silent for 10 s hangs, and that is the error.
result<view::answer>
ask(direct_connection& console, std::string_view show, const std::stop_token& stop = {});
result<view::pools_answer> ask_for_pools(direct_connection& console,
                                         const std::stop_token& stop = {});
result<view::holders_answer> ask_for_holders(direct_connection& console,
                                             const std::stop_token& stop = {});

} // namespace weir::commands
