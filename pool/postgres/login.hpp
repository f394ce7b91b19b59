// Drives libpq's login step by step, so that it has a time limit and can be stopped.
#pragma once

#include "pool/core/link.hpp"
#include "pool/postgres/connection.hpp"

#include <chrono>
#include <functional>
#include <stop_token>
#include <string_view>

namespace weir::postgres {

// What a server says while it lets us in: "WARNING: database "app" has a collation version
// mismatch".
using notice_handler = std::function<void(std::string_view notice)>;

// `options` are libpq's keywords and values. Blocks the calling thread; the limit holds for all but
// the resolver, since libpq calls getaddrinfo itself. With several hosts each gets its share of the
// time; connect_timeout, if given, limits a host's share further, as in libpq.
result<connection> log_in(const parameter_list& options,
                          std::chrono::milliseconds timeout,
                          std::stop_token stop,
                          const notice_handler& on_notice);

} // namespace weir::postgres
