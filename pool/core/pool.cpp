#include "pool/core/pool.hpp"

#include "pool/core/backoff.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace weir {

namespace {

constexpr unsigned no_limit = std::numeric_limits<unsigned>::max();
constexpr std::chrono::seconds notice_after{5};
constexpr unsigned logins_at_once = 4; // a backend that comes back must not be stormed

constexpr std::uint32_t index(server_id id) { return static_cast<std::uint32_t>(id); }

} // namespace

pool::pool(const pool_settings& settings, dice roll, namer name_of)
    : settings_(settings), roll_(std::move(roll)), name_of_(std::move(name_of))
{
}

// ---- A client's way: acquire, perhaps wait, hold, release.

std::optional<server_id>
pool::acquire(client_id client, process_index of, time_point now, actions& todo, likeness like)
{
    assert(!waiting_.contains(client));
    if (is_open() && waiting_.empty()) { // nobody overtakes
        if (const auto id = checkout(now, todo, like)) {
            hold(*id, client, now, now);
            return id;
        }
    }
    if (waiting_.empty())
        pace_.rest(); // a queue that begins anew
    if (auto why = reason_to_refuse(of, now)) {
        turn_away(client, std::move(*why), todo);
    } else {
        waiting_.push_back(client, of, now);
    }
    cover_waiters(now, todo);
    return std::nullopt;
}

// Why a newcomer need not even wait.
std::optional<error> pool::reason_to_refuse(process_index of, time_point now) const
{
    const bool is_full = settings_.max_waiting > 0 && waiting_.size() >= settings_.max_waiting;
    if (!is_open())
        return is_full || gate_ == gate::shut ? std::optional{closed_because_} : std::nullopt;
    if (is_full)
        return refusal_of_full_queue(situation(now));
    if (const auto wait = expected_wait(of); wait > settings_.timeout)
        return refusal_of_long_wait(situation(now), wait);
    return std::nullopt;
}

void pool::give_up(client_id client, time_point now, actions& todo)
{
    waiting_.erase(client);
    ++tally_.gave_up;
    cover_waiters(now, todo);
}

void pool::pin(server_id id, time_point now) { enter(id, server_state::pinned, now); }

void pool::release(server_id id, bool dirty, time_point now, actions& todo)
{
    assert(is_held(at(id)));
    if (dirty && !unfit(at(id), now)) {
        enter(id, server_state::resetting, now);
        ++tally_.resets;
        todo.push_back({.kind = action::reset, .server = id});
    } else {
        park(id, now, todo);
    }
    cover_waiters(now, todo);
}

void pool::abandon(server_id id, close_reason why, time_point now, actions& todo)
{
    assert(is_held(at(id)));
    close(id, why, now, todo);
    cover_waiters(now, todo);
}

// ---- A server's way: log in, be checked, get lost.

void pool::logged_in(server_id id, time_point now, actions& todo)
{
    server& s = at(id);
    assert(s.state == server_state::connecting);
    ++tally_.logins_ok;
    tally_.connect_seconds.observe(now - s.since);
    failures_ = 0;
    last_login_ok_ = true;
    last_server_broke_ = false;
    last_login_error_.reset();
    s.born = now;
    s.recycle_chance = roll_();
    s.expires = expiry(s);
    park(id, now, todo);
    cover_waiters(now, todo);
}

void pool::login_failed(server_id id, error why, time_point now, actions& todo)
{
    assert(at(id).state == server_state::connecting);
    ++tally_.logins_failed;
    failures_ = std::max(failures_, at(id).failures_before_login + 1);
    knocked_ = now;
    knock_chance_ = roll_();
    last_login_ok_ = false;
    last_server_broke_ = false;
    last_login_error_ = std::move(why);
    enter(id, server_state::closed, now);
    cover_waiters(now, todo);
}

void pool::checked(server_id id, bool ok, time_point now, actions& todo)
{
    const server_state was = at(id).state;
    assert(was == server_state::pinging || was == server_state::resetting);
    if (ok)
        park(id, now, todo);
    else
        close(id,
              was == server_state::pinging ? close_reason::error : close_reason::reset,
              now,
              todo);
    cover_waiters(now, todo);
}

