// PURE. What a pool's counters were a few minutes ago, so that a page can say what is going on now
// rather than what has gone on since the start.
#pragma once

#include "daemon/metrics_snapshot.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace weir::status {

// Seconds; nothing where nothing was measured.
struct percentiles {
    std::uint64_t count = 0;
    std::optional<double> p50 = {};
    std::optional<double> p95 = {};
    std::optional<double> p99 = {};
};

struct recent_figures {
    double seconds = 0; // that the figures are about
    double transactions_per_second = 0;
    double queries_per_second = 0;
    std::uint64_t errors = 0;  // sent to clients
    std::uint64_t refused = 0; // clients that got no connection, of whose wait nothing else tells
    percentiles checkout = {};
    percentiles hold = {};
    percentiles transaction = {};
    std::vector<double> rates = {}; // transactions per second, step by step, oldest first
};

class pool_history {
public:
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds step{10};
    static constexpr std::chrono::seconds window{300};

    void note(time_point now, const backend_snapshot& b); // as often as one likes

    // From the oldest of what is kept to `b`, which is now.
    recent_figures recent(time_point now, const backend_snapshot& b) const;

private:
    struct sample {
        time_point at;
        histogram checkout;
        histogram hold;
        histogram transaction;
        std::uint64_t queries;
        std::uint64_t errors;
        std::uint64_t refused;
    };
    static sample take(time_point at, const backend_snapshot& b);

    std::deque<sample> samples_; // a step apart, oldest first
};

} // namespace weir::status
