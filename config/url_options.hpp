// The options a database URL may carry (`?sslmode=require&...`), and what each one's value must be.
#pragma once

#include "config/database_url.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

// Checks the query's options, in order, and files each where it belongs in `url`: options that
// stand for a piece of the URL (host, port, user, password, dbname) replace that piece. Returns a
// problem for each option that is wrong.
std::vector<std::string> apply_url_options(option_list given, database_url& url);

// "h1", "h1:5433", "[::1]:5433", "/socket/dir" -> host and port; false when the port is none.
bool parse_host(std::string_view text, host_address& out);

} // namespace weir
