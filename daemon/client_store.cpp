#include "daemon/client_store.hpp"

#include "daemon/handover/client_record.hpp"
#include "daemon/log.hpp"
#include "pool/pgwire/writer.hpp"

#include <unistd.h>

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

void turn_away(int socket)
{
    std::string words;
    pgwire::write_error(words,
                        {"57P01",
                         "terminating connection due to administrator command",
                         "weir was restarted while this connection was in use."},
                        pgwire::severity::fatal);
    ::send(socket, words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
}

} // namespace

result<void> client_store::open(relay& clients)
{
    auto made = state_file::create();
    if (!made)
        return made.error();
    states_ = std::move(*made);
    name_ = std::string(states_name) + std::to_string(::getpid());
    const int file = states_->descriptor();
    service_manager::store(name_, {&file, 1});
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
            ::close(d.descriptor);
            old_files.push_back(d.name);
        } else if (d.name == clients_name) {
            sockets.push_back(d.descriptor);
        } else {
            return false;
        }
        return true;
    });
    std::size_t adopted = 0;
    for (const int socket : sockets) {
        const auto record = known.find(socket_cookie(socket));
        if (record != known.end() && clients.adopt(socket, record->second))
            ++adopted;
        else
            turn_away(socket);
    }
    for (const std::string& name : old_files)
        if (name != name_)
            service_manager::remove_from_store(name);
    if (!sockets.empty())
        log::info("clients of the weir before go on",
                  {{"clients", adopted}, {"turned_away", sockets.size() - adopted}});
}

void client_store::tick(relay& clients, time_point now)
{
    if (const std::vector<int> fresh = clients.record_quiet_clients(now); !fresh.empty())
        service_manager::store(clients_name, fresh);
}

result<void> client_store::pass_all(relay& clients, takeover_door& to)
{
    clients.record_all();
    const int file = states_->descriptor();
    if (auto passed = to.pass(name_, {&file, 1}); !passed)
        return passed;
    return to.pass(clients_name, clients.recorded());
}

void client_store::store_all(relay& clients)
{
    service_manager::store(clients_name, clients.record_all());
    service_manager::wait_until_stored();
}

} // namespace weir
