// The connections of this moment, for the console.
#include "daemon/relay.hpp"
#include "daemon/socket_address.hpp"
#include "pool/core/refusal.hpp"
#include "pool/pgwire/masked_sql.hpp"

#include <algorithm>

namespace weir {

namespace {

std::string ptr_of(const client& c) { return std::string(1, 'c').append(std::to_string(c.serial)); }

std::string ptr_of(const server& s)
{
    return std::string(1, 's')
        .append(std::to_string(static_cast<unsigned>(s.id)))
        .append("@")
        .append(s.home.name());
}

std::string application_of(const pgwire::settings_ptr& settings)
{
    if (!settings)
        return {};
    const auto found = settings->find("application_name");
    return found == settings->end() ? std::string{} : found->second;
}

std::string_view state_of(const client& c)
{
    if (c.now == client::phase::startup || c.now == client::phase::settling)
        return "login";
    return c.waiting ? "waiting" : "active";
}

std::string_view state_of(const server& s)
{
    switch (s.home.books().state(s.id)) {
    case server_state::active:
    case server_state::pinned: return "active";
    case server_state::idle: return "idle";
    default: return "tested"; // pinged or reset
    }
}

// What the holder of a server makes of it.
std::string_view doing_of(const server& s)
{
    if (s.replies.owes())
        return "running";
    return s.replies.settled() ? "idle" : "idle in transaction";
}

} // namespace

console::socket relay::view_of(const client& c)
{
    return {.ptr = ptr_of(c),
            .user = c.user ? *c.user : std::string{},
            .database = c.console ? "weir"
                        : c.home  ? c.home->name()
                                  : std::string{},
            .state = std::string(state_of(c)),
            .link = c.held ? ptr_of(*c.held) : std::string{},
            .process = processes_.name(c.process),
            .pid = c.pid,
            .remote_pid = c.pid,
            .application_name = application_of(c.settings),
            .connected = now_ - c.connected_at,
            .asked = now_ - c.asked_at,
            .waited = c.waiting ? now_ - c.asked_at : console::socket::age{},
            .is_leaving = c.now == client::phase::leaving,
            .descriptor = c.socket};
}

console::socket relay::view_of(const server& s)
{
    console::socket out{.ptr = ptr_of(s),
                        .user = s.home.address().user,
                        .database = s.home.name(),
                        .state = std::string(state_of(s)),
                        .remote_pid = s.link->process_id(),
                        .application_name = application_of(s.settings),
                        .peer = peer_address(s.link->descriptor()),
                        .local = local_address(s.link->descriptor()),
                        .connected = now_ - s.connected_at,
                        .asked = now_ - std::max(s.since, s.connected_at),
                        .is_leaving = s.leaves || s.given_up,
                        .descriptor = s.link->descriptor()};
    if (const client* const c = s.holder) {
        out.link = ptr_of(*c);
        out.process = processes_.name(c->process);
        out.pid = c->pid;
        out.doing = doing_of(s);
        out.pins = pgwire::in_words(s.replies.pinned());
        out.statement = last_statement(s);
        out.held = now_ - s.held_since;
        if (s.working_since != time_point{})
            out.transaction = now_ - s.working_since;
    }
    return out;
}

std::string relay::last_statement(const server& s)
{
    const std::string_view text = s.replies.note().text();
    return s.home.books().settings().log_literals ? std::string(text)
                                                  : pgwire::masked_literals(text);
}

bool relay::kill_client(const std::string& ptr)
{
    return dismiss([&](const client& c) { return ptr_of(c) == ptr; },
                   by_administrator("KILL_CLIENT")) > 0;
}

std::vector<console::socket> relay::held()
{
    now_ = std::chrono::steady_clock::now();
    std::vector<console::socket> all;
    for (const pool_runner* pool : pools_)
        for (const auto& s : pool->servers())
            if (s && s->holder)
                all.push_back(view_of(*s));
    return all;
}

void relay::kill_clients_of(pool_runner& home, const error& why)
{
    dismiss([&](const client& c) { return c.home == &home; }, why);
}

std::vector<console::memory> relay::memory() const
{
    std::size_t servers = 0;
    for (const pool_runner* pool : pools_)
        servers += pool->books().stats().total();
    return {{"client", sizeof(client), in_use_, free_ids_.size()},
            {"server", sizeof(server), servers, 0},
            {"stash", sizeof(std::string), stashes(), spare_stashes_.size()},
            {"scratch", from_client_.size() + from_server_.size(), 1, 0}};
}

std::size_t relay::stashes() const
{
    return static_cast<std::size_t>(
        std::ranges::count_if(clients_, [](const auto& c) { return c && c->stash; }));
}

console::sockets relay::sockets()
{
    now_ = std::chrono::steady_clock::now();
    console::sockets all;
    for (const auto& c : clients_)
        if (c && !c->closed)
            all.clients.push_back(view_of(*c));
    for (const pool_runner* pool : pools_)
        for (const auto& s : pool->servers())
            if (s)
                all.servers.push_back(view_of(*s));
    return all;
}

} // namespace weir
