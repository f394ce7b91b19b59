#include "daemon/daemon.hpp"

#include "config/change_setting.hpp"
#include "config/changes.hpp"
#include "daemon/access_list.hpp"
#include "daemon/backend_pools.hpp"
#include "daemon/budget_watch.hpp"
#include "daemon/client_store.hpp"
#include "daemon/console_host.hpp"
#include "daemon/control_pages.hpp"
#include "daemon/doctor/findings.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/gates.hpp"
#include "daemon/http_server.hpp"
#include "daemon/log.hpp"
#include "daemon/log_options.hpp"
#include "daemon/pool_runner.hpp"
#include "daemon/process.hpp"
#include "daemon/query_book.hpp"
#include "daemon/relay.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/unix_listener.hpp"
#include "daemon/version.hpp"

#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <set>

namespace weir {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto last_words = 100ms; // to be read before the end
constexpr auto drain_limit = 30s;
constexpr std::string_view listener_name = "weir-listener"; // as it is passed on
constexpr auto note_interval = 1s;

error killed() { return {"57P01", "terminating connection due to administrator command", "KILL"}; }

error paused(const std::string& backend)
{
    return {"57P03",
            "backend \"" + backend + "\" is paused",
            "An operator has said PAUSE, or KILL.",
            "RESUME on the console, or weir resume, ends it."};
}

// FileDescriptorName= of a socket unit says which protocol is spoken there. Without one systemd
// gives the unit's name, and other activators give none.
bool speaks_postgresql(const std::string& name)
{
    return name == "postgres" || name == "unknown" || name.ends_with(".socket");
}

class daemon {
public:
    using start_handler = std::function<void(const std::string& metrics_address)>;

    daemon(const settings& initial, const settings_reader& reread, start_handler started)
        : settings_(initial), reread_(reread), started_(std::move(started)), relay_(loop_, {}),
          gates_(loop_,
                 {.ready = [this] { started_(pages_ ? pages_->address() : std::string{}); },
                  .exit = [this](const error& why) { exit(why); }}),
          budgets_(loop_, settings_.backends, [this](const auto& backend) { on_budget(backend); }),
          console_(what_the_console_asks(), what_an_operator_does(), gates_),
          drained_(loop_.context()), watchdog_(loop_.context()),
          stops_(loop_.context(), SIGTERM, SIGINT), hangups_(loop_.context(), SIGHUP)
    {
    }

    result<void> start(bool takes_over);
    result<void> run(); // an error: it ended because of it

private:
    result<void> open_backends();
    void warn_of_hidden_console() const;
    result<void> take_what_is_passed(bool takes_over);
    result<void> inherit_listener();
    result<void> open_listeners();
    result<void> open_pages();
    result<void> admit(const settings& fresh);

    result<void> refuse_small_budgets();
    void on_budget(const std::string& backend);
    pool_settings effective(const backend_settings& s) const;

    void tick();
    void feed_watchdog(std::chrono::microseconds interval);
    void on_stop();
    void on_hangup();
    void drain();
    void hand_over();
    void take_back(); // nobody has taken over
    void pass_all();
    void stop_listening();
    void end_at_once();
    result<void> reload(const settings& fresh);
    result<void> reload_settings();
    void note_reload(bool done);
    bool each_pool(const std::string& backend,
                   std::string_view what,
                   const std::function<void(pool_runner&)>& call);
    void exit(const error& why);
    console_host::sources what_the_console_asks();
    console_host::deeds what_an_operator_does();
    result<void> set(const std::string& path, const std::string& value);
    void shut_down(console_host::ending how, console::reply to);
    bool is_over() const;
    void end();
    metrics_snapshot snapshot() const;
    status::moment moment() const; // without those who hold servers
    void note_moment(steady_clock::time_point now);
    console::sockets sockets();