void pool::lost(server_id id, time_point now, actions& todo)
{
    assert(!is_held(at(id)) && at(id).state != server_state::connecting);
    close(id, close_reason::error, now, todo);
    cover_waiters(now, todo);
}

// ---- Time and the operator.

void pool::tick(time_point now, actions& todo)
{
    refuse_overdue(now, todo);
    notify_waiters(now, todo);
    trim(now, todo);
    cover_waiters(now, todo);
    top_up(now, todo);
}

void pool::reload(const pool_settings& settings, time_point now, actions& todo)
{
    settings_ = settings;
    for (server& s : servers_)
        s.expires = expiry(s);
    trim(now, todo);
    cover_waiters(now, todo);
}

void pool::retire_all(close_reason why, time_point now, actions& todo)
{
    ++generation_;
    retired_why_ = why;
    failures_ = 0; // what has failed until now says nothing of what follows
    trim(now, todo);
    cover_waiters(now, todo);
}

bool pool::has_retired() const
{
    return std::ranges::any_of(servers_, [&](const server& s) {
        return s.state != server_state::closed && s.generation != generation_;
    });
}

void pool::pause(error why)
{
    gate_ = gate::paused;
    closed_because_ = std::move(why);
}

void pool::shut(error why, actions& todo)
{
    gate_ = gate::shut;
    closed_because_ = std::move(why);
    while (!waiting_.empty()) {
        const client_id oldest = waiting_.oldest().client;
        waiting_.erase(oldest);
        turn_away(oldest, closed_because_, todo);
    }
}

void pool::resume(time_point now, actions& todo)
{
    gate_ = gate::open;
    closed_because_ = {};
    pace_.rest(); // nobody had a turn meanwhile
    cover_waiters(now, todo);
}

// ---- What is true now.

server_state pool::state(server_id id) const
{
    return index(id) < servers_.size() ? servers_[index(id)].state : server_state::closed;
}

bool pool::is_up() const { return has_connected() || last_login_ok_; }

bool pool::is_in_doubt() const
{
    return !has_connected() && (last_login_error_ || last_server_broke_);
}

pool_stats pool::stats() const
{
    pool_stats all = tally_;
    all.size = settings_.size;
    all.max_overflow = settings_.max_overflow;
    all.min_idle = settings_.min_idle;
    all.idle = count(server_state::idle);
    all.active = count(server_state::active);
    all.pinned = count(server_state::pinned);
    all.connecting = count(server_state::connecting);
    all.resetting = count(server_state::resetting) + count(server_state::pinging);
    all.waiting = static_cast<unsigned>(waiting_.size());
    if (!waiting_.empty())
        all.waiting_since = waiting_.oldest().since;
    return all;
}

std::optional<pool::holding> pool::oldest_holding() const
{
    std::optional<holding> oldest;
    for (std::uint32_t i = 0; i < servers_.size(); ++i) {
        const server& s = servers_[i];
        if (is_held(s) && (!oldest || s.since < oldest->since))
            oldest = {.client = s.holder, .server = server_id{i}, .since = s.since};
    }
    return oldest;
}

pool::server& pool::at(server_id id)
{
    assert(index(id) < servers_.size());
    return servers_[index(id)];
}

unsigned pool::under_way() const
{
    return count(server_state::connecting) + count(server_state::pinging) +
           count(server_state::resetting);
}

unsigned pool::kept() const { return settings_.size == 0 ? no_limit : settings_.size; }

unsigned pool::limit() const
{
    if (settings_.size == 0 || settings_.max_overflow < 0)
        return no_limit;
    return settings_.size + static_cast<unsigned>(settings_.max_overflow);
}

// ---- Changes of state.

void pool::enter(server_id id, server_state to, time_point now)
{
    server& s = at(id);
    assert(may_follow(s.state, to));
    switch (s.state) { // what it leaves ...
    case server_state::idle: idle_.erase(index(id)); break;
    case server_state::closed: free_.erase(index(id)); break;
    case server_state::active: tally_.hold_seconds.observe(now - s.since); break;
    default: break;
    }
    switch (to) { // ... and what it joins
    case server_state::idle: idle_.push_back(index(id)); break;
    case server_state::closed: free_.push_back(index(id)); break;
    default: break;
    }
    --counts_[static_cast<std::size_t>(s.state)];
    ++counts_[static_cast<std::size_t>(to)];
    s.state = to;
    s.since = now;
}

