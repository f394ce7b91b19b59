// Answers the console from what the daemon knows at that moment; what is about migrations is the
// gates' business.
#pragma once

#include "config/settings.hpp"
#include "daemon/console/host.hpp"
#include "daemon/console/show.hpp"
#include "daemon/gates.hpp"
#include "daemon/per_pool.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weir {

class console_host final : public console::host {
public:
    using time_point = std::chrono::steady_clock::time_point;

    struct sources {
        std::function<metrics_snapshot()> snapshot;
        std::function<console::sockets()> sockets;
        std::function<std::vector<console::memory>()> memory;
        std::function<std::map<std::string, std::vector<query_sums>>()> queries;
        std::function<const weir::settings&()> settings;
        std::function<bool()> is_suspended;
        std::function<bool()> has_unsent; // to a client or a server
    };
    enum class ending : std::uint8_t { now, after_servers, after_clients };

    struct deeds {
        // Of one backend or, with an empty name, of all. False: there is no such backend.
        using of_backend = std::function<bool(const std::string& backend)>;

        std::function<result<void>()> reload;
        std::function<result<void>(const std::string& path, const std::string& value)> set;
        of_backend pause;
        of_backend resume; // all of them: from a SUSPEND, too
        of_backend disable;
        of_backend enable;
        of_backend reconnect;
        of_backend kill;
        std::function<void()> suspend;
        std::function<bool(const std::string& ptr)> kill_client; // false: there is none
        std::function<void(ending how, console::reply)> shut_down;
    };

    console_host(sources from, deeds to_do, gates& migrations);

    void tick(time_point now);

    void carry_out(const console::command& what, console::reply to) override;

private:
    // What is answered when it has come true: PAUSE, SUSPEND, WAIT_CLOSE.
    struct pending {
        console::verb what;
        std::string backend; // empty: all
        console::reply to;
    };

    void
    on_backend(const deeds::of_backend& what, const console::command& asked, console::reply to);
    void wait_for(console::verb what, const std::string& backend, console::reply to);
    void answer_pending();
    std::optional<result<console::rows>> outcome_of(const pending& p, const metrics_snapshot& now);
    std::vector<console::pool_stats_row> stats_of(const metrics_snapshot& s, time_point now);
    console::stats_window& window(const backend_snapshot& b);

    sources from_;
    deeds do_;
    gates& gates_;
    time_point noted_;
    per_pool<console::stats_window> windows_;
    std::vector<pending> pending_;
};

} // namespace weir
