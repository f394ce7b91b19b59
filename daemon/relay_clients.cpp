// The way up: from accept to close, and the bytes between.
#include "daemon/log.hpp"
#include "daemon/relay.hpp"
#include "pool/core/gather_write.hpp"
#include "pool/pgwire/server_words.hpp"
#include "pool/pgwire/writer.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace weir {

namespace {

constexpr int accepts_per_turn = 64;
constexpr int reads_per_turn = 8; // then others have their turn

// What a client may send while it waits for a server.
constexpr std::size_t waiting_limit = 128 * 1024;
constexpr std::size_t chunk = 64 * 1024;

bool has_hung_up(int socket)
{
    pollfd p{socket, 0, 0};
    return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

error too_many_to_watch(int why)
{
    return {"53000",
            std::string("weir cannot watch another connection: ") + std::strerror(why),
            {},
            "The sysctl fs.epoll.max_user_watches limits them."};
}

} // namespace

void relay::accept_from(listening& from)
{
    if (accept_some(from.descriptor))
        again_.push_back(&from);
}

void relay::accept_the_last(int listener)
{
    now_ = std::chrono::steady_clock::now();
    while (accept_some(listener)) {
    }
}

// True: more may be waiting.
bool relay::accept_some(int listener)
{
    for (int turn = 0; turn < accepts_per_turn; ++turn) {
        const int socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) {
            if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR)
                return false;
            accept_later_ = true; // out of descriptors: those who knock wait in the backlog
            complain_of_accept(errno);
            return false;
        }
        if (free_ids_.empty()) {
            free_ids_.push_back(static_cast<client_id>(clients_.size()));
            clients_.emplace_back();
        }
        const client_id id = free_ids_.back();
        free_ids_.pop_back();
        if (enter(socket, id, static_cast<std::uint32_t>(random_()))) {
            logging_in_.push_back(static_cast<std::uint32_t>(id));
            continue;
        }
        const int why = errno;
        complain_of_accept(why);
        free_ids_.push_back(id);
        words_.clear();
        pgwire::write_error(words_, too_many_to_watch(why), pgwire::severity::fatal);
        ::send(socket, words_.data(), words_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ::close(socket);
    }
    return true;
}

void relay::complain_of_accept(int why)
{
    if (const auto unsaid = accept_complaints_.pass(now_))
        log::warning("cannot accept a client",
                     {{"error", std::strerror(why)}, {"clients", in_use_}, {"unsaid", *unsaid}});
}

// Null: it cannot be watched, errno says why, and the socket is still yours.
client* relay::enter(int socket, client_id id, std::uint32_t secret)
{
    ucred who{};
    socklen_t size = sizeof who;
    ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size);
    auto c = std::make_unique<client>(socket, id, ++serials_, secret);
    if (!epoll_.try_add(socket, *c))
        return nullptr;
    c->pid = who.pid;
    c->uid = who.uid;
    c->gid = who.gid;
    c->process = processes_.join(who.pid);
    c->connected_at = c->asked_at = now_;
    ++in_use_;
    auto& place = clients_[static_cast<std::size_t>(id)];
    place = std::move(c);
    return place.get();
}

void relay::on_client(client& c, std::uint32_t events)
{
    if (c.kept)
        c.kept->slot->say(false); // until it is seen to owe nothing again
    if (events & EPOLLOUT)
        flush(c);
    if (c.closed || !(events & ~std::uint32_t{EPOLLOUT}))
        return;
    // Whoever has hung up can get no answer, and what it has waited for never begins. What it had
    // sent before it said goodbye runs to its end.
    if ((events & (EPOLLHUP | EPOLLERR)) &&
        (c.must_be_patient() || c.now == client::phase::leaving ||
         (c.half_closed && !c.said_goodbye)))
        return drop(c);
    read(c, c.ended);
}

// A message that is sent while a cancel for the one before is still under way would be hit by it.
bool relay::must_wait(const client& c) const
{
    return c.out.is_full() || (c.held && c.held->out.is_full()) ||
           (c.held && c.held->cancelling && !c.held->replies.owes()) ||
           ((is_on_hold(c) || c.gated) && c.stash && c.stash->size() >= waiting_limit);
}

void relay::read(client& c, bool to_the_end)
{
    for (int turn = 0; turn < reads_per_turn; ++turn) {
        if (c.now == client::phase::leaving || c.half_closed)
            return;
        if (must_wait(c)) {
            c.read_later = true;
            return;
        }
        const std::size_t had = c.stash ? c.stash->size() : 0;
        if (had)
            c.stash->resize(had + chunk);
        char* const into = had ? c.stash->data() + had : from_client_.data();
        const ssize_t n = ::recv(c.socket, into, chunk, MSG_DONTWAIT);
        const int why = errno;
        const std::size_t got = n > 0 ? static_cast<std::size_t>(n) : 0;
        if (had)
            c.stash->resize(had + got);
        if (n < 0 && (why == EAGAIN || why == EINTR))
            return;
        if (n < 0)
            return drop(c);
        if (n == 0)
            return on_end_of_input(c);
        if (c.home)
            c.home->counted().bytes_in += got;
        take_in(c, had ? std::string_view{} : std::string_view{into, got});
        if (c.closed || (got < chunk && !to_the_end))
            return;
    }
    again_.push_back(&c);
}

