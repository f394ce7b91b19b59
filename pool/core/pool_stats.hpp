// What a pool has to say for the metrics page, SHOW POOLS and the timeout's DETAIL.
#pragma once

#include "pool/core/histogram.hpp"
#include "pool/core/server_state.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace weir {

struct pool_stats {
    // Now.
    unsigned size = 0;     // as set; 0 = no limit
    int max_overflow = 0;  // as set; -1 = no limit
    unsigned min_idle = 0; // as set
    unsigned idle = 0;
    unsigned active = 0;
    unsigned pinned = 0; // held as well, between transactions too
    unsigned connecting = 0;
    unsigned resetting = 0; // being reset or pinged
    unsigned waiting = 0;
    std::optional<std::chrono::steady_clock::time_point> waiting_since; // of the first in the queue

    unsigned total() const { return idle + active + pinned + connecting + resetting; }

    // Since the start.
    std::uint64_t grants = 0;
    std::uint64_t timeouts = 0;    // waiters refused at their deadline
    std::uint64_t turned_away = 0; // refused at once: the queue was full, or the pool was shut
    std::uint64_t gave_up = 0;     // waiters that left by themselves
    std::uint64_t logins_ok = 0;
    std::uint64_t logins_failed = 0;
    std::uint64_t pings = 0;
    std::uint64_t resets = 0;
    std::array<std::uint64_t, close_reason_count> closes{};

    std::uint64_t& closed(close_reason why) { return closes[static_cast<std::size_t>(why)]; }
    std::uint64_t closed(close_reason why) const { return closes[static_cast<std::size_t>(why)]; }

    histogram checkout_seconds; // from acquire to the grant
    histogram hold_seconds;     // from the grant to release or abandon, or to its being pinned
    histogram connect_seconds;  // of logins that succeeded
};

} // namespace weir
