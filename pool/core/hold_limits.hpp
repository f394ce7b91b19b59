// How long a client may hold a server, and in what state: the limits, whose words they have, and a
// watch that says when one is passed.
#pragma once

#include "pool/core/error.hpp"
#include "pool/core/pool_settings.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

enum class hold_limit : std::uint8_t {
    none,
    query_timeout,            // one query has been running for so long
    idle_transaction_timeout, // the client has been silent within a transaction
    transaction_timeout,      // the transaction as a whole
};
inline constexpr std::size_t hold_limit_count = 4;

std::string_view to_string(hold_limit limit);
std::chrono::milliseconds value_of(hold_limit limit, const pool_settings& settings);

// For the client whose query is cancelled by it: 57014.
error cancelled_by(hold_limit limit, const pool_settings& settings);
// For the client that has lost its transaction by it: 25P03, 25P04.
error rolled_back_by(hold_limit limit, const pool_settings& settings);
// For the client that is sent away, since its query went on for `grace` after the cancel.
error disconnected_by(hold_limit limit, std::chrono::milliseconds grace);

// Looks at a held server now and then, and knows by its counts what has happened in between. So it
// costs nothing while messages flow, and is late by no more than the time between two looks.
class hold_watch {
public:
    using time_point = std::chrono::steady_clock::time_point;

    struct sight {
        bool busy;                  // the server owes an answer
        bool in_transaction;        // it is busy, or more is expected of the client
        std::uint64_t answers;      // so far, of any kind
        std::uint64_t transactions; // that have ended so far
    };

    hold_limit look(const sight& now_seen, const pool_settings& settings, time_point now);

private:
    sight seen_{false, false, UINT64_MAX, UINT64_MAX};
    time_point state_since_{};
    time_point transaction_since_{};
};

} // namespace weir
