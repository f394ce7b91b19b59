// Answers the console from what the daemon knows at that moment; what is about migrations is the
// gates' business.
#pragma once

#include "config/settings.hpp"
#include "daemon/console/host.hpp"
#include "daemon/console/show.hpp"
#include "daemon/gates.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weir {

class console_host final : public console::host {
public:
    using time_point = std::chrono::steady_clock::time_point;

    struct sources {
        std::function<metrics_snapshot()> snapshot;
        std::function<console::sockets()> sockets;
        std::function<const weir::settings&()> settings;
    };
    struct deeds {
        std::function<result<void>()> reload;
        std::function<bool(const std::string& backend)> reconnect; // empty: all; false: no such
        std::function<bool(const std::string& ptr)> kill_client;   // false: there is none
    };

    console_host(sources from, deeds to_do, gates& migrations);

    void tick(time_point now); // for the averages of SHOW STATS

    void carry_out(const console::command& what, console::reply to) override;

private:
    std::vector<console::pool_stats_row> stats_of(const metrics_snapshot& s, time_point now);
    console::stats_window& window(const std::string& backend);

    sources from_;
    deeds do_;
    gates& gates_;
    time_point started_;
    time_point noted_;
    std::map<std::string, console::stats_window> windows_; // by backend
};

} // namespace weir
