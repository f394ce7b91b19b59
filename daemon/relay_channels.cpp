// LISTEN for many clients over one connection: who waits for a channel, and when notifications are
// sent. A client that does nothing gets them at once, another before its next ReadyForQuery outside
// of a transaction, as with PostgreSQL.
#include "daemon/relay.hpp"
#include "pool/pgwire/writer.hpp"

namespace weir {

namespace {

error too_many_channels()
{
    return {"53400",
            "too many channels: a client may LISTEN to " +
                std::to_string(pgwire::notification_board::client_limit),
            {},
            "UNLISTEN what is no longer waited for."};
}

} // namespace

std::size_t relay::listening_channels(const pool_runner& of) const
{
    const auto found = channels_.find(&of);
    return found == channels_.end() ? 0 : found->second->listened();
}

// False: it waits.
bool relay::ask_for_channels(client& c)
{
    channel_listener& listener = *channels_.at(c.home);
    if (!listener.has_room_for(c.id, c.session.wanted())) {
        c.session.refuse_channels(too_many_channels());
    } else if (listener.want(c.id, c.session.wanted(), now_)) {
        c.session.grant_channels();
    } else {
        c.awaits_channels = true;
    }
    return !c.awaits_channels;
}

void relay::channels_granted(client_id id)
{
    client* c = find(id);
    if (!c || !std::exchange(c->awaits_channels, false))
        return;
    c->session.grant_channels();
    resume(*c);
}

void relay::channels_refused(client_id id, const error& why)
{
    client* c = find(id);
    if (!c || !std::exchange(c->awaits_channels, false))
        return;
    c->session.refuse_channels(why);
    resume(*c);
}

void relay::stop_waiting_for_channels(client& c)
{
    if (std::exchange(c.awaits_channels, false))
        channels_.at(c.home)->give_up(c.id);
}

void relay::leave_channels(client& c)
{
    stop_waiting_for_channels(c);
    if (!c.session.channels())
        return;
    channels_.at(c.home)->leave(c.id, now_);
    c.awaits_echo = false;
    c.session.channels()->queue = {};
}

// A LISTEN counts from its COMMIT on. As long as nothing is under way on the client's server, none
// is being carried out that is not known here.
void relay::notify(client_id id, const pgwire::notification_ptr& n)
{
    client* c = find(id);
    if (!c || !c->session.channels())
        return;
    pgwire::client_channels& its = *c->session.channels();
    const bool may_commit = c->held && c->held->replies.owes();
    if (n->channel.empty() || may_commit || its.journal.channels().contains(n->channel))
        its.queue.push(n);
}

void relay::deliver(client_id id)
{
    client* c = find(id);
    if (!c || !c->session.channels() || c->now != client::phase::ready)
        return;
    if (c->session.channels()->queue.is_full())
        return farewell(*c,
                        {"54000",
                         "too many notifications for this client",
                         "More than " +
                             std::to_string(pgwire::notification_queue::limit_bytes >> 20) +
                             " MB of them wait for it to read, or to end its transaction."});
    after_channels(*c);
}

// The client does nothing, and waits for nothing: its channels are what it LISTENs to, and it gets
// what has come for it, unless it believes to be in a transaction.
void relay::after_channels(client& c)
{
    pgwire::client_channels* const its = c.session.channels();
    if (!its || c.closed || c.now != client::phase::ready || is_on_hold(c) || (c.held && !rests(c)))
        return;
    c.session.settle_channels();
    channels_.at(c.home)->keep(c.id, its->journal.channels(), now_);
    if (c.session.is_in_transaction() || c.session.awaits_sync())
        return;
    while (!its->queue.empty() && !c.out.is_full()) {
        words_.clear();
        take_notifications(c, words_);
        if (!words_.empty())
            send(c, words_);
    }
}

// A transaction is over. Its notifications come before ReadyForQuery, the client's own as well: for
// these it waits.
bool relay::holds_back_ready(client& c, bool has_notified)
{
    const pgwire::client_channels* const its = c.session.channels();
    c.awaits_echo = has_notified && its && !its->journal.channels().empty() &&
                    channels_.at(c.home)->echo(c.id, now_);
    return c.awaits_echo;
}

void relay::say_ready(client& c, std::string& out)
{
    c.awaits_echo = false;
    take_notifications(c, out);
    pgwire::write_ready(out, 'I');
}

void relay::echoed(client_id id)
{
    client* c = find(id);
    if (!c || !c->awaits_echo)
        return;
    words_.clear();
    say_ready(*c, words_);
    send(*c, words_);
    resume(*c);
    after_channels(*c);
}

void relay::take_notifications(client& c, std::string& out)
{
    pgwire::client_channels* const its = c.session.channels();
    if (its && !its->queue.empty())
        c.home->counted().notifications +=
            its->queue.take(its->journal.channels(), outbox::high_water, out);
}

} // namespace weir
