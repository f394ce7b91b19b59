// Turns libpq's words about a failed login into weir's error.
#pragma once

#include "pool/core/error.hpp"

#include <string_view>

namespace weir::postgres {

// `words` is PQerrorMessage of a connection whose verbosity is PQERRORS_VERBOSE: only then it holds
// the server's SQLSTATE. There may be several lines, one for each host and attempt; they become one
// message, and the last SQLSTATE stands for all of them. What libpq found out by itself (nobody
// listens, a wrong certificate) has none and becomes 08001, or 08006 when the server hung up.
error server_error(std::string_view words);

} // namespace weir::postgres
