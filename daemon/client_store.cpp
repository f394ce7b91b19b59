#include "daemon/client_store.hpp"

#include "daemon/handover/client_record.hpp"
#include "daemon/log.hpp"
#include "daemon/peer.hpp"
#include "pool/core/refusal.hpp"
#include "pool/pgwire/writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <sys/socket.h>
#include <unordered_map>

namespace weir {

namespace {

constexpr std::string_view clients_name = "weir-clients";
constexpr std::string_view states_name = "weir-states-"; // and a process id

using records = std::unordered_map<std::uint64_t, client_record>; // by SO_COOKIE

void add_records(records& out, int descriptor)
{
    const auto kept = read_state_file(descriptor);
    if (!kept)
        return log::warning("clients of the weir before cannot go on",
                            {{"error", kept.error().message}});
    for (const kept_record& k : *kept)
        if (auto record = read_record(pgwire::as_bytes(k.record)))
            out.insert_or_assign(k.cookie, std::move(*record));
}

error was_in_use()
{
    return by_administrator("weir was restarted while this connection was in use.");
}

// The store has the socket as well: it has to be shut down.
void turn_away(int socket, const error& why)
{
    std::string words;
    pgwire::write_error(words, why, pgwire::severity::fatal);
    ::send(socket, words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
}

} // namespace

result<void> client_store::open(relay& clients)
{
    if (auto made = make_file(clients); !made)
        return made;
    is_kept_ = true;
    const int file = states_->descriptor();
    service_manager::store(name_, {&file, 1});
    return {};
}

result<void> client_store::make_file(relay& clients)
{
    auto made = state_file::create();
    if (!made)
        return made.error();
    states_ = std::move(*made);
    name_ = std::string(states_name) + std::to_string(::getpid());
    clients.keep_states(*states_);
    return {};
}

void client_store::take_up(std::vector<service_manager::passed_descriptor>& passed, relay& clients)
{
    records known;
    std::vector<std::string> old_files;
    std::vector<int> sockets;
    std::erase_if(passed, [&](const service_manager::passed_descriptor& d) {
        if (d.name.starts_with(states_name)) {
            add_records(known, d.descriptor);
            stopped_ = read_stopped_pools(read_note(d.descriptor));
            ::close(d.descriptor);
            old_files.push_back(d.name);
        } else if (d.name == clients_name) {
            sockets.push_back(d.descriptor);
        } else {
            return false;
        }
        return true;
    });
    std::vector<std::pair<const client_record*, int>> known_sockets;
    std::size_t adopted = 0;
    for (const int socket : sockets) {
        const auto record = known.find(socket_cookie(socket));
        const auto who = read_peer(socket);
        const auto refused = who ? clients.refusal(*who) : who.error(); // by the settings of now
        if (refused)
            turn_away(socket, *refused);
        else if (record == known.end())
            turn_away(socket, was_in_use());
        else
            known_sockets.emplace_back(&record->second, socket);
    }
    std::ranges::sort(known_sockets, {}, [](const auto& one) { return one.first->id; });
    for (const auto& [record, socket] : known_sockets)
        if (clients.adopt(socket, *record))
            ++adopted;
        else
            turn_away(socket, was_in_use());
    for (const std::string& name : old_files)
        if (name != name_)
            service_manager::remove_from_store(name);
    if (!is_open() && !sockets.empty()) // else they would outlive their connections in there
        service_manager::remove_from_store(clients_name);
    if (!sockets.empty())
        log::info("clients of the weir before go on",
                  {{"clients", adopted}, {"turned_away", sockets.size() - adopted}});
}

void client_store::take_over(std::vector<service_manager::passed_descriptor>& passed,
                             relay& clients)
{
    take_up(passed, clients);
    if (is_open())
        service_manager::store(clients_name, clients.recorded());
}

result<void> client_store::examine(const std::vector<service_manager::passed_descriptor>& passed)
{
    for (const service_manager::passed_descriptor& d : passed)
        if (d.name.starts_with(states_name))
            if (const auto kept = read_state_file(d.descriptor); !kept)
                return kept.error();
    return {};
}

void client_store::note(const stopped_pools& now)
{
    if (states_ && !states_->note(to_text(now)))
        log::warning("too many backends are stopped: after a restart none of them will be");
}

void client_store::tick(relay& clients, time_point now)
{
    if (!is_open())
        return;
    if (const std::vector<int> fresh = clients.record_quiet_clients(now); !fresh.empty())
        service_manager::store(clients_name, fresh);
}

result<void> client_store::pass_all(relay& clients, takeover_door& to)
{
    if (!states_)
        if (auto made = make_file(clients); !made)
            return made;
    const std::vector<int> fresh = clients.record_all();
    if (is_open())
        service_manager::store(clients_name, fresh);
    const int file = states_->descriptor();
    if (auto passed = to.pass(name_, {&file, 1}); !passed)
        return passed;
    return to.pass(clients_name, clients.recorded());
}

void client_store::take_back(relay& clients)
{
    if (is_open())
        return;
    clients.forget_states();
    states_.reset();
}

void client_store::store_all(relay& clients)
{
    service_manager::store(clients_name, clients.record_all());
    service_manager::wait_until_stored();
}

} // namespace weir