// New bytes, which lie in the scratch buffer, or behind what was stashed before.
void relay::take_in(client& c, std::string_view fresh)
{
    if (is_on_hold(c)) {
        if (!fresh.empty())
            c.stash = put_aside(fresh);
        return;
    }
    if (!c.stash) {
        const std::size_t used = judge(c, fresh);
        if (used < fresh.size() && !c.closed)
            c.stash = put_aside(fresh.substr(used));
        return;
    }
    std::unique_ptr<std::string> held = std::move(c.stash);
    const std::size_t used = judge(c, *held);
    if (used < held->size() && !c.closed) {
        held->erase(0, used);
        c.stash = std::move(held);
    } else {
        reuse(std::move(held));
    }
}

// Where many clients wait, each transaction puts one message aside; none of them allocates.
std::unique_ptr<std::string> relay::put_aside(std::string_view bytes)
{
    if (spare_stashes_.empty())
        return std::make_unique<std::string>(bytes);
    std::unique_ptr<std::string> spare = std::move(spare_stashes_.back());
    spare_stashes_.pop_back();
    spare->assign(bytes);
    return spare;
}

void relay::reuse(std::unique_ptr<std::string> stash)
{
    constexpr std::size_t spares = 64;
    constexpr std::size_t largest = 4'096;
    if (spare_stashes_.size() < spares && stash->capacity() <= largest)
        spare_stashes_.push_back(std::move(stash));
}

// The way up, one frame after the other; answers how many bytes are done with.
std::size_t relay::judge(client& c, std::string_view data)
{
    std::size_t used = 0;
    const std::uint64_t queries_before = c.session.queries();
    answers_.clear();
    c.asked_at = now_;
    if (c.home) {
        c.session.allow(c.home->liberties(now_));
        note_activity(c);
    }
    bool more = true;
    while (more && used < data.size() && !c.closed) {
        const std::string_view rest = data.substr(used);
        if (c.now == client::phase::startup) {
            const std::size_t size = start_up(c, rest);
            used += size;
            more = size > 0;
            continue;
        }
        if (c.now != client::phase::ready || c.said_goodbye)
            break;
        if (c.console) {
            used += converse(c, rest);
            break;
        }
        words_.clear();
        if (c.held && c.session.holds_back()) // in front, in the same write
            c.session.send_begin(c.held->replies, up_.rewritten());
        const pgwire::ruling r =
            c.session.next(pgwire::as_bytes(rest), c.held ? &c.held->replies : nullptr, words_);
        used += r.size;
        switch (r.what) {
        case pgwire::verdict::need_more: more = false; break;
        case pgwire::verdict::need_server: more = ask_for_server(c); break;
        case pgwire::verdict::need_channels: more = ask_for_channels(c); break;
        case pgwire::verdict::forward: up_.add(rest.substr(0, r.size)); break;
        case pgwire::verdict::rewritten: up_.rewritten() += words_; break;
        case pgwire::verdict::answer:
            count_own_error(c, words_);
            answers_ += words_;
            break;
        case pgwire::verdict::discard: break;
        case pgwire::verdict::wait:
            c.gated = true;
            more = false;
            break;
        case pgwire::verdict::terminate:
            c.said_goodbye = true;
            c.half_closed = true;
            used = data.size();
            break;
        case pgwire::verdict::violation:
            count_own_error(c, words_);
            answers_ += words_;
            c.now = client::phase::leaving;
            break;
        }
    }
    add_sync(c);
    if (!up_.empty()) {
        c.held->since = now_;
        c.held->is_asked = true;
        if (c.held->working_since == time_point{}) // it has kept the server
            c.held->working_since = now_;
        send(*c.held, up_.view());
        up_.clear();
    }
    if (!answers_.empty())
        send(c, answers_);
    answers_.clear();
    if (c.home)
        c.home->counted().queries += c.session.queries() - queries_before;
    if (c.now == client::phase::leaving)
        send_away(c);
    else if (c.half_closed)
        last_word(c);
    after_channels(c);
    return used;
}

bool relay::ask_for_server(client& c)
{
    server* s = c.home->acquire(c.id, c.process, now_, c.settings);
    c.waiting = !s;
    if (s)
        lease(c, *s);
    return !is_on_hold(c);
}

void relay::granted(client_id id, server& s)
{
    client* c = find(id);
    if (!c || !c->waiting) // it left after the pool had decided
        return s.home.release(s, false, now_);
    c->waiting = false;
    if (c->now == client::phase::settling) {
        if (needs_settling(*c))
            return try_settings(*c, s);
        s.home.release(s, false, now_);
        welcome(*c);
    } else {
        lease(*c, s);
    }
    resume(*c);
}

