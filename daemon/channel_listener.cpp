#include "daemon/channel_listener.hpp"

#include "daemon/log.hpp"
#include "pool/core/backoff.hpp"
#include "pool/pgwire/writer.hpp"

#include <algorithm>
#include <array>

namespace weir {

namespace {

using namespace std::chrono_literals;

constexpr int reads_per_turn = 8;
constexpr std::size_t chunk = 16 * 1024;
constexpr std::size_t longest_message = 1 << 20; // a notification has some 8 kB

constexpr auto close_after = 60s;   // without a channel
constexpr auto ask_after = 30s;     // of silence: is it still there?
constexpr auto answer_within = 10s; // or else it is not
constexpr auto retry_refused_after = 5s;

// A server that ends idle sessions would end this one, whose business is to be idle.
constexpr std::string_view set_up =
    "SELECT pg_catalog.set_config('application_name', 'weir: LISTEN', false);"
    "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings"
    " WHERE name = 'idle_session_timeout'";

pgwire::board_client number(client_id id) { return static_cast<pgwire::board_client>(id); }

error error_of(std::string_view message)
{
    error e{"XX000", {}};
    pgwire::field_reader fields{pgwire::as_bytes(message.substr(pgwire::header_size))};
    while (const char field = static_cast<char>(fields.u8())) {
        const std::string_view value = fields.text();
        switch (field) {
        case 'C': e.code = sqlstate::from(value); break;
        case 'M': e.message = value; break;
        case 'D': e.detail = value; break;
        case 'H': e.hint = value; break;
        default: break;
        }
    }
    return e;
}

pgwire::notification_ptr notice_of_a_gap()
{
    auto n = std::make_shared<pgwire::notification>();
    pgwire::write_error(n->message,
                        {"01000",
                         "notifications may have been missed",
                         "The connection that listens for all clients was lost, and is back."},
                        pgwire::severity::notice);
    return n;
}

} // namespace

channel_listener::channel_listener(pool_runner& home, epoll_set& epoll, channel_events& events)
    : endpoint(kind::channels), home_(home), epoll_(epoll), events_(events)
{
}

bool channel_listener::has_room_for(client_id who, std::span<const std::string> channels) const
{
    return board_.has_room_for(number(who), channels.size());
}

bool channel_listener::want(client_id who, std::span<const std::string> channels, time_point now)
{
    board_.want(number(who), channels);
    act(now);
    if (board_.is_ready(number(who)))
        return true;
    waiters_.push_back({who, now + home_.books().settings().timeout});
    return false;
}

void channel_listener::keep(client_id who, const pgwire::channel_set& channels, time_point now)
{
    board_.keep(number(who), channels);
    act(now);
}

void channel_listener::leave(client_id who, time_point now)
{
    give_up(who);
    keep(who, {}, now);
}

void channel_listener::give_up(client_id who)
{
    std::erase_if(waiters_, [&](const waiter& w) { return w.who == who; });
    std::erase(echoes_, who);
    std::erase(echoes_asked_, who);
}

// A server tells its notifications before it answers what it is asked after their COMMIT.
bool channel_listener::echo(client_id who, time_point now)
{
    if (!link_ || setting_up_)
        return false;
    std::erase(echoes_asked_, who); // that was asked too early
    echoes_.push_back(who);
    act(now);
    return true;
}

// Those of whom this is true wait no more.
template <class Claim>
std::vector<client_id> channel_listener::take_waiters(Claim is_true)
{
    std::vector<client_id> taken;
    std::erase_if(waiters_, [&](const waiter& w) {
        if (!is_true(w))
            return false;
        taken.push_back(w.who);
        return true;
    });
    return taken;
}

// Whatever is to be done next.
void channel_listener::act(time_point now)
{
    if (board_.is_needed())
        needed_at_ = now;
    if (!link_)
        return board_.is_needed() && !logging_in_ && now >= retry_at_ ? log_in(now) : void();
    if (asked_)
        return;
    if (const std::string sql = board_.next_statements(); !sql.empty() || !echoes_.empty())
        ask(sql, now);
}

void channel_listener::tick(time_point now)
{
    if (now - refused_at_ >= retry_refused_after) {
        refused_at_ = now;
        board_.retry_failed();
    }
    if (link_ && asked_ && now - asked_at_ >= answer_within)
        lose("it did not answer in time", now);
    else if (link_ && !asked_ && !board_.is_needed() && now - needed_at_ >= close_after)
        close();
    else if (link_ && !asked_ && now - heard_at_ >= ask_after)
        ask("", now);
    act(now);

    const auto late = take_waiters([&](const waiter& w) { return w.until <= now; });
    const error why = last_error_.value_or(
        error{"08001", "the connection that listens for all clients did not come in time"});
    for (const client_id who : late)
        events_.channels_refused(who, why);
}

// --- its life -------------------------------------------------------------------------------

void channel_listener::log_in(time_point)
{
    logging_in_ = true;
    home_.log_in_apart([this](pool_runner::login_outcome& outcome) { on_login(outcome); });
}

void channel_listener::on_login(pool_runner::login_outcome& outcome)
{
    const time_point now = std::chrono::steady_clock::now();
    logging_in_ = false;
    if (!outcome) {
        last_error_ = outcome.error();
        ++failed_logins_;
        const bool waited_for = !waiters_.empty();
        const double chance = std::uniform_real_distribution<double>{0, 1}(random_);
        retry_at_ =
            now + reconnect_delay(failed_logins_,
                                  waited_for ? longest_pause_while_waited_for : longest_pause,
                                  chance);
        if (const auto held_back = complaints_.pass(now))
            log::warning("the connection that listens: login failed",
                         {{"backend", home_.name()},
                          {"error", outcome.error().message},
                          {"unsaid", *held_back}});
        return;
    }
    failed_logins_ = 0;
    last_error_.reset();
    link_ = std::move(*outcome);
    home_.note_listener(link_->process_id());
    heard_at_ = now;
    epoll_.add(link_->descriptor(), *this);
    setting_up_ = true;
    ask(set_up, now);
    log::info("listening", {{"backend", home_.name()}, {"address", home_.behind()->address()}});
}

void channel_listener::readdress(time_point now)
{
    retry_at_ = {};
    if (link_)
        lose("the backend has another address", now);
    act(now);
}

void channel_listener::close()
{
    epoll_.remove(link_->descriptor());
    link_.reset();
    home_.note_listener(0);
    ended = false;
    asked_ = false;
    setting_up_ = false;
    failure_.reset();
    partial_.clear();
    out_ = {};
}

void channel_listener::lose(std::string_view why, time_point now)
{
    log::warning("the connection that listens was lost",
                 {{"backend", home_.name()}, {"why", why}, {"channels", board_.listened()}});
    close();
    board_.lost();
    retry_at_ = now + reconnect_delay(1, longest_pause, 0.0); // it may be back; if not, later
    for (auto* const waiting : {&echoes_asked_, &echoes_})
        for (const client_id who : std::exchange(*waiting, {}))
            events_.echoed(who);
}

void channel_listener::ask(std::string_view sql, time_point now)
{
    asked_ = true;
    asked_at_ = now;
    echoes_asked_ = std::exchange(echoes_, {});
    std::string words;
    pgwire::write_query(words, sql);
    out_.keep({words, {}}, 0);
    flush();
}

void channel_listener::flush()
{
    while (!out_.empty()) {
        const io_result r = link_->write(gathered{out_.front()}.pieces());
        if (r.bytes == 0) {
            epoll_.want_writability(link_->descriptor(), *this, true);
            return; // only the read side tells that it is gone
        }
        out_.sent(r.bytes);
    }
}

// --- what it says ---------------------------------------------------------------------------

bool channel_listener::on_event(std::uint32_t events, time_point now)
{
    if (!link_)
        return false; // of the connection that was
    if ((events & EPOLLOUT) && !out_.empty()) {
        flush();
        if (out_.empty())
            epoll_.want_writability(link_->descriptor(), *this, false);
    }
    const bool more = read(now);
    for (const client_id who : std::exchange(touched_, {}))
        events_.deliver(who);
    return more;
}

bool channel_listener::read(time_point now)
{
    for (int turn = 0; turn < reads_per_turn; ++turn) {
        std::array<char, chunk> room;
        const io_result got = link_->read(std::as_writable_bytes(std::span{room}));
        if (got.bytes > 0) {
            heard_at_ = now;
            partial_.append(room.data(), got.bytes);
            std::size_t used = 0;
            const bool trusted = take_in(partial_, used, now);
            if (!link_)
                return false;
            if (!trusted) {
                lose("it sent what is not the PostgreSQL protocol", now);
                return false;
            }
            partial_.erase(0, used);
        }
        if (got.status == io_status::closed) {
            lose(failure_ ? failure_->message : "the server closed it", now);
            return false;
        }
        if (got.status == io_status::blocked && (got.bytes == 0 || !ended))
            return false;
    }
    return true;
}

bool channel_listener::take_in(std::string_view data, std::size_t& used, time_point now)
{
    pgwire::frame_header h;
    for (;;) {
        const std::string_view rest = data.substr(used);
        switch (pgwire::scan_header(pgwire::as_bytes(rest), h, longest_message)) {
        case pgwire::scan_status::need_more: return true;
        case pgwire::scan_status::malformed: return false;
        case pgwire::scan_status::frame: break;
        }
        if (h.size() > rest.size())
            return true;
        used += h.size();
        if (!judge(h.type, rest.substr(0, h.size()), now))
            return false;
    }
}

bool channel_listener::judge(char type, std::string_view message, time_point now)
{
    switch (type) {
    case 'A': on_notification(message); return true;
    case 'E': failure_ = error_of(message); return true;
    case 'Z':
        if (asked_)
            on_answered(now);
        return true;
    case 'C':
    case 'D':
    case 'I':
    case 'N':
    case 'S':
    case 'T': return true;
    default: return false;
    }
}

void channel_listener::on_notification(std::string_view message)
{
    pgwire::field_reader fields{pgwire::as_bytes(message.substr(pgwire::header_size))};
    fields.u32(); // who notified
    const std::string_view channel = fields.text();
    const auto& listeners = board_.listeners(channel);
    if (listeners.empty())
        return;
    const auto n = std::make_shared<const pgwire::notification>(
        pgwire::notification{std::string(channel), std::string(message)});
    for (const pgwire::board_client who : listeners) {
        events_.notify(static_cast<client_id>(who), n);
        touched_.insert(static_cast<client_id>(who));
    }
}

void channel_listener::on_answered(time_point now)
{
    asked_ = false;
    const auto echoes = std::exchange(echoes_asked_, {});
    const auto failed = std::exchange(failure_, {});
    if (std::exchange(setting_up_, false)) {
        if (failed)
            log::warning("the connection that listens: a setting was refused",
                         {{"backend", home_.name()}, {"error", failed->message}});
    } else if (failed) {
        refused_at_ = now;
        refuse(board_.failed(), *failed);
    } else {
        board_.done();
        tell_missed();
        grant_waiters();
    }
    for (const client_id who : echoes)
        events_.echoed(who);
    if (link_)
        act(now);
}

// Those that waited hear of it; others that listened before a reconnection wait for a better time.
void channel_listener::refuse(const pgwire::notification_board::clients& whom, const error& why)
{
    const auto told = take_waiters([&](const waiter& w) { return whom.contains(number(w.who)); });
    if (!whom.empty())
        log::warning("LISTEN was refused",
                     {{"backend", home_.name()}, {"clients", whom.size()}, {"error", why.message}});
    for (const client_id who : told)
        events_.channels_refused(who, why);
}

void channel_listener::grant_waiters()
{
    const auto ready =
        take_waiters([&](const waiter& w) { return board_.is_ready(number(w.who)); });
    for (const client_id who : ready)
        events_.channels_granted(who);
}

void channel_listener::tell_missed()
{
    const auto missed = board_.take_missed();
    if (missed.empty())
        return;
    const auto notice = notice_of_a_gap();
    for (const pgwire::board_client who : missed) {
        events_.notify(static_cast<client_id>(who), notice);
        touched_.insert(static_cast<client_id>(who));
    }
}

} // namespace weir
