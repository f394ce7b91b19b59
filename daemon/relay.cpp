#include "daemon/relay.hpp"

#include "daemon/log.hpp"
#include "pool/core/refusal.hpp"

#include <algorithm>
#include <sys/socket.h>

namespace weir {

namespace {

constexpr std::size_t scratch_size = 64 * 1024;
constexpr std::size_t events_per_round = 256;

// A client that stops in the middle of a message, or a server that does not answer a reset, keeps a
// place that others wait for.
constexpr std::chrono::seconds stall_limit{10};

} // namespace

relay::relay(event_loop& loop, relay_settings settings)
    : loop_(loop), settings_(std::move(settings)), clients_(1), from_client_(scratch_size),
      from_server_(2 * scratch_size)
{
    epoll_.add(loop_.posted(), alarm_);
    epoll_.add(loop_.ticks(), alarm_);
}

relay::~relay()
{
    for (const auto& c : clients_)
        if (c)
            ::close(c->socket);
}

void relay::serve_sockets()
{
    while (round()) {
    }
}

// Waits, and handles what is ready. Servers first: an answer frees a server for a client of this
// very round, and a server that has just died is not given to anyone. False: the loop has something
// else to do.
bool relay::round()
{
    std::array<epoll_event, events_per_round> room;
    const auto ready = epoll_.wait(room, again_.empty());
    now_ = std::chrono::steady_clock::now();
    const auto handle = [&](bool servers) {
        for (const epoll_event& e : ready) {
            endpoint& what = *static_cast<endpoint*>(e.data.ptr);
            const bool is_server =
                what.is() == endpoint::kind::server || what.is() == endpoint::kind::channels;
            if (!what.closed && is_server == servers)
                on_event(what, e.events);
        }
    };
    bool goes_on = !ready.empty() || !again_.empty(); // else a signal has come
    for (const epoll_event& e : ready) {
        endpoint& what = *static_cast<endpoint*>(e.data.ptr);
        if ((e.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
            what.ended = true;
        goes_on = goes_on && what.is() != endpoint::kind::alarm;
    }
    handle(true);
    handle(false);
    for (endpoint* what : std::exchange(again_, {}))
        if (!what->closed)
            on_event(*what, EPOLLIN);
    bury();
    return goes_on;
}

void relay::on_event(endpoint& what, std::uint32_t events)
{
    if ((is_suspended_ || handing_over_) && is_put_off(what, events))
        return;
    switch (what.is()) {
    case endpoint::kind::alarm: return;
    case endpoint::kind::listener: return accept_from(static_cast<listening&>(what));
    case endpoint::kind::client: {
        auto& c = static_cast<client&>(what);
        on_client(c, events);
        if (!c.closed)
            note_idleness(c);
        return carry_out(c.home);
    }
    case endpoint::kind::server: {
        auto& s = static_cast<server&>(what);
        on_server(s, events);
        return carry_out(&s.home);
    }
    case endpoint::kind::channels: {
        auto& l = static_cast<channel_listener&>(what);
        if (l.on_event(events, now_))
            again_.push_back(&l);
        return carry_out(&l.home());
    }
    }
}

// Edge-triggered, readiness is said once: it is remembered until resume().
bool relay::is_put_off(endpoint& what, std::uint32_t events)
{
    const auto* const c =
        what.is() == endpoint::kind::client ? static_cast<const client*>(&what) : nullptr;
    const bool is_ours = what.is() == endpoint::kind::listener ||
                         what.is() == endpoint::kind::alarm || (c && !c->home);
    if (is_ours || (events & ~std::uint32_t{EPOLLOUT}) == 0)
        return false;
    if (!is_suspended_ && !(c && is_idle(*c))) // handed over is who has nothing under way
        return false;
    suspended_.insert(&what);
    return true;
}

void relay::resume()
{
    is_suspended_ = false;
    hear_again();
}

void relay::hear_again()
{
    for (endpoint* what : std::exchange(suspended_, {}))
        again_.push_back(what);
}

bool relay::has_unsent() const
{
    const auto has = [](const auto& one) { return one && !one->closed && !one->out.empty(); };
    return std::ranges::any_of(clients_, has) ||
           std::ranges::any_of(pools_, [&](const pool_runner* p) {
               return std::ranges::any_of(p->servers(), has);
           });
}

// An event concerns one pool; what that pool has decided is done before the next event.
void relay::carry_out(pool_runner* pool)
{
    if (pool && pool->has_work())
        pool->carry_out(now_);
}

void relay::bury()
{
    dropped_.clear();
    left_.clear();
}

void relay::serve(pool_runner& pool)
{
    pools_.push_back(&pool);
    if (pool.behind()->has_channels() && !pool.rules().is_session_lane)
        channels_.emplace(&pool, std::make_unique<channel_listener>(pool, epoll_, *this));
}

void relay::name(pool_runner& pool, std::span<const std::string> aliases)
{
    const std::string_view lane = pool.rules().is_session_lane ? ":session" : "";
    std::erase_if(by_database_, [&](const auto& named) { return named.second == &pool; });
    by_database_[pool.name()] = &pool;
    for (const std::string& alias : aliases)
        by_database_[alias + std::string(lane)] = &pool;
}

void relay::serve_sessions(pool_runner& lane, pool_runner& pool)
{
    serve(lane);
    lanes_[&pool] = &lane;
}

void relay::readdress(pool_runner& pool)
{
    now_ = std::chrono::steady_clock::now();
    if (const auto l = channels_.find(&pool); l != channels_.end())
        l->second->readdress(now_);
    carry_out(&pool);
    bury();
}

void relay::retire(pool_runner& pool)
{
    now_ = std::chrono::steady_clock::now();
    std::erase_if(by_database_, [&](const auto& named) { return named.second == &pool; });
    std::erase_if(lanes_, [&](const auto& l) { return l.first == &pool || l.second == &pool; });
    pool.retire(now_);
    dismiss([&](const client& c) { return c.home == &pool && may_go(c); }, reason_to_leave(pool));
}

bool relay::is_done_with(const pool_runner& pool) const
{
    const auto l = channels_.find(&pool);
    return pool.is_empty() && (l == channels_.end() || l->second->is_idle());
}

void relay::forget(pool_runner& pool)
{
    std::erase(pools_, &pool);
    const auto l = channels_.find(&pool);
    if (l == channels_.end())
        return;
    std::erase(again_, l->second.get());
    suspended_.erase(l->second.get());
    channels_.erase(l);
}

void relay::listen(int descriptor)
{
    listeners_.push_back(std::make_unique<listening>(descriptor));
    epoll_.add(descriptor, *listeners_.back());
}

void relay::stop_listening()
{
    for (const auto& l : listeners_)
        if (!std::exchange(l->closed, true))
            epoll_.remove(l->descriptor);
}

void relay::tick(time_point now)
{
    now_ = now;
    for (pool_runner* pool : pools_) {
        pool->tick(now);
        carry_out(pool);
        for (const auto& s : pool->servers())
            if (is_suspended_)
                break; // they are silent because nobody listens
            else if (s && is_stalled(*s))
                end_stall(*s);
            else if (s && s->holder)
                enforce_limits(*s->holder, *s);
        if (const auto l = channels_.find(pool); l != channels_.end())
            l->second->tick(now);
        carry_out(pool);
    }
    dismiss_silent_newcomers();
    dismiss_idle_clients();
    cut_off_leavers();
    if (std::exchange(accept_later_, false))
        for (const auto& l : listeners_)
            if (!l->closed)
                accept_from(*l);
    bury();
}

bool relay::is_stalled(const server& s) const
{
    if (now_ - s.since < stall_limit)
        return false;
    if (s.doing != server::errand::none)
        return true;
    return s.holder && s.holder->session.mid_frame() && s.out.empty() && !s.holder->read_later;
}

void relay::end_stall(server& s)
{
    if (s.doing != server::errand::none)
        return broken(s, "did not answer in time");
    farewell(
        *s.holder,
        {"08P01",
         "a message was begun and not completed in " + std::to_string(stall_limit.count()) + " s"});
}

void relay::drain()
{
    draining_ = true;
    refuse_newcomers();
    dismiss([](const client& c) { return !c.console && may_go(c); }, shutting_down());
}

void relay::refuse_newcomers() { refuses_newcomers_ = true; }

void relay::dismiss_consoles()
{
    dismiss(
        [this](const client& c) {
            return c.console || (refuses_newcomers_ && c.now == client::phase::startup);
        },
        shutting_down());
}

bool relay::has_clients() const
{
    return std::ranges::any_of(clients_, [](const auto& c) {
        return c && !c->console && c->now != client::phase::startup;
    });
}

client_counts relay::counts() const
{
    client_counts n;
    std::uint64_t known = consoles_;
    for (const pool_runner* pool : pools_) {
        const pool_stats books = pool->books().stats();
        n.active += books.active + books.pinned;
        n.waiting += books.waiting;
        known += pool->clients();
    }
    n.idle = in_use_ - std::min(in_use_, n.active + n.waiting);
    n.login = in_use_ - known;
    return n;
}

client* relay::find(client_id id)
{
    const auto slot = static_cast<std::size_t>(id);
    return slot < clients_.size() ? clients_[slot].get() : nullptr;
}

// Nothing is under way for it.
bool relay::may_go(const client& c)
{
    return c.now != client::phase::leaving && !c.waiting && (!c.held || rests(c));
}

bool relay::has_to_leave(const client& c) const
{
    return draining_ || (c.home && c.home->is_retired());
}

error relay::reason_to_leave(const pool_runner& of) const
{
    error why = shutting_down();
    if (!draining_)
        why.detail = "A reload has taken backend \"" + of.name() + "\" out of the settings.";
    return why;
}

error relay::shutting_down() { return by_administrator("weir is shutting down."); }

} // namespace weir
