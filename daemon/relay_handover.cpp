// Clients that outlive weir: what is kept of those that are idle, and how they go on.
#include "daemon/handover/client_record.hpp"
#include "daemon/log.hpp"
#include "daemon/relay.hpp"
#include "pool/pgwire/writer.hpp"

#include <algorithm>
#include <sys/socket.h>

namespace weir {

namespace {

// Clients that come and go, or are never silent, are not worth a record.
constexpr std::chrono::milliseconds quiet_enough{500};
constexpr std::size_t ticks_per_sweep = 10;

constexpr std::chrono::seconds startup_patience{1};

// Of clients_, whatever a record claims: max_client_conn is at most a million.
constexpr std::size_t largest_id = 2'000'000;

} // namespace

// It owes nothing and is owed nothing, here and on any server. Asked several times in a
// transaction, in most of which it waits for a server or holds one: that comes first.
bool relay::is_idle(const client& c)
{
    const pgwire::client_channels* const its = c.session.channels();
    return !c.held && !c.waiting && c.now == client::phase::ready && !c.console &&
           !c.must_be_patient() && !c.gated && !c.half_closed && !c.deaf && !c.read_later &&
           !c.stash && c.out.empty() && !c.session.is_in_transaction() &&
           !c.session.awaits_sync() && !c.session.mid_frame() && (!its || its->queue.empty());
}

bool relay::is_recorded(const client& c)
{
    return c.kept && c.kept->names == c.session.names().revision() &&
           c.kept->settings == c.settings && c.kept->startup_settings == c.startup_settings &&
           !c.session.channels();
}

bool relay::record(client& c)
{
    pgwire::session_state state = c.session.state();
    if (!state.is_portable)
        return false;
    if (!c.kept) {
        state_slot* const slot = states_->take(socket_cookie(c.socket));
        if (!slot)
            return false;
        c.kept = std::make_unique<client::keeping>();
        c.kept->slot = slot;
    }
    client_record what{.id = static_cast<std::uint32_t>(c.id),
                       .secret = c.secret,
                       .backend = c.home->name(),
                       .user = *c.user,
                       .settings = *c.settings,
                       .session = std::move(state)};
    if (c.startup_settings != c.settings)
        what.startup_settings = *c.startup_settings;
    words_.clear();
    write_record(words_, what);
    if (!states_->write(*c.kept->slot, words_))
        return false;
    c.kept->names = c.session.names().revision();
    c.kept->settings = c.settings;
    c.kept->startup_settings = c.startup_settings;
    c.kept->slot->say(true);
    return true;
}

std::vector<int> relay::record_quiet_clients(time_point now)
{
    std::vector<int> fresh;
    if (!states_)
        return fresh;
    const std::size_t turn = clients_.size() / ticks_per_sweep + 1;
    for (std::size_t i = 0; i < turn; ++i) {
        next_to_record_ = (next_to_record_ + 1) % clients_.size();
        client* const c = clients_[next_to_record_].get();
        if (!c || now - c->asked_at < quiet_enough || !is_idle(*c) || is_recorded(*c))
            continue;
        if (record(*c) && !std::exchange(c->is_stored, true))
            fresh.push_back(c->socket);
    }
    return fresh;
}

std::vector<int> relay::record_all()
{
    std::vector<int> fresh;
    for (const auto& c : clients_) {
        if (!c || !is_idle(*c) || (!is_recorded(*c) && !record(*c)))
            continue;
        c->kept->slot->say(true);
        if (!std::exchange(c->is_stored, true))
            fresh.push_back(c->socket);
    }
    return fresh;
}

void relay::forget_states()
{
    for (const auto& c : clients_)
        if (c) {
            c->kept.reset();
            c->is_stored = false;
        }
    states_ = nullptr;
}

std::vector<int> relay::recorded() const
{
    std::vector<int> sockets;
    for (const auto& c : clients_)
        if (c && c->kept)
            sockets.push_back(c->socket);
    return sockets;
}

void relay::hand_over() { handing_over_ = true; }

void relay::dismiss_keepers()
{
    // What it keeps its server for cannot be handed on.
    dismiss([](const client& c) { return !c.console && rests(c); }, shutting_down());
}

void relay::cancel_hand_over()
{
    handing_over_ = false;
    for (const auto& l : listeners_)
        if (std::exchange(l->closed, false))
            epoll_.add(l->descriptor, *l);
    hear_again();
}

// One who has connected and says nothing is not waited for.
bool relay::has_busy_clients() const
{
    return std::ranges::any_of(clients_, [this](const auto& c) {
        return c && !c->console && !is_idle(*c) && !rests(*c) &&
               (c->now != client::phase::startup || now_ - c->asked_at < startup_patience);
    });
}

void relay::dismiss_busy_clients()
{
    dismiss([](const client& c) { return !c.console && !is_idle(c); }, shutting_down());
}

bool relay::adopt(int socket, const client_record& from)
{
    const auto found = by_database_.find(from.backend);
    const auto slot = static_cast<std::size_t>(from.id);
    if (found == by_database_.end() || slot == 0 || slot > largest_id ||
        (slot < clients_.size() && clients_[slot]))
        return false;
    if (slot < clients_.size())
        std::erase(free_ids_, static_cast<client_id>(from.id));
    for (std::size_t next = clients_.size(); next <= slot; ++next) {
        clients_.emplace_back();
        if (next != slot)
            free_ids_.push_back(static_cast<client_id>(next));
    }
    client* const entered = enter(socket, static_cast<client_id>(from.id), from.secret);
    if (!entered) {
        free_ids_.push_back(static_cast<client_id>(from.id));
        return false;
    }
    client& c = *entered;
    c.user = named(from.user);
    c.home = found->second;
    c.home->note_clients(1);
    if (channels_.contains(c.home))
        c.session.share_channels();
    c.session.obey(c.home->rules());
    c.session.restore(from.session);
    c.settings = c.home->registry().intern(from.settings);
    c.startup_settings =
        from.startup_settings ? c.home->registry().intern(*from.startup_settings) : c.settings;
    c.now = client::phase::ready;
    note_activity(c);
    c.is_stored = states_ != nullptr; // even if there is no room for a record of it
    if (states_)
        record(c);
    if (!from.session.channels.empty() && c.session.channels())
        channels_.at(c.home)->want(c.id, from.session.channels, now_);
    after_channels(c);
    return true;
}

} // namespace weir
