// What a client leaves behind on a server: it is asked for before anybody else may have the server,
// and either goes with the client, keeps the server for it, or is cleaned up.
#include "daemon/log.hpp"
#include "daemon/relay.hpp"
#include "pool/pgwire/writer.hpp"

namespace weir {

namespace {

using pgwire::in_words;

std::string in_words(const pgwire::session_effects& touched)
{
    std::string words;
    for (const std::string& name : touched.settings)
        words.append(words.empty() ? "" : ", ").append(name);
    if (touched.any_setting || touched.unseen_settings)
        words.append(words.empty() ? "" : ", ").append("settings");
    if (const auto state = touched.begins | touched.ends | touched.perhaps; !state.empty())
        words.append(words.empty() ? "" : ", ").append(in_words(state));
    return words;
}

} // namespace

// The transaction is over and the client has its answers. What it may have changed is asked for;
// what it sends meanwhile waits.
void relay::account_for(client& c, server& s)
{
    pool_runner& home = s.home;
    pgwire::session_effects touched = s.replies.take_touched();
    if (s.leaves && !touched.empty())
        return forsake(c, s, touched, "it went away");
    if (s.replies.take_settings_reset()) { // this much is certain
        s.settings = home.registry().intern(pgwire::tracked_part(*s.settings));
        c.settings = c.startup_settings;
        touched.any_setting = touched.any_setting || !touched.settings.empty();
    }
    if (!home.has_catalog()) { // it cannot be asked
        s.left.anything = s.left.anything || !touched.empty();
        return give_back(c, s);
    }
    s.inventory = std::make_unique<pgwire::session_inventory>(std::move(touched),
                                                              s.replies.pinned(),
                                                              s.settings);
    if (s.inventory->is_empty())
        return conclude(c, s, *std::exchange(s.inventory, nullptr));
    s.doing = server::errand::inventory;
    s.since = now_;
    s.errand_failed = false;
    ++home.counted().inventories;
    std::string words;
    pgwire::write_query(words, s.inventory->sql());
    s.replies.expect_inventory();
    send(s, {words, {}});
}

void relay::on_inventory(server& s)
{
    if (s.replies.owes() || !s.out.empty())
        return;
    client& c = *s.holder;
    if (s.errand_failed || !s.replies.settled())
        return forsake(c, s, s.inventory->subject().certain(), "it could not be asked");
    s.doing = server::errand::none;
    conclude(c, s, *std::exchange(s.inventory, nullptr));
    if (!c.closed && c.now == client::phase::ready)
        resume(c);
}

void relay::conclude(client& c, server& s, const pgwire::session_inventory& told)
{
    pool_runner& home = s.home;
    c.settings = home.registry().intern(told.of_client(*c.settings, *c.startup_settings));
    s.settings = home.registry().intern(told.of_server());
    s.left.settings = s.left.settings || told.has_unseen_settings();
    const pgwire::state_set pins = told.found() & home.rules().with_policy(pin_policy::pin);
    s.left.state |= told.found() - pins;
    if (pins.empty())
        give_back(c, s);
    else
        keep(c, s, pins);
}

// The client keeps the server between its transactions.
void relay::keep(client& c, server& s, pgwire::state_set why)
{
    // A statement that says so has been refused before it ran; this was done by a function.
    if (s.replies.pinned().empty() && !s.home.has_room_for_pins()) {
        s.left.state |= why;
        return farewell(c,
                        {"53400",
                         "this connection would have to keep its server (" + in_words(why) +
                             "), and max_pinned is reached",
                         s.home.rules().pins_are_full});
    }
    s.home.pin(s, why, now_);
    if (const pgwire::state_set news = why - c.pins_logged; !news.empty())
        log::info("a client keeps its server",
                  {{"backend", s.home.name()},
                   {"pid", c.pid},
                   {"server", static_cast<unsigned>(s.id)},
                   {"for", in_words(news)}});
    c.pins_logged |= why;
    go_on(c, s);
}

void relay::note_slowness(const client& c, const server& s, time_point::duration took)
{
    const std::chrono::milliseconds least = s.home.books().settings().log_min_duration;
    if (took < least || least < std::chrono::milliseconds{0})
        return;
    log::warning("a transaction was slow",
                 {{"backend", s.home.name()},
                  {"client", processes_.name(c.process)},
                  {"pid", c.pid},
                  {"seconds", took},
                  {"last_statement", last_statement(s)}});
}

// A transaction is over. The server remains the client's, or has been handed back.
void relay::go_on(client& c, server& s)
{
    note_activity(c);
    if (s.working_since != time_point{}) { // else it was a cancel that came too late
        const auto took = now_ - std::exchange(s.working_since, {});
        s.home.counted().transaction_seconds.observe(took);
        note_slowness(c, s, took);
    }
    if (c.now == client::phase::settling) {
        let_in(c);
        resume(c);
    } else if (has_to_leave(c)) {
        farewell(c, reason_to_leave(*c.home));
    } else if (handing_over_ && c.held) {
        farewell(c, shutting_down());
    } else if (c.half_closed) {
        finish_half_closed(c);
    } else {
        after_channels(c);
        note_idleness(c);
    }
}

// Holds a server that it keeps, and nothing is under way.
bool relay::rests(const client& c)
{
    return c.held && c.held->doing == server::errand::none && !c.held->cancelling &&
           c.held->replies.settled() && !c.session.mid_frame();
}

// The server cannot tell, and is given up. Its client has had its answers and takes what it has
// done for granted, so it cannot go on as if it had not.
void relay::forsake(client& c, server& s, pgwire::session_effects lost, std::string_view why)
{
    log::warning("a server is dropped: what its client has left on it is not known",
                 {{"backend", s.home.name()},
                  {"server", static_cast<unsigned>(s.id)},
                  {"pid", c.pid},
                  {"why", why}});
    lost.begins |= s.replies.pinned();
    c.held = nullptr;
    s.inventory.reset();
    s.given_up = true;
    s.home.abandon(s, close_reason::error, now_);
    if (has_to_leave(c))
        return farewell(c, reason_to_leave(*c.home));
    if (c.now == client::phase::settling) // accepted; only the server's words for them are missing
        let_in(c);
    else if (!lost.empty())
        return farewell(c,
                        {"08006",
                         "what this connection has changed of its session (" + in_words(lost) +
                             ") is lost with its server: " + std::string{why},
                         {},
                         "Connect again."});
    resume(c);
    after_channels(c);
}

} // namespace weir