void pool::hold(server_id id, client_id client, time_point since, time_point now)
{
    enter(id, server_state::active, now);
    at(id).holder = client;
    ++tally_.grants;
    tally_.checkout_seconds.observe(now - since);
}

void pool::close(server_id id, close_reason why, time_point now, actions& todo)
{
    enter(id, server_state::closed, now);
    ++tally_.closed(why);
    last_server_broke_ = last_server_broke_ || (why == close_reason::error && !has_connected());
    todo.push_back({.kind = action::close, .server = id, .reason = why});
}

// A server is clean and nobody's: the first waiter gets it, or it stays if there is room for it.
void pool::park(server_id id, time_point now, actions& todo)
{
    if (const auto why = unfit(at(id), now))
        return close(id, *why, now, todo);
    enter(id, server_state::idle, now);
    if (is_open() && !waiting_.empty()) {
        serve_next(id, now, todo);
    } else if (const auto why = superfluous(at(id), now)) {
        close(id, *why, now, todo);
    }
}

void pool::serve_next(server_id id, time_point now, actions& todo)
{
    const wait_queue::waiter next = waiting_.pop_next();
    pace_.turn(now);
    hold(id, next.client, next.since, now);
    todo.push_back({.kind = action::grant, .server = id, .client = next.client});
}

void pool::open(time_point now, actions& todo)
{
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(servers_.size()));
        servers_.emplace_back();
        ++counts_[static_cast<std::size_t>(server_state::closed)];
    }
    const server_id id{*free_.front()};
    enter(id, server_state::connecting, now);
    at(id).generation = generation_;
    at(id).failures_before_login = failures_;
    knocked_ = now;
    todo.push_back({.kind = action::open, .server = id});
}

void pool::refuse(client_id client, error why, actions& todo)
{
    todo.push_back({.kind = action::refuse,
                    .client = client,
                    .why = std::make_unique<const error>(std::move(why))});
}

void pool::turn_away(client_id client, error why, actions& todo)
{
    ++tally_.turned_away;
    refuse(client, std::move(why), todo);
}

// ---- What is to be done.

// An idle server fit to be held at once; or none, and perhaps one has begun to be pinged.
std::optional<server_id> pool::checkout(time_point now, actions& todo, likeness like)
{
    while (!idle_.empty()) {
        const server_id id = pick(like, now);
        if (const auto why = unfit(at(id), now)) {
            close(id, *why, now, todo);
        } else if (needs_ping(at(id), now)) {
            enter(id, server_state::pinging, now);
            ++tally_.pings;
            todo.push_back({.kind = action::ping, .server = id});
            return std::nullopt;
        } else {
            return id;
        }
    }
    return std::nullopt;
}

// The next in turn, unless one of the few behind it suits better and can be had at once.
server_id pool::pick(likeness like, time_point now) const
{
    constexpr int looks = 8;
    const auto first = settings_.use_lifo ? idle_.back() : idle_.front();
    auto next = like == 0 ? std::nullopt : first;
    for (int look = 0; look < looks && next; ++look) {
        const server& s = servers_[*next];
        if (s.is_like == like && (look == 0 || (!unfit(s, now) && !needs_ping(s, now))))
            return server_id{*next};
        next = settings_.use_lifo ? idle_.before(*next) : idle_.after(*next);
    }
    return server_id{*first};
}

// Every verb that leaves clients waiting ends here, so nobody waits while a server is idle or may
// be opened; unless the pool is paused. An idle server counts before one that is on its way: a ping
// is shorter than a login.
void pool::cover_waiters(time_point now, actions& todo)
{
    if (!is_open())
        return;
    while (waiting_.size() > count(server_state::pinging) && !idle_.empty()) {
        if (const auto id = checkout(now, todo))
            serve_next(*id, now, todo);
    }
    while (waiting_.size() > under_way() && total() < limit() && may_knock(now))
        open(now, todo);
}

