// PURE. What has happened lately, told by the difference between two snapshots: nobody has to
// report it, and it costs the relay nothing. A bounded number; what repeats is counted.
#pragma once

#include "daemon/metrics_snapshot.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace weir::status {

enum class severity : std::uint8_t { good, info, warning, bad };
std::string_view to_string(severity s);

struct event {
    std::chrono::system_clock::time_point at = {}; // the last time
    std::string backend = {};                      // empty: weir itself
    severity level = severity::info;
    std::string what = {};
    std::string detail = {}; // a server's own words, or a setting's name
    std::uint64_t times = 1;
};

// In no particular order; `at` is left to the caller.
std::vector<event> events_between(const metrics_snapshot& before, const metrics_snapshot& after);

class event_history {
public:
    static constexpr std::size_t most = 50;
    static constexpr std::chrono::seconds same_again{60}; // later it is another event

    void note(std::chrono::system_clock::time_point at, event what);
    const std::deque<event>& all() const { return events_; } // the latest first

private:
    std::deque<event> events_;
};

} // namespace weir::status
