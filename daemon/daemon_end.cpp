// How it ends: stops, drains, handing over to the next weir of this service.
#include "daemon/daemon.hpp"
#include "daemon/log.hpp"

#include <csignal>
#include <cstdlib>

namespace weir {

namespace {

using namespace std::chrono_literals;

constexpr auto last_words = 100ms; // to be read before the end
constexpr auto time_to_end = 15s;  // what a stop may take beyond shutdown_timeout

} // namespace

void daemon::on_stop()
{
    stops_.async_wait([this](const boost::system::error_code& failed, int signal) {
        if (failed)
            return;
        log::info("stopping",
                  {{"signal", signal}, {"clients", relay_.clients()}, {"at_once", draining_}});
        break_off_takeover(it_ends());
        if (draining_ || handing_over_)
            return end_at_once();
        if (signal == SIGTERM && store_.is_open())
            hand_over();
        else
            drain();
        on_stop();
    });
}

// Whom nobody accepts finds no socket or, where it is systemd's, waits there for the next weir. An
// operator who has asked for the end wants to watch it, too: then who knocks is let in, and told.
void daemon::drain(newcomers how)
{
    draining_ = true;
    service_manager::stopping("draining: transactions finish");
    if (how == newcomers::wait)
        stop_listening();
    relay_.drain();
    gates_.stop();
    limit_draining([this] {
        log::warning("transactions are cut off",
                     {{"clients", relay_.clients()}, {"after", settings_.shutdown_timeout}});
        end_at_once();
    });
}

void daemon::exit(const error& why)
{
    ended_by_ = why;
    break_off_takeover(it_ends());
    if (!draining_)
        drain();
}

// For a restart: clients that have nothing under way stay connected, and the next weir goes on with
// them.
void daemon::hand_over()
{
    service_manager::stopping("handing the clients over: transactions finish");
    stop_listening();
    finish_transactions();
    relay_.dismiss_keepers();
    gates_.stop();
}

void daemon::finish_transactions()
{
    handing_over_ = true;
    relay_.hand_over();
    limit_draining([this] {
        log::warning("transactions are cut off", {{"after", settings_.shutdown_timeout}});
        relay_.dismiss_busy_clients();
    });
}

void daemon::limit_draining(std::function<void()> cut_off)
{
    service_manager::extend_timeout(settings_.shutdown_timeout + time_to_end);
    after(settings_.shutdown_timeout, std::move(cut_off));
}

// In place of what else was to come.
void daemon::after(std::chrono::milliseconds time, std::function<void()> what)
{
    end_.expires_after(time);
    end_.async_wait([what = std::move(what)](const boost::system::error_code& failed) {
        if (!failed)
            what();
    });
}

void daemon::stop_listening()
{
    relay_.stop_listening();
    for (unix_listener& l : listeners_) {
        if (l.refuse_newcomers()) // else the next weir finds there who waits
            relay_.accept_the_last(l.descriptor());
        l.close();
    }
    listeners_.clear();
}

void daemon::shut_down(console_host::ending how, console::reply to)
{
    using enum console_host::ending;
    log::info("stopping", {{"by", "SHUTDOWN"}, {"clients", relay_.clients()}});
    told_at_the_end_.push_back(std::move(to));
    break_off_takeover(it_ends());
    switch (how) {
    case now: return end();
    case after_servers:
        if (!draining_)
            drain(newcomers::are_refused);
        return;
    case after_clients:
        if (draining_ || std::exchange(waits_for_clients_, true))
            return;
        service_manager::stopping("waiting for the last client to leave");
        relay_.refuse_newcomers();
        return;
    }
}

bool daemon::is_over() const
{
    if (handing_over_)
        return !relay_.has_busy_clients() && !gates_.is_migrating();
    return (draining_ || waits_for_clients_) && !relay_.has_clients() && !gates_.is_migrating();
}

// Whoever is at the console hears of it last. An answer and the end of the stream at once would be
// an error to most drivers, whatever the answer says.
void daemon::end()
{
    if (std::exchange(ending_, true))
        return;
    if (!handing_over_) // else it is done, or the other weir has the socket
        stop_listening();
    const auto told = std::exchange(told_at_the_end_, {});
    for (const console::reply& r : told)
        r.done(console::rows{});
    after(told.empty() ? 0ms : last_words, [this] {
        relay_.dismiss_consoles();
        if (handing_over_) {
            relay_.dismiss_busy_clients();
            store_.store_all(relay_);
        }
        end_at_once();
    });
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

} // namespace weir