void relay::refused(client_id id, const error& why)
{
    client* c = find(id);
    if (!c || !c->waiting)
        return;
    c->waiting = false;
    if (has_to_leave(*c))
        return farewell(*c, reason_to_leave(*c->home));
    if (c->now == client::phase::settling)
        return farewell(*c, why);
    log::info("a client got no server",
              {{"backend", c->home->name()},
               {"client", processes_.name(c->process)},
               {"why", why.message},
               {"detail", why.detail}});
    refuse(*c, why);
    resume(*c);
}

void relay::noticed(client_id id, const error& why)
{
    client* c = find(id);
    if (!c || !c->waiting || c->now == client::phase::settling) // at startup none is expected
        return;
    words_.clear();
    pgwire::write_error(words_, why, pgwire::severity::notice);
    send(*c, words_);
}

std::string relay::name_of(client_id id)
{
    const client* c = find(id);
    return c ? processes_.name(c->process) : std::string{};
}

// The request that waited is answered with an error; the client stays.
void relay::refuse(client& c, const error& why)
{
    words_.clear();
    const pgwire::ruling r = c.session.refuse(pgwire::as_bytes(*c.stash), why, words_);
    c.stash->erase(0, r.size);
    count_own_error(c, words_);
    send(c, words_);
    if (r.what == pgwire::verdict::violation)
        send_away(c);
}

// A client may go on: first with what it has sent meanwhile.
void relay::resume(client& c)
{
    if (c.stash && !c.stash->empty())
        take_in(c, {});
    else if (c.stash)
        reuse(std::move(c.stash));
    if (c.closed || is_on_hold(c))
        return;
    if (c.half_closed)
        finish_half_closed(c);
    else if (std::exchange(c.read_later, false))
        read(c, true);
    if (!c.closed && !c.held) // else it is known to be busy since it asked for the server
        note_idleness(c);
}

void relay::on_end_of_input(client& c)
{
    if (has_hung_up(c.socket) || c.now != client::phase::ready)
        return drop(c);
    c.half_closed = true; // it has only shut down its writing half, and still wants its answer
    last_word(c);
}

// Nothing more comes from it. Answers that no Sync has asked for are asked for here, or its server
// would keep them, and be kept, for ever.
void relay::last_word(client& c)
{
    if (c.held && c.held->replies.needs_sync() && !c.session.mid_frame()) {
        std::string flush;
        pgwire::message{flush, 'H'};
        send(*c.held, {flush, {}});
    }
    finish_half_closed(c);
}

void relay::finish_half_closed(client& c)
{
    if (is_on_hold(c) || c.gated)
        return;
    if (!c.held || rests(c))
        return let_go(c);
    if (!c.held->replies.owes() || c.held->replies.copying_in() || c.session.mid_frame())
        drop(c); // in a transaction, or a COPY, that nobody will end
}

void relay::send(client& c, const gathered& what)
{
    if (c.deaf)
        return;
    if (c.home)
        c.home->counted().bytes_out += what.size();
    std::size_t sent = 0;
    if (c.out.empty()) {
        const ssize_t n = gather_write(c.socket, what.pieces());
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            c.deaf = true; // the epoll set will say that it has hung up
            return;
        }
        sent = n > 0 ? static_cast<std::size_t>(n) : 0;
        if (sent == what.size())
            return;
        epoll_.want_writability(c.socket, c, true);
    }
    c.out.keep(what, sent);
    note_idleness(c);
}

void relay::flush(client& c)
{
    while (!c.out.empty()) {
        const std::string_view next = c.out.front();
        const ssize_t n = ::send(c.socket, next.data(), next.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0)
            return drop(c);
        c.out.sent(static_cast<std::size_t>(n));
    }
    epoll_.want_writability(c.socket, c, false);
    if (c.now == client::phase::leaving)
        return drop(c);
    if (c.held && std::exchange(c.held->read_later, false))
        read(*c.held, true);
    if (!c.closed && !is_on_hold(c) && std::exchange(c.read_later, false))
        read(c, true);
    if (!c.closed)
        after_channels(c);
}

void relay::count_error(const client& c, std::string_view code)
{
    error_counts& errors = c.home ? c.home->counted().errors : errors_before_backend_;
    errors.add(sqlstate::from(code));
}

// What weir says to a client in its own words begins with the error, if there is one.
void relay::count_own_error(const client& c, std::string_view words)
{
    pgwire::frame_header h;
    if (!words.starts_with('E') ||
        pgwire::scan_header(pgwire::as_bytes(words), h) != pgwire::scan_status::frame)
        return;
    const std::string_view body = words.substr(pgwire::header_size, h.body_size);
    if (const auto said = pgwire::read_server_words(pgwire::as_bytes(body)))
        count_error(c, said->what.code.text());
}

} // namespace weir
