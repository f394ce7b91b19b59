#include "daemon/status/event_history.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace weir::status {
namespace {

class comparison {
public:
    explicit comparison(std::string backend) : backend_(std::move(backend)) {}

    void
    say(severity level, std::string_view what, std::string detail = {}, std::uint64_t times = 1)
    {
        found_.push_back({.backend = backend_,
                          .level = level,
                          .what = std::string{what},
                          .detail = std::move(detail),
                          .times = times});
    }

    void count(severity level,
               std::string_view what,
               std::uint64_t before,
               std::uint64_t after,
               std::string detail = {})
    {
        if (after > before)
            say(level, what, std::move(detail), after - before);
    }

    std::vector<event> take() && { return std::move(found_); }

private:
    std::string backend_;
    std::vector<event> found_;
};

void compare_gates(comparison& c, const migration_status& before, const migration_status& after)
{
    c.count(severity::info, "revision applied", before.applied, after.applied);
    c.count(severity::bad,
            "migrations failed",
            before.failures,
            after.failures,
            after.failed_revision);
    if (before.is_open && !after.is_open)
        c.say(severity::warning, "gate closed", std::string{to_string(after.is)});
    else if (!before.is_open && after.is_open)
        c.say(severity::good, "gate opened");
}

// Of a backend that was not there before it is told whether it is down.
backend_snapshot unknown(const backend_snapshot& now)
{
    backend_snapshot then = now;
    then.down_because.clear();
    return then;
}

const backend_snapshot* find(const metrics_snapshot& in, const std::string& backend)
{
    const auto found = std::ranges::find(in.backends, backend, &backend_snapshot::name);
    return found == in.backends.end() ? nullptr : &*found;
}

std::vector<event> compare(const backend_snapshot& before, const backend_snapshot& after)
{
    comparison c{after.name};
    const bool was_unknown = !before.is_up && before.down_because.empty();
    if (!after.is_up && (before.is_up || (was_unknown && !after.down_because.empty())))
        c.say(severity::bad, "backend is down", after.down_because);
    else if (!before.is_up && after.is_up)
        c.say(severity::good, "backend is up");
    if (before.is_paused != after.is_paused)
        c.say(severity::info, after.is_paused ? "paused" : "resumed");
    if (before.is_disabled != after.is_disabled)
        c.say(severity::info, after.is_disabled ? "disabled" : "enabled");
    const pool_stats& was = before.pool;
    const pool_stats& is = after.pool;
    c.count(severity::bad, "login failed", was.logins_failed, is.logins_failed, after.down_because);
    c.count(severity::warning, "no connection came free in time", was.timeouts, is.timeouts);
    c.count(severity::warning, "client turned away at once", was.turned_away, is.turned_away);
    c.count(severity::warning,
            "connection lost",
            was.closed(close_reason::error),
            is.closed(close_reason::error));
    c.count(severity::info,
            "connection replaced",
            was.closed(close_reason::reconnect),
            is.closed(close_reason::reconnect));
    for (std::size_t i = 0; i < hold_limit_count; ++i)
        c.count(severity::warning,
                "client stopped by a limit",
                before.traffic.limits[i],
                after.traffic.limits[i],
                std::string{to_string(static_cast<hold_limit>(i))});
    compare_gates(c, before.migrations, after.migrations);
    return std::move(c).take();
}

} // namespace

std::string_view to_string(severity s)
{
    constexpr std::array<std::string_view, 4> names{"good", "info", "warning", "bad"};
    return names[static_cast<std::size_t>(s)];
}

std::vector<event> events_between(const metrics_snapshot& before, const metrics_snapshot& after)
{
    comparison whole{{}};
    whole.count(severity::info, "settings reloaded", before.reloads.done, after.reloads.done);
    whole.count(severity::bad, "settings refused", before.reloads.refused, after.reloads.refused);
    if (before.closed_because != after.closed_because)
        whole.say(severity::info, after.closed_because.empty() ? "serving" : after.closed_because);
    std::vector<event> all = std::move(whole).take();
    for (const backend_snapshot& now : after.backends) {
        const backend_snapshot* const then = find(before, now.name);
        if (!then && now.is_session_lane)
            continue; // it is there from its first server on
        if (!then)
            all.push_back({.backend = now.name, .what = "backend added"});
        for (event& e : compare(then ? *then : unknown(now), now))
            all.push_back(std::move(e));
    }
    for (const backend_snapshot& then : before.backends)
        if (!then.is_session_lane && !find(after, then.name))
            all.push_back({.backend = then.name, .what = "backend removed"});
    return all;
}

void event_history::note(std::chrono::system_clock::time_point at, event what)
{
    what.at = at;
    const auto same = std::ranges::find_if(events_, [&](const event& e) {
        return e.backend == what.backend && e.what == what.what && e.detail == what.detail;
    });
    if (same != events_.end() && at - same->at < same_again) {
        what.times += same->times;
        events_.erase(same);
    }
    events_.push_front(std::move(what));
    if (events_.size() > most)
        events_.pop_back();
}

} // namespace weir::status
