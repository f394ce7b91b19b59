// PURE. What went through a pool, as SHOW STATS has it: since the start, and on average. Names and
// units are PgBouncer's.
#pragma once

#include "daemon/metrics_snapshot.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir::console {

struct stats {
    // In the order of the columns; times in microseconds.
    enum figure : std::uint8_t {
        xact_count,
        query_count,
        bytes_received, // from clients
        bytes_sent,     // to clients
        xact_time,      // transactions lasted that are over, once they had a server
        query_time,     // servers had something to do
        wait_time,      // clients waited for a server
    };
    static constexpr std::size_t figures = 7;

    std::array<std::uint64_t, figures> values{};

    std::uint64_t operator[](figure f) const { return values[f]; }
    std::uint64_t& operator[](figure f) { return values[f]; }
    friend bool operator==(const stats&, const stats&) = default;
};

stats totals_of(const backend_snapshot& b);

// Averages over the last whole period and what has gone by of this one: counts, bytes and wait_time
// by the second, xact_time and query_time by the transaction and the query.
class stats_window {
public:
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds period{60};

    explicit stats_window(time_point start) : older_{start, {}}, newer_{start, {}} {}

    void note(time_point now, const stats& totals); // at least once a period
    stats recent(const stats& totals) const;        // what went through in that time
    stats averages(time_point now, const stats& totals) const;

private:
    struct sample {
        time_point at;
        stats totals;
    };

    sample older_;
    sample newer_;
};

} // namespace weir::console
