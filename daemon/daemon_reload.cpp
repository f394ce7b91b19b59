// Settings that change while it runs.
#include "config/change_setting.hpp"
#include "config/changes.hpp"
#include "config/print.hpp"
#include "daemon/accounts.hpp"
#include "daemon/daemon.hpp"
#include "daemon/log.hpp"
#include "daemon/log_options.hpp"

#include <algorithm>

namespace weir {

using std::chrono::steady_clock;

void daemon::on_hangup()
{
    hangups_.async_wait([this](const boost::system::error_code& failed, int) {
        if (failed)
            return;
        reload_settings(); // what is wrong is in the log
        on_hangup();
    });
}

result<void> daemon::reload_settings()
{
    gates_.begin_reload();
    const auto fresh = reread_();
    auto done = fresh ? reload(*fresh) : fresh.error();
    note_reload(done.has_value());
    gates_.end_reload();
    if (done)
        return done;
    error why = done.error();
    log::error("the settings stay as they are",
               {{"error", why.message}, {"complaints", why.detail}});
    why.hint = "The old settings stay.";
    return why;
}

void daemon::note_reload(bool done)
{
    ++(done ? reloads_.done : reloads_.refused);
    reloads_.last_was_refused = !done;
    if (done)
        reloads_.in_use_since = std::chrono::system_clock::now();
}

result<void> daemon::set(const std::string& path, const std::string& value)
{
    if (!is_changeable(settings_, path)) {
        const auto all = list(settings_);
        if (std::ranges::find(all, path, &listed_setting::path) == all.end())
            return error{"42704",
                         "unrecognized configuration parameter \"" + path + "\"",
                         {},
                         "SHOW CONFIG lists them."};
        return error{"55P02",
                     "parameter \"" + path + "\" cannot be changed now",
                     {},
                     "Write it to the settings file; RELOAD applies it, or says that it needs a "
                     "restart."};
    }
    const auto changed = change_setting(settings_, path, value);
    if (!changed)
        return error{"22023", to_text(changed.error().front())};
    return reload(*changed);
}

// Who may connect, how many of them and for how long; an error: all stays as it was.
result<void> daemon::admit(const settings& fresh)
{
    auto allowed = allowed_clients(fresh);
    if (!allowed)
        return allowed.error();
    auto known = operators(fresh);
    if (!known)
        return known.error();
    allowed_ = std::move(*allowed);
    operators_ = std::move(*known);
    settings_.listen.allow = fresh.listen.allow;
    settings_.admin = fresh.admin;
    settings_.max_client_conn = fresh.max_client_conn;
    settings_.client_login_timeout = fresh.client_login_timeout;
    settings_.client_idle_timeout = fresh.client_idle_timeout;
    settings_.shutdown_timeout = fresh.shutdown_timeout;
    relay_.reload(
        {.max_client_conn = settings_.max_client_conn,
         .client_login_timeout = settings_.client_login_timeout,
         .client_idle_timeout = settings_.client_idle_timeout,
         .is_allowed =
             [this](const peer& who) {
                 return allowed_.empty() || allowed_.has(who, steady_clock::now());
             },
         .is_operator =
             [this](const peer& who) { return operators_.has(who, steady_clock::now()); }});
    return {};
}

// Where the daemon listens and how it logs needs a restart, and says so; all else applies from now
// on. An error: nothing has changed.
result<void> daemon::reload(const settings& fresh)
{
    const settings_changes changes = compare(settings_, fresh);
    const auto opened = backend_pools::open(changes, fresh.backends);
    if (!opened)
        return opened.error();
    if (auto admitted = admit(fresh); !admitted)
        return admitted;
    for (const std::string& path : changes.restart)
        log::warning("a changed setting needs a restart", {{"setting", path}});
    settings_.backends = fresh.backends;
    started_with_.insert(changes.added.begin(), changes.added.end());
    pools_.change(changes, settings_.backends, *opened);
    for (const std::string& name : changes.removed)
        for (const char* lane : {"", ":session"})
            queries_.forget(name + lane);
    note_stopped_pools();
    warn_of_hidden_console();
    for (const backend_settings& s : settings_.backends)
        if (changes.retuned.contains(s.name)) {
            pools_.retune(s.name, effective(s));
            log::info("pool settings changed", {{"backend", s.name}});
        }
    budgets_.ask_again();
    settings_.log.level = fresh.log.level;
    log::set_least(log_options(fresh.log).least);
    relay_.tick(steady_clock::now());
    log::info("settings reloaded");
    for (const backend_settings& s : settings_.backends)
        if (!changes.added.contains(s.name) && !changes.readdressed.contains(s.name))
            gates_.reload(s);
    return {};
}

} // namespace weir
