// What PgBouncer's SHOW commands say, of weir's pools.
#include "daemon/console/cells.hpp"
#include "daemon/console/show.hpp"

#include <algorithm>
#include <set>

namespace weir::console {
namespace {

std::string pool_mode(const backend_snapshot& b)
{
    return b.is_session_lane ? "session" : "transaction";
}

// What a client meets.
std::string_view admission_of(const metrics_snapshot& now, const backend_snapshot& b)
{
    if (!now.closed_because.empty())
        return now.closed_because;
    if (!b.migrations.is_open)
        return "closed";
    if (b.is_disabled)
        return "disabled";
    return b.is_paused ? "paused" : "served";
}

row named(const std::string& name, const stats& figures)
{
    row made{name};
    for (const std::uint64_t value : figures.values)
        made.push_back(text(value));
    return made;
}

} // namespace

rows show_pools(const metrics_snapshot& now, std::chrono::steady_clock::time_point at)
{
    rows made;
    for (const backend_snapshot& b : now.backends) {
        const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(
            b.pool.waiting_since ? at - *b.pool.waiting_since : at - at);
        const auto microseconds =
            static_cast<std::uint64_t>(std::max<std::int64_t>(waited.count(), 0));
        made.push_back({b.name,
                        b.address.user,
                        text(b.clients - std::min<std::uint64_t>(b.clients, b.pool.waiting)),
                        text(b.pool.waiting),
                        "0", // a cancel request waits for nothing
                        "0",
                        text(b.pool.active + b.pool.pinned),
                        "0",
                        "0",
                        text(b.pool.idle),
                        "0",
                        text(b.pool.resetting),
                        text(b.pool.connecting),
                        text(microseconds / 1'000'000),
                        text(microseconds % 1'000'000),
                        pool_mode(b)});
    }
    return made;
}

rows show_databases(const metrics_snapshot& now)
{
    rows made;
    for (const backend_snapshot& b : now.backends) {
        const bool has_limit = b.pool.size > 0 && b.pool.max_overflow >= 0;
        const auto overflow = static_cast<unsigned>(std::max(b.pool.max_overflow, 0));
        made.push_back({b.name,
                        unless_empty(b.address.host),
                        text(b.address.port),
                        b.address.database,
                        unless_empty(b.address.user),
                        text(b.pool.size),
                        text(b.pool.min_idle),
                        text(overflow),
                        pool_mode(b),
                        has_limit ? text(b.pool.size + overflow) : "0",
                        text(b.pool.total()),
                        b.is_paused ? "1" : "0",
                        b.is_disabled ? "1" : "0"});
    }
    return made;
}

rows show_stats(std::span<const pool_stats_row> pools)
{
    rows made;
    for (const pool_stats_row& p : pools) {
        row both = named(p.database, p.totals);
        const row averages = named({}, p.averages);
        both.insert(both.end(), averages.begin() + 1, averages.end());
        made.push_back(std::move(both));
    }
    return made;
}

rows show_stats_totals(std::span<const pool_stats_row> pools)
{
    rows made;
    for (const pool_stats_row& p : pools)
        made.push_back(named(p.database, p.totals));
    return made;
}

rows show_stats_averages(std::span<const pool_stats_row> pools)
{
    rows made;
    for (const pool_stats_row& p : pools)
        made.push_back(named(p.database, p.averages));
    return made;
}

rows show_totals(std::span<const pool_stats_row> pools)
{
    static constexpr std::array<std::string_view, stats::figures> names{"xact_count",
                                                                        "query_count",
                                                                        "client_bytes",
                                                                        "server_bytes",
                                                                        "xact_time",
                                                                        "query_time",
                                                                        "wait_time"};
    const auto sum = [&](auto of) {
        std::uint64_t all = 0;
        for (const pool_stats_row& p : pools)
            all += of(p);
        return all;
    };
    stats totals;
    stats averages;
    for (std::size_t i = 0; i < stats::figures; ++i) {
        totals.values[i] = sum([i](const pool_stats_row& p) { return p.totals.values[i]; });
        averages.values[i] = sum([i](const pool_stats_row& p) { return p.averages.values[i]; });
    }
    const auto average = [&](stats::figure time, stats::figure count) { // over all that there were
        averages[time] =
            sum([=](const pool_stats_row& p) { return p.recent[time]; }) /
            std::max<std::uint64_t>(sum([=](const pool_stats_row& p) { return p.recent[count]; }),
                                    1);
    };
    average(stats::xact_time, stats::xact_count);
    average(stats::query_time, stats::query_count);
    rows made;
    for (std::size_t i = 0; i < stats::figures; ++i)
        made.push_back({"total_" + std::string(names[i]), text(totals.values[i])});
    for (std::size_t i = 0; i < stats::figures; ++i)
        made.push_back({"avg_" + std::string(names[i]), text(averages.values[i])});
    return made;
}

rows show_lists(const metrics_snapshot& now)
{
    const client_counts& c = now.clients;
    const std::uint64_t clients = c.active + c.waiting + c.idle;
    std::uint64_t servers = 0;
    std::uint64_t idle = 0;
    for (const backend_snapshot& b : now.backends) {
        servers += b.pool.total();
        idle += b.pool.idle;
    }
    return {{"databases", text(now.backends.size())},
            {"users", text(show_users(now).size())},
            {"pools", text(now.backends.size())},
            {"free_clients", text(c.limit - std::min(c.limit, clients))},
            {"used_clients", text(clients)},
            {"login_clients", text(c.login)},
            {"free_servers", text(idle)},
            {"used_servers", text(servers)}, // all, as PgBouncer counts them
            {"dns_names", "0"},
            {"dns_zones", "0"},
            {"dns_queries", "0"},
            {"dns_pending", "0"}};
}

rows show_users(const metrics_snapshot& now)
{
    std::set<std::string> names;
    for (const backend_snapshot& b : now.backends)
        if (!b.address.user.empty())
            names.insert(b.address.user);
    rows made;
    for (const std::string& name : names)
        made.push_back({name, std::nullopt});
    return made;
}

rows show_backends(const metrics_snapshot& now)
{
    rows made;
    for (const backend_snapshot& b : now.backends)
        made.push_back({b.name,
                        b.is_up ? "up" : "down",
                        unless_empty(b.down_because),
                        std::string(admission_of(now, b)),
                        unless_empty(b.migrations.error),
                        text(b.clients),
                        text(b.pool.waiting),
                        text(b.pool.active),
                        text(b.pool.pinned),
                        text(b.pool.idle),
                        text(b.pool.size),
                        std::to_string(b.pool.max_overflow),
                        std::to_string(b.listener_pid)});
    return made;
}

rows show_state(const metrics_snapshot& now, bool is_suspended)
{
    const bool is_paused = std::ranges::all_of(now.backends, &backend_snapshot::is_paused);
    return {{"active", is_paused || is_suspended ? "no" : "yes"},
            {"paused", is_paused ? "yes" : "no"},
            {"suspended", is_suspended ? "yes" : "no"}};
}

} // namespace weir::console
