// The way down: leases, the bytes that a server answers with, and what it owes.
#include "daemon/log.hpp"
#include "daemon/relay.hpp"
#include "pool/pgwire/writer.hpp"

#include <cassert>
#include <cstring>

namespace weir {

namespace {

constexpr int reads_per_turn = 8;
constexpr std::size_t chunk = 64 * 1024;

bool is_seen(const pgwire::reply& r) // by the client
{
    switch (r.kind) {
    case pgwire::reply_kind::forward:
    case pgwire::reply_kind::replace: return true;
    case pgwire::reply_kind::parameter:
    case pgwire::reply_kind::failure: return r.for_client;
    default: return false;
    }
}

} // namespace

void relay::arrived(server& s)
{
    s.connected_at = now_;
    epoll_.add(s.link->descriptor(), s);
}

void relay::leaves(std::unique_ptr<server> s)
{
    epoll_.remove(s->link->descriptor());
    s->closed = true;
    dismiss_askers(*s);
    std::erase(again_, s.get());
    suspended_.erase(s.get());
    left_.push_back(std::move(s));
}

// From now on the server is the client's. Its settings go first, in the write of the client's own
// message; in the steady state they agree, and nothing is sent.
void relay::lease(client& c, server& s)
{
    assert(up_.empty()); // or another's words would go first
    c.held = &s;
    s.holder = &c;
    s.since = s.held_since = s.working_since = now_;
    s.waited = now_ - c.asked_at;
    s.replies.attach(c.session.names());
    s.replies.note().keep_whole(s.home.draws_sample());
    if (s.settings == c.settings)
        return;
    const std::string sql = pgwire::replay(*s.settings, *c.settings);
    const bool must_wait = pgwire::differ_in_identity(*s.settings, *c.settings);
    s.settings = c.settings;
    if (sql.empty())
        return;
    s.replies.expect_swallowed(pgwire::request::query);
    pgwire::write_query(up_.rewritten(), sql);
    if (!must_wait)
        return;
    s.doing = server::errand::identity;
    send(s, up_.view());
    up_.clear();
}

void relay::on_server(server& s, std::uint32_t events)
{
    s.leaves = s.leaves || s.ended;
    if (!s.out.empty())
        flush(s);
    if (events & ~std::uint32_t{EPOLLOUT})
        read(s, s.ended);
}

// `to_the_end`: no event will say that there is more, or that the stream has ended. What the pool
// has decided comes first: the server may be somebody's, who has not heard of it yet.
void relay::read(server& s, bool to_the_end)
{
    for (int turn = 0; turn < reads_per_turn && !s.given_up && !s.home.has_work(); ++turn) {
        if (s.holder && s.holder->out.is_full()) {
            s.read_later = true; // a slow reader stops its own server, not weir's memory
            return;
        }
        const std::size_t had = s.partial.size();
        std::memcpy(from_server_.data(), s.partial.data(), had);
        const std::span<char> room{from_server_.data() + had, chunk};
        const io_result got = s.link->read(std::as_writable_bytes(room));
        if (got.bytes > 0) {
            s.home.note_answer(now_);
            take_in(s, {from_server_.data(), had + got.bytes});
        }
        if (got.status == io_status::closed && !s.given_up)
            return on_lost(s);
        if (got.status == io_status::blocked && (got.bytes == 0 || !to_the_end))
            return;
    }
    if (!s.given_up)
        again_.push_back(&s);
}

void relay::take_in(server& s, std::string_view data)
{
    std::size_t used = 0;
    const bool trusted = judge(s, data, used);
    if (s.holder && !down_.empty())
        send(*s.holder, down_.view());
    down_.clear();
    if (!trusted)
        return broken(s, "sent what is not the PostgreSQL protocol");
    s.partial.assign(data.substr(used));
    after_answers(s);
}

// The way down, one run after the other. False when the server cannot be trusted any more.
bool relay::judge(server& s, std::string_view data, std::size_t& used)
{
    while (used < data.size()) {
        const std::string_view rest = data.substr(used);
        const pgwire::reply r = s.replies.next(pgwire::as_bytes(rest));
        const std::string_view run = rest.substr(0, r.size);
        used += r.size;
        if (s.holder && s.holder->awaits_echo && is_seen(r)) // the answer to its next request
            say_ready(*s.holder, down_.rewritten());
        switch (r.kind) {
        case pgwire::reply_kind::need_more: return true;
        case pgwire::reply_kind::malformed: return false;
        case pgwire::reply_kind::swallow: break;
        case pgwire::reply_kind::row:
            s.inventory->add(pgwire::as_bytes(run.substr(pgwire::header_size)));
            break;
        case pgwire::reply_kind::forward:
            if (r.ends_transaction && s.holder->session.channels()) {
                if (holds_back_ready(*s.holder, r.has_notified))
                    break;
                take_notifications(*s.holder, down_.rewritten());
            }
            down_.add(run);
            break;
        case pgwire::reply_kind::replace:
            count_own_error(*s.holder, r.bytes);
            down_.rewritten() += r.bytes;
            break;
        case pgwire::reply_kind::parameter: on_parameter(s, r, run); break;
        case pgwire::reply_kind::failure: on_failure(s, r, run); break;
        }
    }
    return true;
}

void relay::on_parameter(server& s, const pgwire::reply& r, std::string_view words)
{
    if (r.for_client)
        down_.add(words);
    if (!pgwire::is_tracked(r.name))
        return;
    s.settings = s.home.registry().with(s.settings, r.name, r.value);
    if (s.holder) // its SET has taken effect, or has been put into the server's own words
        s.holder->settings = s.home.registry().with(s.holder->settings, r.name, r.value);
}

void relay::on_failure(server& s, const pgwire::reply& r, std::string_view words)
{
    if (r.for_client) {
        down_.add(words);
        count_error(*s.holder, r.value);
        s.said_goodbye = s.said_goodbye || r.name == "FATAL" || r.name == "PANIC";
    } else if (s.doing == server::errand::inventory) {
        s.errand_failed = true;
        log::warning("a server does not say what its client has left",
                     {{"backend", s.home.name()}, {"sqlstate", r.value}});
    } else if (s.holder && s.replies.settled()) {
        s.leaves = true;   // its client has all its answers, and need not know
    } else if (s.holder) { // the client's own settings are refused: so is the client
        client& c = *s.holder;
        s.left.anything = true;
        count_error(c, r.value);
        part(c);
        send(c, words);
        send_away(c);
    } else {
        s.errand_failed = true;
    }
}

// Behind a Query that the server skips, since the BEGIN in front of it has failed.
void relay::add_sync(client& c)
{
    if (!c.held || !c.held->replies.wants_sync() || c.session.mid_frame())
        return;
    c.held->replies.expect(pgwire::request::sync);
    pgwire::message{up_.rewritten(), 'S'};
}

// The server has said something: is it done?
void relay::after_answers(server& s)
{
    switch (s.doing) {
    case server::errand::recover: return recover(s);
    case server::errand::ping:
    case server::errand::reset:
        if (s.replies.settled())
            s.home.errand_done(s, !s.errand_failed && !s.leaves, now_);
        return;
    case server::errand::inventory: return on_inventory(s);
    case server::errand::identity:
        if (s.replies.owes())
            return;
        s.doing = server::errand::none;
        if (s.holder->now == client::phase::settling)
            break;
        return resume(*s.holder);
    case server::errand::none: break;
    }
    if (!s.holder)
        return;
    client& c = *s.holder;
    if (s.is_asked && !s.replies.owes()) {
        s.is_asked = false;
        s.home.counted().query_time += now_ - s.since;
        if (pgwire::statement_note& note = s.replies.note(); note.take_news()) {
            s.home.note_query(note, now_ - s.since, std::exchange(s.waited, {}));
            note.keep_whole(s.home.draws_sample()); // the next, if the client keeps the server
        }
    }
    add_sync(c);
    if (!up_.empty()) {
        send(s, up_.view());
        up_.clear();
    }
    if (s.replies.settled() && s.out.empty() && !s.cancelling && !c.session.mid_frame())
        settle(c, s);
    else if (c.half_closed && !c.gated)
        finish_half_closed(c);
    if (c.gated && !(c.held && c.held->replies.must_wait())) {
        c.gated = false;
        resume(c);
    }
}

// In the steady state nothing was touched, and the server goes back at once.
void relay::settle(client& c, server& s)
{
    if (s.replies.take_begin_failed())
        c.session.fail_transaction();
    if (s.home.rules().is_session_lane)
        go_on(c, s);
    else if (s.replies.has_touched())
        account_for(c, s);
    else if (!s.replies.pinned().empty())
        go_on(c, s);
    else
        give_back(c, s);
}

void relay::give_back(client& c, server& s)
{
    c.held = nullptr;
    hand_back(s, false);
    go_on(c, s);
}

void relay::hand_back(server& s, bool dirty)
{
    if (!s.leaves)
        return s.home.release(s, dirty, now_);
    s.home.abandon(s, close_reason::error, now_);
    s.given_up = true;
}

// A cancel that was asked for is over: the server may go on to others.
void relay::cancelled(server& s)
{
    now_ = std::chrono::steady_clock::now();
    s.cancelling = false;
    dismiss_askers(s);
    client* const holder = s.holder;
    after_answers(s);
    if (holder && !holder->closed && std::exchange(holder->read_later, false))
        read(*holder, true);
    carry_out(&s.home);
    bury();
}

// Whoever asked for a cancel takes the end of its connection as the end of the cancel, as with
// PostgreSQL.
void relay::dismiss_askers(server& s)
{
    for (const auto& [id, secret] : std::exchange(s.cancel_askers, {}))
        if (client* c = find(id); c && c->secret == secret)
            let_go(*c);
}

void relay::run_errand(server& s)
{
    std::string words;
    pgwire::write_query(words,
                        s.doing == server::errand::ping ? std::string{}
                                                        : pgwire::reset_sql(s.left));
    s.replies.expect_swallowed(pgwire::request::query);
    send(s, {words, {}});
}

// Its client vanished: what runs is cancelled, what is open rolled back, and then it is as good as
// any other after a reset.
void relay::recover(server& s)
{
    std::string words;
    if (s.replies.copying_in()) { // a cancel does not wake a server that waits for CopyData
        pgwire::message{words, 'f'}.text("the client vanished");
        s.replies.expect_swallowed(pgwire::request::copy_end);
        send(s, {words, {}});
    } else if (s.replies.ignores_until_sync() && s.replies.needs_sync()) {
        pgwire::message{words, 'S'};
        s.replies.expect_swallowed(pgwire::request::sync);
        send(s, {words, {}});
    } else if (!s.replies.needs_sync() && (s.replies.owes() || s.cancelling || !s.out.empty())) {
        return; // not over yet
    } else if (!s.replies.needs_sync() && s.replies.transaction_status() == 'I') {
        hand_back(s, s.errand_failed);
    } else { // in place of a Sync, too, which would commit what its client has never ended
        pgwire::write_query(words, "ROLLBACK");
        s.replies.expect_swallowed(pgwire::request::query);
        send(s, {words, {}});
    }
}

void relay::on_lost(server& s)
{
    s.home.note_loss();
    if (s.holder && s.doing == server::errand::inventory)
        return forsake(*s.holder, s, s.inventory->subject(), "it was lost");
    if (client* c = s.holder) {
        c->held = nullptr;
        s.home.abandon(s, close_reason::error, now_);
        if (s.said_goodbye || s.replies.is_mid_answer())
            send_away(*c); // words inside half a message would be read as its other half
        else
            farewell(
                *c,
                {"08006",
                 "the server closed the connection unexpectedly",
                 "It happened while this client held it; a transaction that was open is lost."});
    } else if (s.doing == server::errand::recover) {
        s.home.abandon(s, close_reason::error, now_);
    } else {
        s.home.lost(s, now_);
    }
    s.given_up = true;
}

void relay::broken(server& s, std::string_view what)
{
    log::warning(
        "a server is dropped",
        {{"backend", s.home.name()}, {"server", static_cast<unsigned>(s.id)}, {"why", what}});
    on_lost(s);
}

void relay::send(server& s, const gathered& what)
{
    std::size_t sent = 0;
    if (s.out.empty()) {
        sent = s.link->write(what.pieces()).bytes; // only the read side tells that a server is gone
        if (sent == what.size())
            return;
        epoll_.want_writability(s.link->descriptor(), s, true);
    }
    s.out.keep(what, sent);
}

void relay::flush(server& s)
{
    while (!s.out.empty()) {
        const io_result r = s.link->write(gathered{s.out.front()}.pieces());
        if (r.bytes == 0)
            return;
        s.out.sent(r.bytes);
    }
    epoll_.want_writability(s.link->descriptor(), s, false);
    if (s.holder && std::exchange(s.holder->read_later, false))
        read(*s.holder, true);
    else
        after_answers(s);
}

} // namespace weir
