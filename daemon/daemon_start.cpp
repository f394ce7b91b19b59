// From settings to a socket that is served.
#include "config/changes.hpp"
#include "daemon/control_pages.hpp"
#include "daemon/daemon.hpp"
#include "daemon/log.hpp"

#include <boost/asio/ip/host_name.hpp>

#include <algorithm>
#include <csignal>

namespace weir {

namespace {

// FileDescriptorName= of a socket unit says which protocol is spoken there. Without one systemd
// gives the unit's name, and other activators give none.
bool speaks_postgresql(const std::string& name)
{
    return name == "postgres" || name == "unknown" || name.ends_with(".socket");
}

} // namespace

using std::chrono::steady_clock;

// Whatever can fail comes before take_over(): as long as another weir runs, its clients are best
// served there.
result<void> daemon::start(bool takes_over)
{
    if (auto looked = look_around(takes_over); !looked)
        return looked;
    if (auto admitted = admit(settings_); !admitted)
        return admitted;
    for (auto step : {&daemon::open_backends,
                      &daemon::refuse_small_budgets,
                      &daemon::adopt_what_is_passed,
                      &daemon::take_over})
        if (auto done = (this->*step)(); !done)
            return done;
    if (auto opened = open_listeners(); !opened) {
        error why = opened.error();
        if (takes_over && why.code == sqlstate{"F0001"})
            why.hint = "It cannot be taken over from: it is of another version, or no weir.";
        return why;
    }
    if (auto opened = open_pages(); !opened) {
        if (!other_)
            return opened;
        log::error("those who were taken over are served, without the pages",
                   {{"error", opened.error().message}});
    }
    other_.reset();
    on_stop();
    on_hangup();
    gates_.boot();
    tick();
    if (const auto interval = service_manager::watchdog_interval())
        feed_watchdog(*interval);
    return {};
}

// What systemd has passed, and the weir that runs.
result<void> daemon::look_around(bool takes_over)
{
    auto passed = service_manager::passed_descriptors();
    if (!passed)
        return passed.error();
    passed_ = std::move(*passed);
    if (takes_over) {
        auto found = running_weir::knock(takeover_path(to_address(settings_.listen).path()));
        if (!found)
            return found.error();
        if (*found)
            other_.emplace(std::move(**found));
        else
            log::info("there is no weir to take over from");
    }
    if (!other_)
        mind_stops();
    return {};
}

// While it waits for another weir a signal just ends this one.
void daemon::mind_stops()
{
    stops_.add(SIGTERM);
    stops_.add(SIGINT);
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

// The sockets of systemd, and what the weir before has stored.
result<void> daemon::adopt_what_is_passed()
{
    if (settings_.keep_clients && service_manager::has_store())
        if (auto opened = store_.open(relay_); !opened)
            return opened.error();
    store_.take_up(passed_, relay_);
    stop_again();
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
    passed_.clear();
    return {};
}

// The other weir's or our own, if systemd has passed none.
result<void> daemon::open_listeners()
{
    if (!passed_.empty()) { // by the other
        store_.take_over(passed_, relay_);
        stop_again();
    }
    if (auto inherited = inherit_listener(); !inherited)
        return inherited;
    if (!listeners_.empty()) {
        warn_of_unheeded_settings();
    } else {
        auto opened = unix_listener::open(to_address(settings_.listen));
        if (!opened)
            return opened.error();
        listeners_.push_back(std::move(*opened));
    }
    for (const unix_listener& l : listeners_)
        relay_.listen(l.descriptor());
    open_door();
    return {};
}

// What an operator has stopped stays so over a restart.
void daemon::stop_again()
{
    const stopped_pools& before = store_.stopped();
    for (const auto& pool : pools_.all()) {
        const std::string& name = pool->name();
        if (std::ranges::count(before.paused, name) > 0) {
            log::info("still paused", {{"backend", name}});
            pool->pause_for_operator(paused(name));
        }
        if (std::ranges::count(before.disabled, name) > 0) {
            log::info("still disabled", {{"backend", name}});
            pool->disable(true);
        }
    }
    note_stopped_pools();
}

void daemon::note_stopped_pools()
{
    stopped_pools now;
    for (const auto& pool : pools_.all()) {
        if (pool->is_paused_by_operator())
            now.paused.push_back(pool->name());
        if (pool->is_disabled())
            now.disabled.push_back(pool->name());
    }
    store_.note(now);
}

// A passed socket is where its unit says. With several, one may be as the settings have it.
void daemon::warn_of_unheeded_settings() const
{
    const listen_address asked = to_address(settings_.listen);
    const auto heeds_all = [&](const unix_listener& l) { return l.unheeded(asked).empty(); };
    if (std::ranges::any_of(listeners_, heeds_all))
        return;
    for (const std::string& name : listeners_.front().unheeded(asked))
        log::warning("a setting is not heeded: weir.socket says where clients connect, and who may",
                     {{"setting", name}, {"socket", listeners_.front().path()}});
}

served_at daemon::where_it_serves() const
{
    served_at where{.metrics = pages_ ? pages_->address() : std::string{}};
    for (const unix_listener& l : listeners_)
        where.sockets += (where.sockets.empty() ? "" : ", ") + l.path();
    return where;
}

void daemon::open_door()
{
    if (auto opened = door_.open(takeover_path(listeners_.front().path()),
                                 {.knocked = [this] { return introduce_oneself(); },
                                  .asked = [this] { return hand_over_to_asker(); },
                                  .taken = [this] { give_away(); },
                                  .left = [this] { take_back(); }});
        !opened)
        log::warning("nobody can take over from here", {{"error", opened.error().message}});
}

result<void> daemon::open_pages()
{
    if (!settings_.metrics || pages_)
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
    const auto silence = [this] {
        return std::chrono::floor<std::chrono::seconds>(steady_clock::now() - ticked_at_.load());
    };
    std::vector<std::string> hosts = settings_.metrics_hosts;
    hosts.push_back(boost::asio::ip::host_name());
    auto started = http_server::start(
        settings_.metrics->address,
        settings_.metrics->port,
        {.handler = control_pages(
             {.numbers = numbers, .moment = with_holders, .known = known_, .silence = silence}),
         .hosts = http_hosts{std::move(hosts)}});
    if (!started)
        return started.error();
    pages_ = std::move(*started);
    return {};
}

} // namespace weir
