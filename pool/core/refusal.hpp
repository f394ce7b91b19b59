// What a client is told that the pool cannot serve: the numbers one needs at 3 a.m.
#pragma once

#include "pool/core/error.hpp"
#include "pool/core/pool_settings.hpp"
#include "pool/core/pool_stats.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace weir {

struct pool_situation {
    pool_settings settings;
    pool_stats now;
    std::optional<std::chrono::milliseconds> longest_hold; // of the servers held now
    std::string oldest_holder;                             // by whom; empty = unknown
    std::optional<error> last_login_error;
};

std::string in_words(std::chrono::milliseconds time); // "30 s", "250 ms"

// 57P01: whoever runs weir has ended this connection, or what it was for; `detail` says how.
error by_administrator(std::string detail);

// It waited for `timeout`. Of a backend that is down (nothing is connected and the last login
// failed) it hears the server's own words and SQLSTATE, otherwise 53300.
error refusal_after_timeout(const pool_situation&);

// `max_waiting` clients wait already: 53300 at once.
error refusal_of_full_queue(const pool_situation&);

// As the queue moves, its turn would not come within `timeout`: 53300 at once.
error refusal_of_long_wait(const pool_situation&, std::chrono::milliseconds expected);

// For a client that waits on: a NOTICE with the same numbers.
error notice_of_waiting(const pool_situation&);

} // namespace weir
