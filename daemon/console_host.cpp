#include "daemon/console_host.hpp"

#include "config/print.hpp"
#include "daemon/version.hpp"

#include <algorithm>

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
                        s.is_changeable ? "yes" : "no"});
    made.push_back({"max_user_connections", "0", "0", "no"}); // PgBouncer's: weir has no such limit
    return made;
}

error no_backend(const settings& in_use, const std::string& name)
{
    std::string known;
    for (const backend_settings& b : in_use.backends)
        known += (known.empty() ? "" : ", ") + b.name;
    return {"3D000", "there is no backend \"" + name + "\"", {}, "There are: " + known + "."};
}

// An alias stands for its backend.
std::string backend_called(const settings& in_use, const std::string& name)
{
    for (const backend_settings& b : in_use.backends)
        if (std::ranges::find(b.aliases, name) != b.aliases.end())
            return b.name;
    return name;
}

// PgBouncer, too, resumes a database by its name only from a PAUSE.
error suspended(const std::string& backend)
{
    return {"55000",
            "backend \"" + backend + "\" is suspended with all others",
            {},
            "RESUME without a name, or weir resume, ends it."};
}

result<rows> as_rows(const result<void>& done)
{
    return done ? result<rows>{rows{}} : done.error();
}

// With an empty name, every one. A lane's backend is its pool's: "main:session" goes with "main".
bool is_part_of(const backend_snapshot& b, const std::string& name)
{
    return name.empty() || b.name == name || b.name == name + ":session";
}

} // namespace

console_host::console_host(sources from, deeds to_do, gates& migrations)
    : from_(std::move(from)), do_(std::move(to_do)), gates_(migrations), noted_(steady_clock::now())
{
}

stats_window& console_host::window(const backend_snapshot& b)
{
    return windows_.of(b, stats_window{b.made_at});
}

void console_host::tick(time_point now)
{
    if (!pending_.empty())
        answer_pending();
    if (now - noted_ < stats_window::period)
        return;
    noted_ = now;
    const metrics_snapshot all = from_.snapshot();
    for (const backend_snapshot& b : all.backends)
        window(b).note(now, totals_of(b));
    windows_.forget_all_but(all.backends);
}

std::vector<pool_stats_row> console_host::stats_of(const metrics_snapshot& s, time_point now)
{
    std::vector<pool_stats_row> out;
    for (const backend_snapshot& b : s.backends) {
        const stats totals = totals_of(b);
        const stats_window& w = window(b);
        out.push_back({b.name, totals, w.averages(now, totals), w.recent(totals)});
    }
    return out;
}

std::optional<result<rows>> console_host::outcome_of(const pending& p, const metrics_snapshot& now)
{
    const auto is_so = [&](bool backend_snapshot::*what, bool wanted) {
        return std::ranges::all_of(now.backends, [&](const backend_snapshot& b) {
            return !is_part_of(b, p.backend) || b.*what == wanted;
        });
    };
    const auto ended = [&](std::string_view until) {
        return error{"57014", "ended by a RESUME before " + std::string(until)};
    };
    switch (p.what) {
    case verb::pause:
        if (!is_so(&backend_snapshot::is_paused, true))
            return ended("all servers were free");
        return is_so(&backend_snapshot::is_quiet, true) ? std::optional{rows{}} : std::nullopt;
    case verb::suspend:
        if (!from_.is_suspended())
            return ended("all that had been read was sent");
        return from_.has_unsent() ? std::nullopt : std::optional{rows{}};
    default: // WAIT_CLOSE
        return is_so(&backend_snapshot::has_retired, false) ? std::optional{rows{}} : std::nullopt;
    }
}

void console_host::answer_pending()
{
    const metrics_snapshot now = from_.snapshot();
    std::erase_if(pending_, [&](const pending& p) {
        if (!p.to.is_awaited())
            return true;
        const auto outcome = outcome_of(p, now);
        if (outcome)
            p.to.done(*outcome);
        return outcome.has_value();
    });
}

void console_host::wait_for(verb what, const std::string& backend, reply to)
{
    pending_.push_back({what, backend, std::move(to)});
    answer_pending();
}

void console_host::on_backend(const deeds::of_backend& what, const command& asked, reply to)
{
    const std::string backend = backend_called(from_.settings(), asked.subject);
    if (!what(backend))
        return to.done(no_backend(from_.settings(), backend));
    if (asked.verb == verb::pause || asked.verb == verb::wait_close)
        return wait_for(asked.verb, backend, std::move(to));
    to.done(rows{});
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
    case verb::show_state: return to.done(show_state(from_.snapshot(), from_.is_suspended()));
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
    case verb::show_backends: return to.done(show_backends(from_.snapshot()));
    case verb::show_queries: return to.done(show_queries(from_.queries()));
    case verb::show_fds: return to.done(show_fds(from_.sockets()));
    case verb::show_mem: return to.done(show_mem(from_.memory()));
    case verb::reload: return to.done(as_rows(do_.reload()));
    case verb::set: return to.done(as_rows(do_.set(what.subject, what.value)));
    case verb::pause: return on_backend(do_.pause, what, std::move(to));
    case verb::resume:
        if (!what.subject.empty() && from_.is_suspended())
            return to.done(suspended(what.subject));
        return on_backend(do_.resume, what, std::move(to));
    case verb::disable: return on_backend(do_.disable, what, std::move(to));
    case verb::enable: return on_backend(do_.enable, what, std::move(to));
    case verb::reconnect: return on_backend(do_.reconnect, what, std::move(to));
    case verb::kill: return on_backend(do_.kill, what, std::move(to));
    case verb::suspend: do_.suspend(); return wait_for(what.verb, {}, std::move(to));
    case verb::wait_close: {
        const auto is_one = [this](const std::string& name) {
            const auto& all = from_.settings().backends;
            return name.empty() ||
                   std::ranges::find(all, name, &backend_settings::name) != all.end();
        };
        return on_backend(is_one, what, std::move(to));
    }
    case verb::kill_client:
        if (do_.kill_client(what.subject))
            return to.done(rows{});
        return to.done(error{"42704",
                             "there is no client \"" + what.subject + "\"",
                             {},
                             "SHOW CLIENTS has its ptr."});
    case verb::shut_down: return do_.shut_down(ending::now, std::move(to));
    case verb::shut_down_after_servers: return do_.shut_down(ending::after_servers, std::move(to));
    case verb::shut_down_after_clients: return do_.shut_down(ending::after_clients, std::move(to));
    case verb::nothing:
    case verb::courtesy: break; // the session answers them
    }
}

} // namespace weir
