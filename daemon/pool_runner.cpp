#include "daemon/pool_runner.hpp"

#include "daemon/client.hpp"
#include "daemon/log.hpp"
#include "daemon/version.hpp"
#include "pool/core/refusal.hpp"
#include "pool/pgwire/writer.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <random>

namespace weir {

namespace {

constexpr std::size_t login_threads = 4; // the pool has no more logins in flight
constexpr std::size_t accepted_limit = 1000;

// For so long an answer of some server proves that the next query would be answered, too.
constexpr std::chrono::seconds proof_lasts{1};

pool::dice random_dice()
{
    return [engine = std::mt19937_64{std::random_device{}()}]() mutable {
        return std::uniform_real_distribution<double>{0, 1}(engine);
    };
}

} // namespace

pool_runner::pool_runner(std::string name,
                         std::shared_ptr<backend> behind,
                         const pool_settings& settings,
                         event_loop& loop,
                         pool_events& events,
                         traits what)
    : name_(std::move(name)), behind_(std::move(behind)),
      pool_(settings, random_dice(), [&events](client_id c) { return events.name_of(c); }),
      what_(what), rules_(pgwire::rules_of(settings, what.is_session_lane)), loop_(loop),
      events_(events), sampler_(random_dice()), logins_(login_threads), cancels_(1)
{
}

pool_runner::~pool_runner()
{
    stopping_.request_stop();
    logins_.join();
    cancels_.join();
}

backend_snapshot pool_runner::snapshot() const
{
    const auto& why = pool_.last_login_error();
    return {.name = name_,
            .made_at = made_at_,
            .address = what_.address,
            .is_session_lane = what_.is_session_lane,
            .is_paused = is_paused_by_operator(),
            .is_disabled = is_disabled_,
            .is_quiet = pool_.is_quiet(),
            .has_retired = pool_.has_retired(),
            .clients = clients_,
            .is_up = pool_.is_up(),
            .down_because = why ? why->message : std::string{},
            .pool = pool_.stats(),
            .traffic = traffic_,
            .listener_pid = listener_pid_};
}

void pool_runner::note_query(const pgwire::statement_note& what,
                             time_point::duration took,
                             time_point::duration waited)
{
    sampler_.count();
    if (what.keeps_whole())
        sampler_.add({.sql = what.whole(),
                      .took = took,
                      .waited = waited,
                      .rows = what.rows(),
                      .calls = what.calls()});
}

pgwire::liberties pool_runner::liberties(time_point now) const
{
    return {.probes = pool_.settings().free_answers && now - answered_ < proof_lasts,
            .hold_back = pool_.settings().hold_back_begin && !rules_.is_session_lane};
}

server* pool_runner::acquire(client_id client,
                             process_index of,
                             time_point now,
                             const pgwire::settings_ptr& wanted)
{
    const auto granted =
        pool_.acquire(client, of, now, todo_, reinterpret_cast<likeness>(wanted.get()));
    return granted ? &at(*granted) : nullptr;
}

void pool_runner::give_up(client_id client, time_point now)
{
    if (pool_.is_waiting(client)) // else the answer is among the actions already
        pool_.give_up(client, now, todo_);
}

void pool_runner::release(server& s, bool dirty, time_point now)
{
    s.holder = nullptr;
    s.doing = server::errand::none;
    s.replies.detach();
    s.left.anything = s.left.anything || dirty;
    switch (pool_.settings().reset) {
    case reset_policy::when_dirty: break;
    case reset_policy::always: s.left.anything = true; break;
    case reset_policy::never: s.left = {}; break;
    }
    note(s);
    if (s.left.are_for_good())
        pool_.abandon(s.id, close_reason::reset, now, todo_);
    else
        pool_.release(s.id, !s.left.empty(), now, todo_);
    unpin(s);
}

void pool_runner::pin(server& s, pgwire::state_set why, time_point now)
{
    if (why == s.replies.pinned())
        return;
    if (s.replies.pinned().empty())
        pool_.pin(s.id, now);
    (why - s.replies.pinned()).each([&](pgwire::state_kind kind) {
        ++traffic_.pins[static_cast<std::size_t>(kind)];
    });
    s.replies.set_pinned(why);
    tell_who_has_pins();
}

void pool_runner::unpin(server& s)
{
    if (s.replies.pinned().empty())
        return;
    s.replies.set_pinned({});
    tell_who_has_pins();
}

// Said to those who are refused a pin.
void pool_runner::tell_who_has_pins()
{
    constexpr unsigned named = 5;
    rules_.pins_are_full.clear();
    if (pool_.pinned() < pool_.settings().pin_limit())
        return;
    unsigned count = 0;
    std::string who;
    for (const auto& s : servers_) {
        if (!s || !s->holder || s->replies.pinned().empty() || ++count > named)
            continue;
        who += (who.empty() ? "" : ", ") + ("process " + std::to_string(s->holder->pid));
        s->replies.pinned().each(
            [&](pgwire::state_kind kind) { who.append(" ").append(to_string(kind)); });
    }
    rules_.pins_are_full = "Kept are " + std::to_string(pool_.pinned()) + ": " + who +
                           (count > named ? " and others." : ".");
}

void pool_runner::note(server& s)
{
    pool_.note(s.id, reinterpret_cast<likeness>(s.settings.get()));
}

void pool_runner::abandon(server& s, close_reason why, time_point now)
{
    s.holder = nullptr;
    pool_.abandon(s.id, why, now, todo_);
    unpin(s);
}

void pool_runner::lost(server& s, time_point now)
{
    log::info("a server went away", {{"backend", name_}, {"server", static_cast<unsigned>(s.id)}});
    pool_.lost(s.id, now, todo_);
}

void pool_runner::errand_done(server& s, bool ok, time_point now)
{
    if (s.doing == server::errand::reset && s.left.include_settings())
        s.settings = registry_.intern(pgwire::tracked_settings(s.link->parameters()));
    s.left = {};
    s.doing = server::errand::none;
    note(s);
    pool_.checked(s.id, ok, now, todo_);
}

// PostgreSQL's cancel is a connection of its own and blocks, so it is asked for elsewhere. Until it
// is over, whoever the server is given to could be the one who is cancelled.
void pool_runner::cancel(server& s)
{
    if (s.cancelling)
        return;
    s.cancelling = true;
    ++under_way_;
    boost::asio::post(cancels_, [this, link = s.link, id = s.id] {
        const auto asked = link->cancel();
        loop_.post([this, link, id, asked] {
            --under_way_;
            if (!asked)
                log::warning("a cancel request failed",
                             {{"backend", name_}, {"error", asked.error().message}});
            const auto slot = static_cast<std::size_t>(id);
            if (slot < servers_.size() && servers_[slot] && servers_[slot]->link == link)
                events_.cancelled(*servers_[slot]);
        });
    });
}

pgwire::settings_ptr pool_runner::accepted_settings(const pgwire::settings_ptr& asked) const
{
    const auto found = accepted_.find(asked);
    return found == accepted_.end() ? nullptr : found->second;
}

std::string_view pool_runner::greeting(const pgwire::settings_ptr& settings)
{
    if (greeted_ == settings)
        return greeting_;
    greeted_ = settings;
    greeting_.clear();
    pgwire::message{greeting_, 'R'}.u32(
        0); // AuthenticationOk: the socket's rights are the password
    for (const auto& [name, value] : reported_) {
        const auto own = settings->find(pgwire::lower(name));
        pgwire::write_parameter_status(greeting_,
                                       name,
                                       own == settings->end() ? value : own->second);
    }
    pgwire::write_parameter_status(greeting_, "weir_version", version());
    pgwire::write_parameter_status(greeting_,
                                   "pool_mode",
                                   what_.is_session_lane ? "session" : "transaction");
    return greeting_;
}

void pool_runner::accept_settings(pgwire::settings_ptr asked, pgwire::settings_ptr in_its_words)
{
    if (accepted_.size() >= accepted_limit)
        accepted_.clear(); // clients with ever new settings: each is tried again
    accepted_[std::move(asked)] = std::move(in_its_words);
}

// Until a first server has logged in nobody knows what clients are to be told at startup; and
// whoever heeds /readyz sends no client to a backend that is down, so it has to come up without.
void pool_runner::tick(time_point now)
{
    pool_.seek_server(!what_.is_session_lane && (!knows_servers_ || pool_.is_in_doubt()));
    pool_.tick(now, todo_);
    if (!earlier_.empty() && !pool_.has_retired())
        earlier_.clear();
}

void pool_runner::reload(const pool_settings& settings, time_point now)
{
    pool_.reload(settings, now, todo_);
    rules_ = pgwire::rules_of(settings, what_.is_session_lane);
    tell_who_has_pins();
}

void pool_runner::retire_all(close_reason why, time_point now)
{
    events_.tell_time(now);
    pool_.retire_all(why, now, todo_);
    carry_out(now);
    if (lane_)
        lane_->retire_all(why, now);
}

void pool_runner::pause(error why)
{
    if (lane_)
        lane_->pause(why);
    gate_is_closed_ = true;
    pool_.pause(std::move(why));
}

void pool_runner::shut(error why, time_point now)
{
    if (lane_)
        lane_->shut(why, now);
    events_.tell_time(now);
    gate_is_closed_ = true;
    pool_.shut(std::move(why), todo_);
    carry_out(now);
}

void pool_runner::resume(time_point now)
{
    events_.tell_time(now);
    gate_is_closed_ = false;
    if (operators_pause_)
        pool_.pause(*operators_pause_);
    else
        pool_.resume(now, todo_);
    carry_out(now);
    if (lane_)
        lane_->resume(now);
}

void pool_runner::pause_for_operator(error why)
{
    if (lane_)
        lane_->pause_for_operator(why);
    if (!gate_is_closed_)
        pool_.pause(why);
    operators_pause_ = std::move(why);
}

void pool_runner::resume_for_operator(time_point now)
{
    operators_pause_.reset();
    if (!gate_is_closed_)
        resume(now);
    if (lane_)
        lane_->resume_for_operator(now);
}

void pool_runner::disable(bool yes)
{
    is_disabled_ = yes;
    if (lane_)
        lane_->disable(yes);
}

void pool_runner::readdress(std::shared_ptr<backend> behind, backend_address to, time_point now)
{
    earlier_.push_back(std::exchange(behind_, std::move(behind)));
    what_.address = std::move(to);
    stopping_.request_stop(); // where nobody may be answering
    stopping_ = {};
    knows_servers_ = false;
    accepted_.clear();
    note_loss();
    events_.tell_time(now);
    pool_.retire_all(close_reason::reload, now, todo_);
    carry_out(now);
}

void pool_runner::retire(time_point now)
{
    is_retired_ = true;
    const error why = by_administrator("backend \"" + name_ + "\" is in the settings no more.");
    stopping_.request_stop();
    events_.tell_time(now);
    pool_.shut(why, todo_);
    pool_.retire_all(close_reason::reload, now, todo_);
    carry_out(now);
}

bool pool_runner::is_empty() const
{
    return clients_ == 0 && under_way_ == 0 && pool_.stats().total() == 0;
}

void pool_runner::carry_out(time_point now)
{
    while (!todo_.empty()) { // what an action leads to comes after the actions already decided
        doing_.swap(todo_);
        for (action& what : doing_)
            carry_out(what, now);
        doing_.clear();
    }
}

void pool_runner::carry_out(action& what, time_point now)
{
    switch (what.kind) {
    case action::open: return log_in(what.server);
    case action::close: return close(what.server, what.reason);
    case action::ping:
    case action::reset: {
        server& s = at(what.server);
        s.doing = what.kind == action::ping ? server::errand::ping : server::errand::reset;
        s.since = now;
        s.errand_failed = false;
        if (what.kind == action::reset)
            ++(s.left.anything ? traffic_.full_resets : traffic_.targeted_resets);
        return events_.run_errand(s);
    }
    case action::grant: return events_.granted(what.client, at(what.server));
    case action::refuse: return events_.refused(what.client, *what.why);
    case action::notice: return events_.noticed(what.client, *what.why);
    }
}

void pool_runner::log_in_apart(std::function<void(login_outcome&)> then)
{
    ++under_way_;
    boost::asio::post(logins_,
                      [this,
                       then = std::move(then),
                       at = behind_,
                       timeout = pool_.settings().connect_timeout,
                       stop = stopping_.get_token()]() mutable {
                          auto outcome = std::make_shared<login_outcome>(at->log_in(timeout, stop));
                          loop_.post([this, then = std::move(then), at, outcome] {
                              --under_way_;
                              if (at != behind_)
                                  log_in_apart(then); // not there any more
                              else
                                  then(*outcome);
                          });
                      });
}

void pool_runner::log_in(server_id id)
{
    log_in_apart([this, id](login_outcome& outcome) { on_login(id, outcome); });
}

void pool_runner::on_login(server_id id, login_outcome& outcome)
{
    const time_point now = std::chrono::steady_clock::now();
    events_.tell_time(now);
    if (!outcome) {
        if (const auto held_back = complaints_.pass(now))
            log::warning("login failed",
                         {{"backend", name_},
                          {"address", behind_->address()},
                          {"sqlstate", outcome.error().code.text()},
                          {"error", outcome.error().message},
                          {"unsaid", *held_back}});
        note_loss();
        pool_.login_failed(id, outcome.error(), now, todo_);
        return carry_out(now);
    }
    const auto slot = static_cast<std::size_t>(id);
    if (slot >= servers_.size())
        servers_.resize(slot + 1);
    servers_[slot] = std::make_unique<server>(*this, id, std::move(*outcome));
    server& s = *servers_[slot];
    s.settings = registry_.intern(pgwire::tracked_settings(s.link->parameters()));
    if (!std::exchange(knows_servers_, true)) {
        reported_ = s.link->parameters();
        greeted_.reset();
        login_settings_ = s.settings;
        log::info("backend is up", {{"backend", name_}, {"address", behind_->address()}});
    }
    note(s);
    events_.arrived(s);
    pool_.logged_in(id, now, todo_);
    carry_out(now);
}

void pool_runner::close(server_id id, close_reason why)
{
    log::debug(
        "server closed",
        {{"backend", name_}, {"server", static_cast<unsigned>(id)}, {"reason", to_string(why)}});
    events_.leaves(std::move(servers_[static_cast<std::size_t>(id)]));
}

} // namespace weir
