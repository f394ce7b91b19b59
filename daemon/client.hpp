// One worker's connection: its socket, its session and what it waits for.
#pragma once

#include "daemon/console/session.hpp"
#include "daemon/endpoint.hpp"
#include "daemon/handover/state_file.hpp"
#include "daemon/outbox.hpp"
#include "pool/core/pool.hpp"
#include "pool/pgwire/session.hpp"
#include "pool/pgwire/session_settings.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>

namespace weir {

class pool_runner;
class server;

class client final : public endpoint {
public:
    enum class phase : std::uint8_t {
        startup,  // the startup message is due
        settling, // its startup settings are being tried on a server
        ready,
        leaving, // nothing more is read; what is still to be sent is sent, for a while
    };

    client(int socket_, client_id id_, std::uint64_t serial_, std::uint32_t secret_)
        : endpoint(kind::client), socket(socket_), id(id_), serial(serial_), secret(secret_)
    {
    }

    int socket;
    client_id id;         // also the process id of BackendKeyData
    std::uint64_t serial; // never used again, as ids are
    std::uint32_t secret; // its cancel key
    phase now = phase::startup;
    bool waiting = false;          // in the pool's queue
    bool awaits_channels = false;  // until its LISTEN can be carried out
    bool awaits_echo = false;      // its ReadyForQuery, until its own notifications are here
    bool gated = false;            // what it has sent waits for its server to answer
    bool half_closed = false;      // it sends no more, but may still want its answer
    bool read_later = false;       // its socket holds bytes that nobody could take yet
    bool said_goodbye = false;     // Terminate: what came before it still runs
    bool deaf = false;             // sending failed; its hang-up is on the way
    bool is_stored = false;        // somebody else has its socket, too
    std::uint8_t negotiations = 0; // SSLRequest and GSSENCRequest so far

    time_point connected_at{};
    time_point asked_at{};  // it sent something
    time_point active_at{}; // while client_idle_timeout is set; or it was sent away

    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
    process_index process{};                 // of the relay's table
    std::shared_ptr<const std::string> user; // as its startup message has it; null before

    pool_runner* home = nullptr;               // after startup
    std::unique_ptr<console::session> console; // or else this
    server* held = nullptr;
    pgwire::session session;
    pgwire::settings_ptr asked;            // by its startup message; until it is welcome
    pgwire::settings_ptr settings;         // what it wants of a server
    pgwire::settings_ptr startup_settings; // what RESET goes back to
    std::unique_ptr<std::string> stash;    // bytes that came before they could be judged
    pgwire::state_set pins_logged;         // why it has kept a server, as far as the log has it
    outbox out;

    // What is kept of it for the next weir.
    struct keeping {
        state_slot* slot = nullptr;
        std::uint64_t names = 0; // as they were when it was written
        pgwire::settings_ptr settings = nullptr;
        pgwire::settings_ptr startup_settings = nullptr;
    };
    std::unique_ptr<keeping> kept; // null: nothing

    // What it sends meanwhile is kept.
    bool must_be_patient() const
    {
        return waiting || awaits_channels || awaits_echo || now == phase::settling ||
               (console && console->is_busy());
    }
};

} // namespace weir
