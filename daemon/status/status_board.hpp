// PURE. What the status page knows beyond the moment: the last minutes of each pool, and what has
// happened. Told of a snapshot now and then; belongs to one thread.
#pragma once

#include "daemon/console/sockets.hpp"
#include "daemon/metrics_snapshot.hpp"
#include "daemon/per_pool.hpp"
#include "daemon/status/event_history.hpp"
#include "daemon/status/pool_history.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::status {

// One moment, and those who hold a server in it.
struct moment {
    std::chrono::steady_clock::time_point now = {};
    std::chrono::system_clock::time_point today = {}; // the same, for people
    std::string host = {};                            // whose weir it is
    std::string_view version = {};
    metrics_snapshot numbers = {};
    std::vector<console::socket> held = {};
};

class board {
public:
    void note(const moment& m); // about once a second

    recent_figures recent(const moment& m, const backend_snapshot& b) const;
    const event_history& events() const { return events_; }

private:
    std::optional<metrics_snapshot> last_;
    per_pool<pool_history> pools_;
    event_history events_;
};

// What the page shows, as JSON. Nothing in it is a statement's text, or a password.
std::string to_json(const board& known, const moment& m);

} // namespace weir::status