    settings settings_;
    settings_reader reread_;
    start_handler started_;
    // One thread runs it and uses what belongs to it; others only post.
    event_loop loop_;
    std::vector<service_manager::passed_descriptor> passed_; // at the start
    takeover_door door_{loop_.context()};
    client_store store_; // outlives the relay, whose clients it keeps
    access_list allowed_;
    access_list operators_;
    std::vector<unix_listener> listeners_;
    backend_pools pools_{loop_, relay_, gates_, budgets_};
    relay relay_;
    gates gates_;
    budget_watch budgets_;
    query_book queries_;
    std::set<std::string> started_with_; // whose budget is known: no later one ends weir
    console_host console_;
    boost::asio::steady_timer drained_;
    boost::asio::steady_timer watchdog_;
    boost::asio::signal_set stops_;
    boost::asio::signal_set hangups_;
    const std::shared_ptr<status::board> known_ = std::make_shared<status::board>();
    steady_clock::time_point noted_{}; // the last moment
    std::optional<http_server> pages_;
    reload_counts reloads_{.in_use_since = std::chrono::system_clock::now()};
    bool draining_ = false;
    bool handing_over_ = false;
    bool waits_for_clients_ = false; // to leave by themselves, and ends then
    bool ending_ = false;            // and nothing is waited for
    std::vector<console::reply> told_at_the_end_;
    std::optional<error> ended_by_;
};

result<void> daemon::start(bool takes_over)
{
    if (auto taken = take_what_is_passed(takes_over); !taken)
        return taken;
    if (auto admitted = admit(settings_); !admitted)
        return admitted;
    for (auto step : {&daemon::open_backends,
                      &daemon::refuse_small_budgets,
                      &daemon::open_listeners,
                      &daemon::open_pages})
        if (auto done = (this->*step)(); !done)
            return done;
    on_stop();
    on_hangup();
    gates_.boot();
    tick();
    if (const auto interval = service_manager::watchdog_interval())
        feed_watchdog(*interval);
    return {};
}

// Who may connect, how many of them and for how long; an error: all stays as it was.
result<void> daemon::admit(const settings& fresh)
{
    const account_settings& allow = fresh.listen.allow;
    const account_settings& admin = fresh.admin;
    auto allowed = access_list::make("listen.allow", allow.users, allow.groups);
    if (!allowed)
        return allowed.error();
    auto operators = access_list::make("admin", admin.users, admin.groups);
    if (!operators)
        return operators.error();
    allowed_ = std::move(*allowed);
    operators_ = std::move(*operators);
    settings_.listen.allow = allow;
    settings_.admin = admin;
    settings_.max_client_conn = fresh.max_client_conn;
    settings_.client_login_timeout = fresh.client_login_timeout;
    settings_.client_idle_timeout = fresh.client_idle_timeout;
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

result<void> daemon::open_backends()
{
    settings before = settings_;
    before.backends.clear();
    const settings_changes all = compare(before, settings_);
    auto opened = backend_pools::open(all, settings_.backends);
    if (!opened)
        return opened.error();
    pools_.change(all, settings_.backends, *opened);
    warn_of_hidden_console();
    relay_.serve(console_);
    return {};
}

void daemon::warn_of_hidden_console() const
{
    for (const char* name : {"weir", "pgbouncer"})
        if (relay_.has_backend(name))
            log::warning("a backend has the name of the console, which cannot be reached by it",
                         {{"backend", name}});
}

error too_small(const std::string& backend, const doctor::finding& f)
{
    return {"53300", "backend \"" + backend + "\": " + f.what, {}, "To mend it, " + f.fix + "."};
}

// Before anybody is served. A server that is down is asked when it is up.
result<void> daemon::refuse_small_budgets()
{
    for (const backend_settings& s : settings_.backends) {
        if (s.pool.budget != budget_policy::refuse || s.url.kind != database_kind::postgresql)
            continue;
        const auto found = ask_for_budget(s, settings_.backends);
        if (found && !found->is_enough())
            return too_small(s.name, doctor::judge(s.name, s.pool, *found));
        if (found)
            started_with_.insert(s.name);
        else
            log::warning("the budget is looked at when the backend is up",
                         {{"backend", s.name}, {"error", found.error().message}});
    }
    return {};
}

void daemon::on_budget(const std::string& backend)
{
    const auto s = std::ranges::find(settings_.backends, backend, &backend_settings::name);
    const doctor::budget found = *budgets_.of(backend);
    const doctor::finding f = doctor::judge(backend, s->pool, found);
    if (found.is_enough()) {
        log::info("the budget is enough", {{"backend", backend}, {"budget", f.what}});
    } else if (s->pool.budget == budget_policy::refuse && !started_with_.contains(backend)) {
        return exit(too_small(backend, f));
    } else if (s->pool.budget != budget_policy::fit) {
        log_findings({f});
    } else {
        const pool_settings fitted = effective(*s);
        log::warning("the pool is made smaller, to fit the budget",
                     {{"backend", backend},
                      {"size", fitted.size},
                      {"max_overflow", fitted.max_overflow},
                      {"session_pool_size", fitted.session_pool_size},
                      {"because", f.what}});
    }
    started_with_.insert(backend);
    if (s->pool.budget == budget_policy::fit)
        pools_.retune(backend, effective(*s));
    relay_.tick(steady_clock::now());
}

// With budget = "fit", no more than the server has.
pool_settings daemon::effective(const backend_settings& s) const
{
    const auto found = budgets_.of(s.name);
    if (s.pool.budget != budget_policy::fit || !found)
        return s.pool;
    return doctor::fitted(s.pool, found->available);
}

// systemd's sockets, or our own.
result<void> daemon::open_listeners()
{
    if (settings_.keep_clients && service_manager::has_store())
        if (auto opened = store_.open(relay_); !opened)
            return opened.error();
    store_.take_up(passed_, relay_);
    if (auto inherited = inherit_listener(); !inherited)
        return inherited;
    for (const auto& socket : passed_) {
        if (!speaks_postgresql(socket.name))
            return error{"F0000",
                         "systemd passes a socket named \"" + socket.name +
                             "\", a protocol that this weir does not speak",
                         {},
                         "Give the socket unit FileDescriptorName=postgres, or stop it."};
        auto adopted = unix_listener::adopt(socket.descriptor);
        if (!adopted)
            return adopted.error();
        listeners_.push_back(std::move(*adopted));
    }
    if (listeners_.empty()) {
        const listen_settings& l = settings_.listen;
        auto opened = unix_listener::open(
            {.directory = l.socket_dir, .port = l.port, .mode = l.mode, .group = l.group});
        if (!opened)
            return opened.error();
        listeners_.push_back(std::move(*opened));
    }
    for (const unix_listener& l : listeners_)
        relay_.listen(l.descriptor());
    if (auto opened = door_.open(takeover_path(listeners_.front().path()),
                                 [this] {
                                     if (!draining_ && !handing_over_)
                                         hand_over();
                                 });
        !opened)
        log::warning("nobody can take over from here", {{"error", opened.error().message}});
    return {};
}

// What systemd has passed, or the weir that is taken over.
result<void> daemon::take_what_is_passed(bool takes_over)
{
    auto passed = service_manager::passed_descriptors();
    if (!passed)
        return passed.error();
    passed_ = std::move(*passed);
    if (!takes_over)
        return {};
    const listen_settings& l = settings_.listen;
    auto taken = take_over(takeover_path(listen_address{l.socket_dir, l.port}.path()));
    if (!taken)
        return taken.error();
    if (*taken)
        passed_.insert(passed_.end(), (*taken)->begin(), (*taken)->end());
    else
        log::info("there is no weir to take over from");
    return {};
}

// The socket that another weir has opened: first it, then its lock.
result<void> daemon::inherit_listener()
{
    const auto socket =
        std::ranges::find(passed_, listener_name, &service_manager::passed_descriptor::name);
    if (socket == passed_.end())
        return {};
    const auto lock = std::next(socket);
    if (lock == passed_.end() || lock->name != listener_name)
        return error{"F0000", "the weir that ran before has passed its socket without its lock"};
    const listen_settings& l = settings_.listen;
    auto inherited = unix_listener::inherit(
        socket->descriptor,
        lock->descriptor,
        {.directory = l.socket_dir, .port = l.port, .mode = l.mode, .group = l.group});
    if (!inherited)
        return inherited.error();
    listeners_.push_back(std::move(*inherited));
    passed_.erase(socket, std::next(lock));
    return {};
}

result<void> daemon::open_pages()
{
    if (!settings_.metrics)
        return {};
    const auto numbers = [this](std::function<void(metrics_snapshot)> reply) {
        loop_.post([this, reply = std::move(reply)] { reply(snapshot()); });
    };
    const auto with_holders = [this](std::function<void(status::moment)> reply) {
        loop_.post([this, reply = std::move(reply)] {
            status::moment m = moment();
            m.held = relay_.held();
            reply(std::move(m));
        });
    };
    std::vector<std::string> hosts = settings_.metrics_hosts;
    hosts.push_back(boost::asio::ip::host_name());
    auto started = http_server::start(
        settings_.metrics->address,
        settings_.metrics->port,
        {.handler = control_pages({.numbers = numbers, .moment = with_holders, .known = known_}),
         .hosts = http_hosts{std::move(hosts)}});
    if (!started)
        return started.error();
    pages_ = std::move(*started);
    return {};
}

result<void> daemon::run()
{
    loop_.run([this] { relay_.serve_sockets(); }, [this] { tick(); });
    ignore_signals_to_the_end();
    if (ended_by_)
        return *ended_by_;
    return {};
}

void daemon::tick()
{
    if (ending_)
        return;
    const auto now = steady_clock::now();
    relay_.tick(now);
    gates_.tick(now);
    budgets_.tick();
    console_.tick(now);
    store_.tick(relay_, now);
    pools_.tick(now);
    for (const auto* pools : {&pools_.all(), &pools_.lanes()})
        for (const auto& pool : *pools)
            if (query_samples seen = pool->take_samples(); !seen.taken.empty())
                queries_.add(pool->name(), std::move(seen));
    note_moment(now);
    if (handing_over_ && door_.is_left())
        take_back();
    if (is_over())
        end();
}

// For the status page, whose thread keeps what it needs of it.
void daemon::note_moment(steady_clock::time_point now)
{
    if (!pages_ || now - noted_ < note_interval)
        return;
    noted_ = now;
    pages_->post([known = known_, m = moment()] { known->note(m); });
}

status::moment daemon::moment() const
{
    return {.now = steady_clock::now(),
            .today = std::chrono::system_clock::now(),
            .host = boost::asio::ip::host_name(),
            .version = version(),
            .numbers = snapshot()};
}

// From the relay's own loop: a stuck loop is a stuck daemon, and systemd restarts it.
void daemon::feed_watchdog(std::chrono::microseconds interval)
{
    service_manager::alive();
    watchdog_.expires_after(interval);
    watchdog_.async_wait([this, interval](const boost::system::error_code& failed) {
        if (!failed)
            feed_watchdog(interval);
    });
}

void daemon::on_stop()
{
    stops_.async_wait([this](const boost::system::error_code& failed, int signal) {
        if (failed)
            return;
        log::info("stopping",
                  {{"signal", signal}, {"clients", relay_.clients()}, {"at_once", draining_}});
        if (draining_ || handing_over_)
            return end_at_once();
        if (signal == SIGTERM && store_.is_open())
            hand_over();
        else
            drain();
        on_stop();
    });
}

void daemon::drain()
{
    draining_ = true;
    service_manager::stopping("draining: transactions finish");
    stop_listening();
    relay_.drain();
    gates_.stop();
    drained_.expires_after(drain_limit);
    drained_.async_wait([this](const boost::system::error_code& failed) {
        if (failed)
            return;
        log::warning("transactions are cut off",
                     {{"clients", relay_.clients()}, {"after", drain_limit}});
        end_at_once();
    });
}

void daemon::exit(const error& why)
{
    ended_by_ = why;
    if (!draining_)
        drain();
}

// For a restart: clients that have nothing under way stay connected, and the next weir goes on with
// them.
void daemon::hand_over()
{
    handing_over_ = true;
    service_manager::stopping("handing the clients over: transactions finish");
    if (door_.is_asked())
        relay_.stop_listening(); // who knocks waits for the other weir
    else
        stop_listening();
    relay_.hand_over();
    if (!door_.is_asked() || gates_.is_migrating()) // else there may be a way back
        gates_.stop();
    drained_.expires_after(drain_limit);
    drained_.async_wait([this](const boost::system::error_code& failed) {
        if (failed)
            return;
        log::warning("transactions are cut off", {{"after", drain_limit}});
        relay_.dismiss_busy_clients();
    });
}

void daemon::stop_listening()
{
    relay_.stop_listening();
    for (unix_listener& l : listeners_)
        l.close();
    listeners_.clear();
}

void daemon::shut_down(console_host::ending how, console::reply to)
{
    using enum console_host::ending;
    log::info("stopping", {{"by", "SHUTDOWN"}, {"clients", relay_.clients()}});
    told_at_the_end_.push_back(std::move(to));
    switch (how) {
    case now: return end();
    case after_servers:
        if (!draining_)
            drain();
        return;
    case after_clients:
        if (draining_ || std::exchange(waits_for_clients_, true))
            return;
        service_manager::stopping("waiting for the last client to leave");
        stop_listening();
        return;
    }
}

bool daemon::is_over() const
{
    if (handing_over_)
        return !relay_.has_busy_clients() && !gates_.is_migrating();
    return (draining_ || waits_for_clients_) && relay_.clients() == 0 && !gates_.is_migrating();
}

// Whoever is at the console hears of it last. An answer and the end of the stream at once would be
// an error to most drivers, whatever the answer says.
void daemon::end()
{
    if (std::exchange(ending_, true))
        return;
    const auto told = std::exchange(told_at_the_end_, {});
    for (const console::reply& r : told)
        r.done(console::rows{});
    drained_.expires_after(told.empty() ? 0ms : last_words);
    drained_.async_wait([this](const boost::system::error_code& failed) {
        if (failed)
            return;
        relay_.dismiss_consoles();
        if (door_.is_asked())
            pass_all();
        else if (handing_over_)
            store_.store_all(relay_);
        end_at_once();
    });
}

void daemon::take_back()
{
    log::warning("the weir that was to take over is gone: this one goes on");
    handing_over_ = false;
    door_.forget();
    drained_.cancel();
    relay_.take_back();
    service_manager::ready("serving");
}

void daemon::pass_all()
{
    pages_.reset(); // the other opens its own
    auto done = store_.is_open() ? result<void>{} : store_.open(relay_);
    for (unix_listener& l : listeners_) {
        const std::array both{l.descriptor(), l.lock_descriptor()};
        const bool is_own = both[1] >= 0;
        if (done && is_own)
            done = door_.pass(listener_name, both);
        l.pass_on();
    }
    if (done)
        done = store_.pass_all(relay_, door_);
    if (!done)
        return log::error("the takeover has failed", {{"error", done.error().message}});
    door_.end();
}

// Without waiting for a migrator that has not ended yet: what it has not committed is rolled back
// as its connection breaks, and its lock goes with it.
void daemon::end_at_once()
{
    if (gates_.is_migrating()) {
        log::warning("migrations are cut off");
        std::_Exit(1);
    }
    loop_.stop();
}

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
    const auto changed = change_setting(settings_, path, value);
    if (!changed)
        return error{"22023", to_text(changed.error().front())};
    if (!compare(settings_, *changed).restart.empty())
        return error{"55P02", "setting \"" + path + "\" cannot be changed without a restart"};
    return reload(*changed);
}

console_host::sources daemon::what_the_console_asks()
{
    return {.snapshot = [this] { return snapshot(); },
            .sockets = [this] { return sockets(); },
            .memory = [this] { return relay_.memory(); },
            .queries = [this] { return queries_.all(); },
            .settings = [this]() -> const settings& { return settings_; },
            .is_suspended = [this] { return relay_.is_suspended(); },
            .has_unsent = [this] { return relay_.has_unsent(); }};
}

console_host::deeds daemon::what_an_operator_does()
{
    using name = const std::string&;
    return {
        .reload = [this] { return reload_settings(); },
        .set = [this](name path, name value) { return set(path, value); },
        .pause =
            [this](name backend) {
                return each_pool(backend, "paused", [](pool_runner& p) {
                    p.pause_for_operator(paused(p.name()));
                });
            },
        .resume =
            [this](name backend) {
                if (backend.empty() && relay_.is_suspended())
                    relay_.resume();
                return each_pool(backend, "resumed", [](pool_runner& p) {
                    p.resume_for_operator(steady_clock::now());
                });
            },
        .disable =
            [this](name backend) {
                return each_pool(backend, "disabled", [](pool_runner& p) { p.disable(true); });
            },
        .enable =
            [this](name backend) {
                return each_pool(backend, "enabled", [](pool_runner& p) { p.disable(false); });
            },
        .reconnect =
            [this](name backend) {
                return each_pool(backend, "connections are replaced", [](pool_runner& p) {
                    p.retire_all(close_reason::reconnect, steady_clock::now());
                });
            },
        .kill =
            [this](name backend) {
                return each_pool(backend, "all connections are ended", [this](pool_runner& p) {
                    p.pause_for_operator(paused(p.name()));
                    for (pool_runner* const one : {&p, p.lane()})
                        if (one)
                            relay_.kill_clients_of(*one, killed());
                    p.retire_all(close_reason::reconnect, steady_clock::now());
                });
            },
        .suspend =
            [this] {
                log::info("suspended");
                relay_.suspend();
            },
        .kill_client = [this](name ptr) { return relay_.kill_client(ptr); },
        .shut_down = [this](console_host::ending how,
                            console::reply to) { shut_down(how, std::move(to)); },
    };
}

// What an operator has asked for, of one pool or (with an empty name) of all. False: there is no
// such backend.
bool daemon::each_pool(const std::string& backend,
                       std::string_view what,
                       const std::function<void(pool_runner&)>& call)
{
    bool found = backend.empty();
    for (const auto& pool : pools_.all())
        if (backend.empty() || pool->name() == backend) {
            found = true;
            log::info(what, {{"backend", pool->name()}});
            call(*pool);
        }
    return found;
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

console::sockets daemon::sockets()
{
    console::sockets all = relay_.sockets();
    all.port = settings_.listen.port;
    return all;
}

metrics_snapshot daemon::snapshot() const
{
    metrics_snapshot s;
    s.closed_because = draining_ || handing_over_ ? "draining" : "";
    s.clients = relay_.counts();
    s.errors_before_backend = relay_.errors_before_backend();
    s.clients.limit = settings_.max_client_conn;
    s.reloads = reloads_;
    for (const auto& pool : pools_.all()) {
        s.backends.push_back(pool->snapshot());
        s.backends.back().listening_channels = relay_.listening_channels(*pool);
        s.backends.back().migrations = gates_.status(pool->name());
        s.backends.back().budget = budgets_.of(pool->name());
    }
    for (const auto& lane : pools_.lanes()) // up or down as their pools are
        if (lane->knows_servers()) {
            s.backends.push_back(lane->snapshot());
            s.backends.back().is_up = true;
        }
    return s;
}

} // namespace

result<void> serve(const settings& initial,
                   bool takes_over,
                   const settings_reader& reread,
                   const std::function<void(const std::string& metrics_address)>& started)
{
    daemon d{initial, reread, started};
    if (auto up = d.start(takes_over); !up)
        return up;
    auto ended = d.run();
    log::info("stopped");
    return ended;
}

} // namespace weir
