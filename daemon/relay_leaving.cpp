// How a client's connection ends; the header has the map.
#include "daemon/log.hpp"
#include "daemon/relay.hpp"
#include "pool/pgwire/writer.hpp"

#include <unistd.h>

#include <sys/socket.h>

namespace weir {

namespace {

// To take what it is owed, and its last words.
constexpr std::chrono::seconds leave_patience{5};

} // namespace

// How many they were. Never from within an event.
std::size_t relay::dismiss(const std::function<bool(const client&)>& whom, const error& why)
{
    now_ = std::chrono::steady_clock::now();
    std::size_t found = 0;
    for (const auto& c : clients_)
        if (c && whom(*c)) {
            farewell(*c, why);
            ++found;
        }
    for (pool_runner* const pool : pools_)
        carry_out(pool);
    bury();
    return found;
}

void relay::farewell(client& c, const error& why)
{
    if (sent_away_.contains(static_cast<std::uint32_t>(c.id)))
        return cut_off(c);
    const bool is_one_of_all =
        has_to_leave(c) || (refuses_newcomers_ && c.now == client::phase::startup);
    if (!is_one_of_all)
        log::info(
            "a client is sent away",
            {{"pid", c.pid}, {"uid", c.uid}, {"sqlstate", why.code.text()}, {"why", why.message}});
    words_.clear();
    if (c.awaits_echo)
        say_ready(c, words_);
    pgwire::write_error(words_, why, pgwire::severity::fatal);
    count_error(c, why.code.text());
    if (!c.held || !c.held->replies.is_mid_answer())
        send(c, words_);
    send_away(c);
}

// It knows why.
void relay::send_away(client& c)
{
    let_go(c);
    const auto id = static_cast<std::uint32_t>(c.id);
    if (c.closed || sent_away_.contains(id))
        return;
    if (by_activity_.contains(id))
        by_activity_.erase(id);
    sent_away_.push_back(id);
    c.active_at = now_;
}

void relay::cut_off(client& c)
{
    log::info("a client is dropped: it does not take its last words",
              {{"pid", c.pid}, {"uid", c.uid}, {"unsent_bytes", c.out.size()}});
    drop(c);
}

void relay::cut_off_leavers()
{
    while (const auto first = sent_away_.front()) {
        client& c = *find(static_cast<client_id>(*first));
        if (now_ - c.active_at < leave_patience)
            return;
        cut_off(c);
    }
}

// Closed as soon as it has been sent what it is owed.
void relay::let_go(client& c)
{
    withdraw(c);
    c.now = client::phase::leaving;
    if (c.out.empty())
        drop(c);
}

void relay::drop(client& c)
{
    if (c.closed)
        return;
    withdraw(c);
    c.closed = true;
    std::erase(again_, &c);
    suspended_.erase(&c);
    if (c.kept)
        states_->release(*c.kept->slot);
    if (c.is_stored) { // somebody else keeps it open, and in the epoll set
        epoll_.remove(c.socket);
        ::shutdown(c.socket, SHUT_RDWR);
    }
    ::close(c.socket); // and with it leaves the epoll set
    --in_use_;
    if (c.home)
        c.home->note_clients(-1);
    consoles_ -= c.console != nullptr;
    processes_.leave(c.process);
    for (id_list* const list : {&by_activity_, &sent_away_})
        if (list->contains(static_cast<std::uint32_t>(c.id)))
            list->erase(static_cast<std::uint32_t>(c.id));
    const auto slot = static_cast<std::size_t>(c.id);
    free_ids_.push_back(c.id);
    dropped_.push_back(std::move(clients_[slot]));
}

// It waits for nothing, and nobody works for it, from now on.
void relay::withdraw(client& c)
{
    end_startup(c);
    leave_channels(c);
    if (std::exchange(c.waiting, false))
        c.home->give_up(c.id, now_);
    if (c.held)
        part(c);
}

// Client and server go different ways in the middle of things.
void relay::part(client& c)
{
    server& s = *std::exchange(c.held, nullptr);
    s.holder = nullptr;
    s.left.state |= s.replies.pinned();
    s.left.anything = s.left.anything || !s.replies.touched().empty() ||
                      s.doing == server::errand::inventory || s.doing == server::errand::identity;
    s.inventory.reset();
    s.errand_failed = false;
    s.replies.detach();
    if (c.session.mid_frame()) { // a message was cut short
        s.given_up = true;
        return s.home.abandon(s, close_reason::error, now_);
    }
    s.doing = server::errand::recover;
    s.since = now_;
    if (s.replies.owes())
        s.home.cancel(s);
    recover(s);
}

} // namespace weir
