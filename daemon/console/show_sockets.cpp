// The connections one by one: PgBouncer's SHOW CLIENTS, SERVERS and SOCKETS, and weir's own lists
// of who waits and who holds what.
#include "daemon/console/cells.hpp"
#include "daemon/console/show.hpp"

#include <algorithm>

namespace weir::console {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::system_clock;

std::string when(socket::age ago, system_clock::time_point now)
{
    return utc(now - duration_cast<system_clock::duration>(ago), " UTC");
}

std::string in_milliseconds(socket::age time)
{
    return std::to_string(duration_cast<milliseconds>(time).count());
}

std::string port_of(const address& end, const sockets& all)
{
    return text(end.port.value_or(all.port));
}

// `prefix` is what SHOW SOCKETS puts in front of the state.
row of(const socket& s,
       const char* type,
       const char* prefix,
       const sockets& all,
       system_clock::time_point now)
{
    const auto wait = duration_cast<microseconds>(s.waited).count();
    return {type,
            s.user,
            s.database,
            prefix + s.state,
            unless_empty(s.peer.host),
            port_of(s.peer, all),
            unless_empty(s.local.host),
            port_of(s.local, all),
            when(s.connected, now),
            when(s.asked, now),
            std::to_string(wait / 1'000'000),
            std::to_string(wait % 1'000'000),
            s.is_leaving ? "1" : "0",
            s.ptr,
            s.link,
            std::to_string(s.remote_pid),
            "",
            s.application_name};
}

// Who holds what, and whatever else there is to say of it.
row holding(const socket& s, const row& more)
{
    row made{s.database,
             s.ptr,
             std::to_string(s.remote_pid),
             s.link,
             s.process,
             std::to_string(s.pid)};
    made.insert(made.end(), more.begin(), more.end());
    return made;
}

// Those that have any, the longest first.
std::vector<socket> by_age(std::vector<socket> all, socket::age socket::*which)
{
    std::erase_if(all, [which](const socket& s) { return s.*which == socket::age{}; });
    std::ranges::stable_sort(all, std::greater{}, which);
    return all;
}

} // namespace

rows show_clients(const sockets& all, system_clock::time_point now)
{
    rows made;
    for (const socket& c : all.clients)
        made.push_back(of(c, "C", "", all, now));
    return made;
}

rows show_servers(const sockets& all, system_clock::time_point now)
{
    rows made;
    for (const socket& s : all.servers)
        made.push_back(of(s, "S", "", all, now));
    return made;
}

// What PgBouncer's buffers hold is always 0: weir has none for each socket.
rows show_sockets(const sockets& all, system_clock::time_point now, bool active_ones)
{
    rows made;
    for (const socket& c : all.clients)
        if (!active_ones || c.state == "active")
            made.push_back(of(c, "C", "cl_", all, now));
    for (const socket& s : all.servers)
        if (!active_ones || s.state == "active")
            made.push_back(of(s, "S", "sv_", all, now));
    for (row& r : made)
        r.insert(r.end(), 7, "0");
    return made;
}

rows show_waiters(const sockets& all)
{
    rows made;
    for (const socket& c : by_age(all.clients, &socket::waited))
        made.push_back({c.database,
                        c.ptr,
                        c.process,
                        std::to_string(c.pid),
                        c.application_name,
                        in_milliseconds(c.waited)});
    return made;
}

rows show_holders(const sockets& all)
{
    rows made;
    for (const socket& s : by_age(all.servers, &socket::held))
        made.push_back(
            holding(s, {s.doing, in_milliseconds(s.held), in_milliseconds(s.asked), s.statement}));
    return made;
}

rows show_pins(const sockets& all)
{
    rows made;
    for (const socket& s : by_age(all.servers, &socket::held))
        if (!s.pins.empty())
            made.push_back(holding(s, {s.pins, in_milliseconds(s.held)}));
    return made;
}

// There is no cancel key and no session state of a client that this would tell another process.
rows show_fds(const sockets& all)
{
    rows made;
    const auto add = [&](const socket& s, const char* task, bool is_linked) {
        made.push_back({std::to_string(s.descriptor),
                        task,
                        s.user,
                        s.database,
                        unless_empty(s.peer.host),
                        port_of(s.peer, all),
                        "0",
                        is_linked ? "1" : "0",
                        {},
                        {},
                        {},
                        {},
                        {},
                        {},
                        {}});
    };
    for (const socket& c : all.clients)
        add(c, "client", !c.link.empty());
    for (const socket& s : all.servers)
        add(s, "server", !s.link.empty());
    return made;
}

rows show_mem(std::span<const memory> kinds)
{
    rows made;
    for (const memory& m : kinds)
        made.push_back(
            {m.name, text(m.size), text(m.used), text(m.free), text(m.size * (m.used + m.free))});
    return made;
}

} // namespace weir::console
