// Clients that hold a server for too long, or are silent for too long: a line in the log, then a
// cancel, then an error, and only last the end of the connection.
#include "daemon/log.hpp"
#include "daemon/relay.hpp"
#include "pool/core/refusal.hpp"
#include "pool/pgwire/writer.hpp"

namespace weir {

namespace {

// A query goes on for this long after it was cancelled; then its client is sent away.
constexpr std::chrono::seconds cancel_grace{5};

} // namespace

void relay::enforce_limits(client& c, server& s)
{
    if (s.doing != server::errand::none) // that is weir's own affair, and has a limit of its own
        return;
    const pool_settings& limits = s.home.books().settings();
    const bool busy = s.replies.owes();
    const bool in_transaction =
        busy || s.replies.transaction_status() != 'I' || !s.replies.is_synced();
    const hold_limit passed =
        s.watch.look({busy, in_transaction, s.replies.answers(), s.replies.transactions()},
                     limits,
                     now_);
    if (passed == hold_limit::none)
        return s.interrupted.reset();
    if (!busy)
        take_back(c, s, passed);
    else if (s.interrupted != s.replies.answers()) // that one is over, perhaps in spite of it
        interrupt(c, s, passed);
    else if (now_ - s.interrupted_at >= cancel_grace)
        farewell(c, disconnected_by(passed, cancel_grace));
}

void relay::note_limit(const client& c, hold_limit passed, std::string_view what)
{
    const pool_settings& limits = c.home->books().settings();
    ++c.home->counted().limits[static_cast<std::size_t>(passed)];
    log::warning(what,
                 {{"backend", c.home->name()},
                  {"client", processes_.name(c.process)},
                  {"by", to_string(passed)},
                  {"after", value_of(passed, limits)}});
}

void relay::interrupt(client& c, server& s, hold_limit passed)
{
    if (s.cancelling)
        return; // for another one that was over before it
    s.interrupted = s.replies.answers();
    s.interrupted_at = now_;
    note_limit(c, passed, "a query is cancelled");
    const error why = cancelled_by(passed, s.home.books().settings());
    if (s.replies.copying_in() && !c.session.mid_frame()) { // no cancel wakes it there
        std::string words;
        pgwire::message{words, 'f'}.text(why.message);
        s.replies.expect(pgwire::request::copy_end);
        send(s, {words, {}});
    } else {
        s.home.cancel(s);
    }
    s.replies.explain_cancel(why);
}

// The client stays, in a transaction that has failed; unless it would lose more than that.
void relay::take_back(client& c, server& s, hold_limit passed)
{
    if (c.session.mid_frame() || s.cancelling || !s.out.empty())
        return; // not at this moment
    note_limit(c, passed, "a transaction is rolled back");
    const error why = rolled_back_by(passed, s.home.books().settings());
    if (s.home.rules().is_session_lane || !s.replies.pinned().empty())
        return farewell(c, why);
    const bool in_transaction = s.replies.transaction_status() != 'I';
    const bool in_pipeline = !s.replies.is_synced();
    part(c);
    c.gated = false;
    words_.clear();
    c.session.lose_server(why, in_transaction, in_pipeline, words_);
    if (!words_.empty()) {
        count_own_error(c, words_);
        send(c, words_);
    }
    after_channels(c);
    if (has_to_leave(c))
        farewell(c, reason_to_leave(*c.home));
    else if (c.half_closed)
        finish_half_closed(c);
}

void relay::reload(relay_settings settings)
{
    const bool was_known = settings_.client_idle_timeout != std::chrono::milliseconds{0};
    settings_ = std::move(settings);
    if (settings_.client_idle_timeout == std::chrono::milliseconds{0})
        by_activity_ = {};
    if (was_known)
        return;
    now_ = std::chrono::steady_clock::now();
    for (const auto& c : clients_)
        if (c && c->home && c->now == client::phase::ready)
            note_activity(*c);
}

void relay::note_activity(client& c)
{
    if (settings_.client_idle_timeout == std::chrono::milliseconds{0})
        return;
    const auto id = static_cast<std::uint32_t>(c.id);
    if (by_activity_.contains(id))
        by_activity_.erase(id);
    by_activity_.push_back(id);
    c.active_at = now_;
}

// The client that has been silent for the longest is the first; most ticks look at that one alone.
void relay::dismiss_idle_clients()
{
    while (const auto first = by_activity_.front()) {
        client& c = *find(static_cast<client_id>(*first));
        if (now_ - c.active_at < settings_.client_idle_timeout)
            return;
        if (c.must_be_patient() || (c.held && !rests(c))) {
            note_activity(c);
            continue;
        }
        by_activity_.erase(*first);
        farewell(c,
                 {"57P05",
                  "terminating connection due to client_idle_timeout (" +
                      in_words(settings_.client_idle_timeout) + ")"});
    }
}

} // namespace weir
