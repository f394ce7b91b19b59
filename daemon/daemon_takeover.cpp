// From one weir to the next, without systemd: both sides.
#include "daemon/daemon.hpp"
#include "daemon/log.hpp"

#include <algorithm>
#include <array>

namespace weir {

namespace {

using namespace std::chrono_literals;

constexpr auto taking_limit = 10s; // for the weir that takes over, once all has been passed to it
constexpr std::string_view listener_name = "weir-listener"; // as it is passed on

} // namespace

// Nothing of it is touched before the other has said that it is ours.
result<void> daemon::take_over()
{
    if (!other_)
        return {};
    const std::optional<ip_endpoint>& its = other_->itself().pages;
    if (!its || !settings_.metrics || !is_in_the_way(*its, *settings_.metrics))
        if (auto opened = open_pages(); !opened)
            return opened;
    auto taken = other_->take();
    if (!taken)
        return taken.error();
    if (std::ranges::count(*taken, listener_name, &service_manager::passed_descriptor::name) != 2)
        return error{"F0000", "the running weir has not passed its socket and its lock"};
    if (auto readable = client_store::examine(*taken); !readable)
        return readable;
    mind_stops();
    if (auto confirmed = other_->confirm(); !confirmed)
        return confirmed;
    passed_ = std::move(*taken);
    return {};
}

// The socket that the other has passed, and behind it its lock.
result<void> daemon::inherit_listener()
{
    const auto socket =
        std::ranges::find(passed_, listener_name, &service_manager::passed_descriptor::name);
    if (socket == passed_.end())
        return {};
    auto inherited = unix_listener::inherit(socket->descriptor,
                                            std::next(socket)->descriptor,
                                            to_address(settings_.listen));
    if (!inherited)
        return inherited.error();
    listeners_.push_back(std::move(*inherited));
    return {};
}

error daemon::it_ends() { return {"57P01", "it is shutting down"}; }

error daemon::it_migrates()
{
    return {"55006", "migrations run", {}, "Ask again when they are done."};
}

result<introduction> daemon::introduce_oneself() const
{
    if (draining_ || handing_over_ || ending_ || waits_for_clients_)
        return it_ends();
    if (std::ranges::any_of(listeners_, [](const auto& l) { return l.lock_descriptor() < 0; }))
        return error{"0A000",
                     "its socket is systemd's",
                     {},
                     "systemctl restart keeps the clients (README, A restart without a drop)."};
    if (gates_.is_migrating())
        return it_migrates();
    introduction itself{.pages = pages_ ? settings_.metrics : std::nullopt};
    for (const doctor::own_connection& c : budgets_.own())
        itself.servers.push_back(c.pid);
    return itself;
}

// Until the other has said that it has got everything there is a way back.
result<void> daemon::hand_over_to_asker()
{
    if (const auto may_be = introduce_oneself(); !may_be)
        return may_be.error();
    service_manager::status("another weir takes over: transactions finish");
    relay_.stop_listening(); // who knocks waits for it
    finish_transactions();
    return {};
}

void daemon::pass_all()
{
    result<void> done;
    for (const unix_listener& l : listeners_)
        if (done)
            done = door_.pass(listener_name, std::array{l.descriptor(), l.lock_descriptor()});
    if (done)
        done = store_.pass_all(relay_, door_);
    note_stopped_pools(); // in the file that has just been passed
    if (done)
        done = door_.end();
    if (!done) {
        door_.refuse(done.error());
        return take_back();
    }
    after(taking_limit, [this] {
        if (door_.has_passed()) {
            door_.refuse({"57014", "what was passed on has not been taken in time"});
            take_back();
        }
    });
}

void daemon::give_away()
{
    pages_.reset(); // the other opens its own
    if (const auto confirmed = door_.confirm(); !confirmed) {
        log::warning("the takeover has failed", {{"error", confirmed.error().message}});
        if (const auto opened = open_pages(); !opened)
            log::error("weir goes on without its pages", {{"error", opened.error().message}});
        return take_back();
    }
    for (unix_listener& l : listeners_)
        l.pass_on();
    relay_.dismiss_busy_clients();
    relay_.dismiss_consoles();
    service_manager::stopping("another weir has taken over");
    end_at_once();
}

void daemon::take_back()
{
    log::warning("the weir that was to take over is gone: this one goes on");
    handing_over_ = false;
    end_.cancel();
    store_.take_back(relay_);
    relay_.cancel_hand_over();
    gates_.say_again();
}

// Whoever wants weir to end has precedence, and so have migrations.
void daemon::break_off_takeover(const error& why)
{
    if (!door_.is_asked())
        return;
    door_.refuse(why);
    take_back();
}

} // namespace weir
