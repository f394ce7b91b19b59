#include "daemon/console_host.hpp"

#include "config/print.hpp"
#include "daemon/version.hpp"

namespace weir {

using namespace console;
using std::chrono::steady_clock;
using std::chrono::system_clock;

namespace {

rows config_of(const settings& in_use)
{
    rows made;
    for (const listed_setting& s : list(in_use))
        made.push_back({s.path,
                        s.value,
                        s.default_value.empty() ? std::nullopt : std::optional{s.default_value},
                        s.is_live ? "yes" : "no"});
    return made;
}

} // namespace

console_host::console_host(sources from, deeds to_do, gates& migrations)
    : from_(std::move(from)), do_(std::move(to_do)), gates_(migrations),
      started_(steady_clock::now()), noted_(started_)
{
}

stats_window& console_host::window(const std::string& backend)
{
    return windows_.try_emplace(backend, started_).first->second;
}

void console_host::tick(time_point now)
{
    if (now - noted_ < stats_window::period)
        return;
    noted_ = now;
    for (const backend_snapshot& b : from_.snapshot().backends)
        window(b.name).note(now, totals_of(b));
}

std::vector<pool_stats_row> console_host::stats_of(const metrics_snapshot& s, time_point now)
{
    std::vector<pool_stats_row> out;
    for (const backend_snapshot& b : s.backends) {
        const stats totals = totals_of(b);
        out.push_back({b.name, totals, window(b.name).averages(now, totals)});
    }
    return out;
}

void console_host::carry_out(const command& what, reply to)
{
    const time_point now = steady_clock::now();
    switch (what.verb) {
    case verb::show_help: return to.done(help());
    case verb::show_version: return to.done(rows{{"weir " + std::string(version())}});
    case verb::show_pools: return to.done(show_pools(from_.snapshot(), now));
    case verb::show_databases: return to.done(show_databases(from_.snapshot()));
    case verb::show_stats: return to.done(show_stats(stats_of(from_.snapshot(), now)));
    case verb::show_stats_totals:
        return to.done(show_stats_totals(stats_of(from_.snapshot(), now)));
    case verb::show_stats_averages:
        return to.done(show_stats_averages(stats_of(from_.snapshot(), now)));
    case verb::show_totals: return to.done(show_totals(stats_of(from_.snapshot(), now)));
    case verb::show_lists: return to.done(show_lists(from_.snapshot()));
    case verb::show_users: return to.done(show_users(from_.snapshot()));
    case verb::show_state: return to.done(show_state(from_.snapshot()));
    case verb::show_config: return to.done(config_of(from_.settings()));
    case verb::show_clients: return to.done(show_clients(from_.sockets(), system_clock::now()));
    case verb::show_servers: return to.done(show_servers(from_.sockets(), system_clock::now()));
    case verb::show_sockets:
    case verb::show_active_sockets:
        return to.done(show_sockets(from_.sockets(),
                                    system_clock::now(),
                                    what.verb == verb::show_active_sockets));
    case verb::show_waiters: return to.done(show_waiters(from_.sockets()));
    case verb::show_holders: return to.done(show_holders(from_.sockets()));
    case verb::show_pins: return to.done(show_pins(from_.sockets()));
    case verb::show_dns_hosts: // libpq looks names up by itself, at each login
    case verb::show_dns_zones: return to.done(rows{});
    case verb::show_migrations: return to.done(show_migrations(gates_.statuses()));
    case verb::migrate: return gates_.migrate(what.wish, std::move(to));
    case verb::reload: {
        const auto done = do_.reload();
        return to.done(done ? result<rows>{rows{}} : done.error());
    }
    case verb::reconnect:
        if (do_.reconnect(what.subject))
            return to.done(rows{});
        return to.done(error{"3D000", "there is no backend \"" + what.subject + "\""});
    case verb::kill_client:
        if (do_.kill_client(what.subject))
            return to.done(rows{});
        return to.done(error{"42704",
                             "there is no client \"" + what.subject + "\"",
                             {},
                             "SHOW CLIENTS has its ptr."});
    case verb::nothing:
    case verb::courtesy: break; // the session answers them
    }
}

} // namespace weir