// All wait for the same time, so who came first is the first to be overdue.
void pool::refuse_overdue(time_point now, actions& todo)
{
    while (!waiting_.empty() && now - waiting_.oldest().since >= settings_.timeout) {
        error why = is_open() ? refusal_after_timeout(situation(now)) // counts this client, too
                              : closed_because_;
        ++tally_.timeouts;
        const client_id overdue = waiting_.oldest().client;
        waiting_.erase(overdue);
        refuse(overdue, std::move(why), todo);
    }
}

// Whoever waits for long is told why, once.
void pool::notify_waiters(time_point now, actions& todo)
{
    std::optional<error> why; // the same for all
    while (const auto client = waiting_.take_notice(now - notice_after)) {
        if (!why)
            why = is_open() ? notice_of_waiting(situation(now))
                            : error{"00000", closed_because_.message};
        todo.push_back({.kind = action::notice,
                        .client = *client,
                        .why = std::make_unique<const error>(*why)});
    }
}

void pool::trim(time_point now, actions& todo)
{
    for (auto next = idle_.front(); next;) {
        const server_id id{*next};
        next = idle_.after(*next);
        if (const auto why = unfit(at(id), now))
            close(id, *why, now, todo);
        else if (const auto also = superfluous(at(id), now))
            close(id, *also, now, todo);
    }
}

void pool::top_up(time_point now, actions& todo)
{
    if (!is_open())
        return;
    const unsigned most = std::min(kept(), limit());
    const auto ready_soon = [this] { return count(server_state::idle) + under_way(); };
    while (ready_soon() < settings_.min_idle + waiting_.size() && total() < most && may_knock(now))
        open(now, todo);
    if (seeks_server_ && ready_soon() == 0 && total() < limit() && may_knock(now))
        open(now, todo);
}

// Why nobody may get this server any more.
std::optional<close_reason> pool::unfit(const server& s, time_point now) const
{
    if (s.generation != generation_)
        return retired_why_;
    if (total() > limit()) // a reload has lowered it
        return close_reason::reload;
    if (now > s.expires)
        return close_reason::recycle;
    return std::nullopt;
}

// Why this idle server, which nobody asks for, need not stay.
std::optional<close_reason> pool::superfluous(const server& s, time_point now) const
{
    const auto idle_for = now - s.since;
    if (total() > kept() && idle_for >= settings_.overflow_linger)
        return close_reason::overflow;
    if (settings_.idle_timeout.count() > 0 && idle_for >= settings_.idle_timeout &&
        count(server_state::idle) > settings_.min_idle)
        return close_reason::idle;
    return std::nullopt;
}

bool pool::needs_ping(const server& s, time_point now) const
{
    return settings_.pre_ping && now - s.since > settings_.pre_ping_after;
}

// While logins fail there is a pause between two of them, even if the first has not ended yet.
bool pool::may_knock(time_point now) const
{
    if (count(server_state::connecting) >= logins_at_once)
        return false;
    if (failures_ == 0)
        return true;
    const auto cap = waiting_.empty() ? longest_pause : longest_pause_while_waited_for;
    return now - knocked_ >= reconnect_delay(failures_, cap, knock_chance_);
}

time_point pool::expiry(const server& s) const
{
    if (settings_.recycle.count() < 0)
        return time_point::max();
    const auto earlier =
        std::chrono::floor<std::chrono::milliseconds>(settings_.recycle * (0.1 * s.recycle_chance));
    return s.born + settings_.recycle - earlier;
}

pool_situation pool::situation(time_point now) const
{
    pool_situation it{.settings = settings_,
                      .now = stats(),
                      .longest_hold = std::nullopt,
                      .oldest_holder = {},
                      .last_login_error = last_login_error_};
    if (const auto oldest = oldest_holding()) {
        it.longest_hold = std::chrono::floor<std::chrono::milliseconds>(now - oldest->since);
        if (name_of_)
            it.oldest_holder = name_of_(oldest->client);
    }
    return it;
}

// Zero when the queue has not moved enough to tell.
std::chrono::milliseconds pool::expected_wait(process_index newcomer) const
{
    const auto time = pace_.time_for(waiting_.turns_before(newcomer) + 1);
    return time ? std::chrono::floor<std::chrono::milliseconds>(*time)
                : std::chrono::milliseconds{0};
}

} // namespace weir
