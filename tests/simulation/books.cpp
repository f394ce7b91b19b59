#include "tests/simulation/books.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <string>
#include <utility>

using namespace std::chrono_literals;

namespace weir::test {

namespace {

void promise(bool kept, const char* sentence)
{
    if (!kept)
        throw broken_promise(sentence);
}

} // namespace

books::books(const pool_settings& settings, unsigned clients)
    : settings_(settings), clients_(clients)
{
}

// ---- Before the pool is told.

void books::asks(client_id id, process_index of)
{
    const bool is_first = std::ranges::none_of(queue_, [&](client_id w) { return at(w).of == of; });
    if (is_first)
        last_turns_[of] = ++turn_;
    at(id) = {.state = client_state::waiting, .since = now_, .of = of};
    newcomer_ = id;
    if (queue_.empty())
        pace_.rest();
    queue_.push_back(id);
}

void books::gives_up(client_id id)
{
    at(id).state = client_state::resting;
    queue_.erase(std::find(queue_.begin(), queue_.end(), id));
    ++tally_.gave_up;
}

void books::keeps(server_id id)
{
    server& s = at(id);
    promise(s.state == server_state::active, "the simulation itself is wrong about a server");
    s.state = server_state::pinned;
    s.since = now_;
    decides_ = false;
}

void books::comes_back(server_id id, bool dirty)
{
    put_in_hand(id, at(id).state);
    at(id).dirty = dirty;
}

void books::logs_in(server_id id)
{
    put_in_hand(id, server_state::connecting);
    at(id).born = now_;
    ++tally_.logins_ok;
    last_login_error_.reset();
    last_server_broke_ = false;
    logins_fail_ = false;
    ever_logged_in_ = true;
}

void books::fails_to_log_in(server_id id, const error& why)
{
    at(id) = {};
    ++tally_.logins_failed;
    last_login_error_ = why;
    last_server_broke_ = false;
    logins_fail_ = true;
    knocked_ = now_;
}

void books::answers(server_id id)
{
    put_in_hand(id, at(id).state);
    at(id).dirty = false;
}

void books::breaks(server_id id, close_reason expected)
{
    put_in_hand(id, at(id).state);
    at(id).broken = expected;
}

void books::retires_all()
{
    for (server& s : servers_)
        s.retired = true; // of a closed slot it says nothing: `opens` begins anew
    logins_fail_ = false;
}

void books::pauses(error why)
{
    closed_because_ = std::move(why);
    is_shut_ = false;
}

void books::shuts(error why)
{
    closed_because_ = std::move(why);
    is_shut_ = true;
    in_shut_ = true;
}

void books::resumes()
{
    closed_because_.reset();
    is_shut_ = false;
    pace_.rest();
}

void books::put_in_hand(server_id id, server_state expected)
{
    server& s = at(id);
    promise(s.state == expected, "the simulation itself is wrong about a server");
    if (s.state == server_state::active || s.state == server_state::pinned)
        at(s.holder).state = client_state::resting;
    s.in_hand = true;
    in_hand_ = id;
}

// ---- What the pool has answered.

void books::enter(const actions& todo, std::optional<server_id> held_at_once)
{
    if (held_at_once) {
        promise(queue_.size() == 1, "nobody overtakes the queue");
        queue_.clear();
    }
    for (const action& a : todo) {
        switch (a.kind) {
        case action::open: opens(a); break;
        case action::close: closes(a); break;
        case action::ping: pings(a); break;
        case action::reset: resets(a); break;
        case action::grant: grants(a); break;
        case action::refuse: refuses(a); break;
        case action::notice: notices(a); break;
        }
    }
    if (held_at_once) {
        const server chosen = at(*held_at_once);
        for (const server& other : servers_)
            if (other.state == server_state::idle)
                promise(settings_.use_lifo ? chosen.since >= other.since
                                           : chosen.since <= other.since,
                        "the idle server is chosen by last or first use, as set");
        hand_over(*held_at_once, *newcomer_);
    }
    settle();
}

void books::opens(const action& a)
{
    promise(!closed_because_, "nothing is opened while the pool is paused or shut");
    promise(at(a.server).state == server_state::closed, "a server is opened in a free slot");
    promise(total() < limit(), "never more than size + overflow servers");
    promise(count(server_state::connecting) < 4, "at most four logins in flight");
    if (logins_fail_)
        promise(now_ - knocked_ >= 75ms, "between failing logins there is a pause");
    const bool for_a_waiter = queue_.size() > under_way();
    const bool ahead_of_need =
        in_tick_ && total() < size() &&
        count(server_state::idle) + under_way() < settings_.min_idle + queue_.size();
    promise(for_a_waiter || ahead_of_need || (in_tick_ && lacks_what_it_seeks()),
            "no server is opened without need");
    at(a.server) = {.state = server_state::connecting, .since = now_};
    knocked_ = now_;
}

void books::closes(const action& a)
{
    server& s = at(a.server);
    promise(s.in_hand || s.state == server_state::idle,
            "no server is closed while it is held or under way");
    const auto idle_for = s.in_hand ? 0s : now_ - s.since;
    switch (a.reason) {
    case close_reason::recycle:
        promise(settings_.recycle >= 0s && now_ - s.born > settings_.recycle * 9 / 10,
                "a server lives for nine tenths of its lifetime at least");
        break;
    case close_reason::overflow:
        promise(total() > size() && idle_for >= settings_.overflow_linger,
                "only an overflow server is closed as one, and after its linger");
        promise(!s.in_hand || queue_.empty() || closed_because_,
                "a returned server is not closed if someone waits");
        break;
    case close_reason::idle:
        promise(settings_.idle_timeout > 0s && idle_for >= settings_.idle_timeout &&
                    count(server_state::idle) > settings_.min_idle,
                "only what idled for idle_timeout is closed for it, and min_idle stay");
        break;
    case close_reason::reload:
        promise(s.retired || total() > limit(),
                "only a retired server is closed for a reload, or one too many");
        break;
    case close_reason::migration:
    case close_reason::reconnect:
        promise(s.retired, "only a retired server is closed after a migration or a RECONNECT");
        break;
    case close_reason::error:
    case close_reason::reset: promise(s.broken == a.reason, "only what broke is called broken");
    }
    promise(!s.broken || s.broken == a.reason, "what broke is called broken");
    s = {};
    ++tally_.closed(a.reason);
    if (a.reason == close_reason::error && !has_connected())
        last_server_broke_ = true;
}

void books::pings(const action& a)
{
    server& s = at(a.server);
    promise(s.state == server_state::idle && !s.in_hand, "only an idle server is pinged");
    promise(settings_.pre_ping && now_ - s.since > settings_.pre_ping_after,
            "only a server that sat idle for long is pinged");
    promise(!queue_.empty() && !closed_because_, "a server is pinged for someone");
    promise(is_usable(s), "a server that has to go is not pinged");
    s.state = server_state::pinging;
    s.since = now_;
    ++tally_.pings;
}

void books::resets(const action& a)
{
    server& s = at(a.server);
    promise(s.in_hand && s.dirty && !s.broken, "only a dirty server that came back is reset");
    promise(is_usable(s), "a server that has to go is not reset");
    s.state = server_state::resetting;
    s.since = now_;
    s.in_hand = false;
    ++tally_.resets;
}

void books::grants(const action& a)
{
    promise(!queue_.empty() && whose_turn_it_is() == a.client,
            "processes take turns, and within one it is first come, first served");
    last_turns_[at(a.client).of] = ++turn_;
    pace_.turn(now_);
    std::erase(queue_, a.client);
    hand_over(a.server, a.client);
}

// Each process has one turn in each round before the newcomer's own.
bool books::would_wait_too_long(client_id newcomer) const
{
    const auto of = [this](client_id c) { return clients_[static_cast<std::size_t>(c)].of; };
    std::set<process_index> processes;
    std::size_t rounds = 0; // the newcomer is in the queue
    for (const client_id c : queue_) {
        rounds += of(c) == of(newcomer);
        if (c != newcomer)
            processes.insert(of(c));
    }
    const std::size_t turns = std::min(queue_.size() - 1, rounds * processes.size());
    const auto wait = pace_.time_for(turns + 1);
    return wait && *wait > settings_.timeout;
}

void books::notices(const action& a)
{
    client& c = at(a.client);
    promise(in_tick_ && c.state == client_state::waiting && now_ - c.since >= 5s && !c.noticed,
            "a waiter is told of its wait after 5 s, once");
    promise(a.why && !a.why->message.empty(), "a notice says why");
    promise(!closed_because_ || a.why->message == closed_because_->message,
            "a notice of a pool that is closed says why that is");
    c.noticed = true;
}

client_id books::whose_turn_it_is() const
{
    const auto of = [this](client_id c) { return clients_[static_cast<std::size_t>(c)].of; };
    return *std::ranges::min_element(queue_, {}, [&](client_id c) {
        return last_turns_.at(of(c));
    }); // the first of equals
}

void books::hand_over(server_id id, client_id to)
{
    server& s = at(id);
    promise(!closed_because_, "nobody is granted a server while the pool is paused or shut");
    promise(s.in_hand || s.state == server_state::idle, "no server is held twice");
    promise(!s.dirty && !s.broken, "nobody gets a dirty or broken server");
    promise(is_usable(s), "nobody gets a server that has to go");
    promise(s.in_hand || !settings_.pre_ping || now_ - s.since <= settings_.pre_ping_after,
            "a server that sat idle for long is pinged before use");
    s.state = server_state::active;
    s.in_hand = false;
    s.since = now_;
    s.holder = to;
    at(to).state = client_state::holding;
    at(to).since = now_;
    ++tally_.grants;
}

void books::refuses(const action& a)
{
    promise(a.why && !a.why->message.empty(), "a refusal says why");
    promise(at(a.client).state == client_state::waiting, "only one who waits is refused");
    if (a.client == newcomer_) {
        const bool full = settings_.max_waiting > 0 && queue_.size() > settings_.max_waiting;
        promise(full || is_shut_ || (!closed_because_ && would_wait_too_long(a.client)),
                "a newcomer is refused only if the queue is full or too slow, or it is shut");
        promise(closed_because_ ? a.why->message == closed_because_->message
                                : a.why->code == sqlstate{"53300"},
                "a full queue is 53300, unless the pool is closed for a reason");
        queue_.pop_back();
        ++tally_.turned_away;
    } else if (in_shut_) {
        promise(queue_.front() == a.client, "those who wait are refused in their order");
        promise(a.why->message == closed_because_->message, "and hear why the pool is shut");
        queue_.pop_front();
        ++tally_.turned_away;
    } else {
        promise(in_tick_ && queue_.front() == a.client &&
                    now_ - at(a.client).since >= settings_.timeout,
                "a waiter is refused at its deadline and not before");
        promise(closed_because_ ? a.why->message == closed_because_->message
                : is_down()     ? a.why->message == last_login_error_->message
                                : a.why->code == sqlstate{"53300"},
                "a timeout is 53300, or says why the pool is closed or the backend down");
        queue_.pop_front();
        ++tally_.timeouts;
    }
    at(a.client).state = client_state::resting;
}

// What the pool kept silent about: the server has become idle, the newcomer waits.
void books::settle()
{
    if (in_hand_ && at(*in_hand_).in_hand) {
        server& s = at(*in_hand_);
        promise(!s.broken, "what broke is closed");
        promise(!s.dirty, "what is dirty is reset or closed");
        promise(is_usable(s), "what has to go is closed when it comes back");
        s.state = server_state::idle;
        s.in_hand = false;
        s.since = now_;
    }
    if (newcomer_ && at(*newcomer_).state == client_state::waiting)
        promise(settings_.max_waiting == 0 || queue_.size() <= settings_.max_waiting,
                "the queue takes no more than max_waiting");
    promise(!is_shut_ || queue_.empty(), "nobody waits at a shut pool");
    in_hand_.reset();
    newcomer_.reset();
    in_shut_ = false;
}

// ---- Whether the books balance.

void books::compare_with(const pool& it)
{
    const pool_stats n = it.stats();
    promise(n.idle == count(server_state::idle), "the idle are counted");
    promise(n.active == count(server_state::active), "the active are counted");
    promise(n.pinned == count(server_state::pinned), "the pinned are counted");
    promise(n.connecting == count(server_state::connecting), "the connecting are counted");
    promise(n.resetting == count(server_state::resetting) + count(server_state::pinging),
            "the resetting are counted");
    promise(n.waiting == queue_.size(), "the waiting are counted");
    promise(n.size == settings_.size && n.max_overflow == settings_.max_overflow,
            "the limits are those set");
    promise(n.grants == tally_.grants && n.grants == n.checkout_seconds.count(),
            "grants are counted");
    promise(n.hold_seconds.count() == n.grants - n.active, "every hold that ended is counted");
    promise(n.timeouts == tally_.timeouts && n.turned_away == tally_.turned_away &&
                n.gave_up == tally_.gave_up,
            "every waiter is granted, refused or gone, once");
    promise(n.logins_ok == tally_.logins_ok && n.logins_failed == tally_.logins_failed &&
                n.connect_seconds.count() == n.logins_ok,
            "logins are counted");
    promise(n.pings == tally_.pings && n.resets == tally_.resets, "checks are counted");
    promise(n.closes == tally_.closes, "closes are counted by reason");

    for (std::uint32_t i = 0; i < servers_.size(); ++i)
        promise(it.state(server_id{i}) == servers_[i].state, "a server is where it should be");
    for (std::uint32_t i = 0; i < clients_.size(); ++i)
        promise(it.is_waiting(client_id{i}) == (clients_[i].state == client_state::waiting),
                "a client waits in the pool exactly if it waits");
    promise(queue_.empty() ? !n.waiting_since : n.waiting_since == at(queue_.front()).since,
            "the oldest wait is that of who came first");
    promise(it.is_up() == (has_connected() || (ever_logged_in_ && !last_login_error_)),
            "the pool is up exactly if something is connected or the last login succeeded");
    promise(it.is_in_doubt() == (!has_connected() && (last_login_error_ || last_server_broke_)),
            "it is in doubt exactly if nothing is connected, and something broke before that");

    promise(it.is_open() == !closed_because_, "it is open until paused or shut, and after resume");
    promise(it.is_quiet() == (count(server_state::active) == 0), "it is quiet if nobody holds");
    if (std::exchange(decides_, true) && !closed_because_)
        check_that_nobody_waits_in_vain();
    if (in_tick_)
        check_what_a_tick_leaves();
    in_tick_ = false;
}

void books::check_that_nobody_waits_in_vain() const
{
    promise(queue_.size() <= count(server_state::pinging) || count(server_state::idle) == 0,
            "nobody waits while a server is idle");
    const bool may_open = total() < limit() && count(server_state::connecting) < 4 &&
                          (!logins_fail_ || now_ - knocked_ >= 500ms);
    promise(queue_.size() <= under_way() || !may_open, "nobody waits while one may be opened");
}

void books::check_what_a_tick_leaves() const
{
    promise(queue_.empty() ||
                now_ - clients_[static_cast<std::size_t>(queue_.front())].since < settings_.timeout,
            "nobody waits for longer than the timeout");
    for (const client& c : clients_)
        promise(c.state != client_state::waiting || now_ - c.since < 5s || c.noticed,
                "whoever waits for long has been told");
    for (const server& s : servers_) {
        if (s.state != server_state::idle)
            continue;
        promise(is_usable(s), "nothing idle has to go");
        promise(total() <= size() || now_ - s.since < settings_.overflow_linger,
                "nothing idles beyond size for longer than the linger");
        promise(settings_.idle_timeout == 0s || now_ - s.since < settings_.idle_timeout ||
                    count(server_state::idle) <= settings_.min_idle,
                "nothing idles beyond min_idle for longer than idle_timeout");
    }
    const bool may_open = total() < size() && count(server_state::connecting) < 4 &&
                          (!logins_fail_ || now_ - knocked_ >= 5s);
    promise(count(server_state::idle) + under_way() >= settings_.min_idle + queue_.size() ||
                !may_open || closed_because_,
            "min_idle servers are kept");
    const bool may_seek = total() < limit() && (!logins_fail_ || now_ - knocked_ >= 5s);
    promise(!lacks_what_it_seeks() || !may_seek || closed_because_, "a server is sought");
}

// ---- Small questions.

std::vector<server_id> books::servers_that_are(server_state state) const
{
    std::vector<server_id> found;
    for (std::uint32_t i = 0; i < servers_.size(); ++i)
        if (servers_[i].state == state)
            found.push_back(server_id{i});
    return found;
}

std::vector<client_id> books::clients_that_rest() const
{
    std::vector<client_id> found;
    for (std::uint32_t i = 0; i < clients_.size(); ++i)
        if (clients_[i].state == client_state::resting)
            found.push_back(client_id{i});
    return found;
}

books::server& books::at(server_id id)
{
    const auto i = static_cast<std::size_t>(id);
    if (i >= servers_.size())
        servers_.resize(i + 1);
    return servers_[i];
}

bool books::is_usable(const server& s) const
{
    return !s.retired && total() <= limit() && !is_too_old(s);
}

bool books::is_too_old(const server& s) const
{
    return settings_.recycle >= 0s && now_ - s.born > settings_.recycle;
}

unsigned books::count(server_state state) const
{
    return static_cast<unsigned>(
        std::count_if(servers_.begin(), servers_.end(), [state](const server& s) {
            return s.state == state;
        }));
}

unsigned books::total() const
{
    return static_cast<unsigned>(servers_.size()) - count(server_state::closed);
}

unsigned books::under_way() const
{
    return count(server_state::connecting) + count(server_state::pinging) +
           count(server_state::resetting);
}

unsigned books::size() const
{
    return settings_.size == 0 ? std::numeric_limits<unsigned>::max() : settings_.size;
}

bool books::lacks_what_it_seeks() const
{
    return seeks_server_ && count(server_state::idle) + under_way() == 0;
}

unsigned books::limit() const
{
    return settings_.size == 0 || settings_.max_overflow < 0
               ? std::numeric_limits<unsigned>::max()
               : settings_.size + static_cast<unsigned>(settings_.max_overflow);
}

bool books::is_down() const { return last_login_error_ && !has_connected(); }

bool books::has_connected() const { return total() > count(server_state::connecting); }

} // namespace weir::test
