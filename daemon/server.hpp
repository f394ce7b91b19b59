// One logged-in server of a pool: its link, what it owes, and whose lease it is.
#pragma once

#include "daemon/endpoint.hpp"
#include "daemon/outbox.hpp"
#include "pool/core/hold_limits.hpp"
#include "pool/core/link.hpp"
#include "pool/core/pool.hpp"
#include "pool/pgwire/reply_tracker.hpp"
#include "pool/pgwire/session_inventory.hpp"
#include "pool/pgwire/session_leftovers.hpp"
#include "pool/pgwire/session_settings.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

class client;
class pool_runner;

class server final : public endpoint {
public:
    // What weir itself is doing with it while no client's messages flow.
    enum class errand : std::uint8_t {
        none,
        ping,      // an empty query: does it answer?
        reset,     // what was left behind is cleaned up
        recover,   // its client vanished: wait for the answers, roll back
        identity,  // it becomes the user that its client is; the client's messages wait
        inventory, // it tells what its client's statements have left; the next messages wait
    };

    server(pool_runner& home_, server_id id_, std::shared_ptr<weir::link> link_)
        : endpoint(kind::server), home(home_), id(id_), link(std::move(link_))
    {
    }

    pool_runner& home;
    server_id id;
    std::shared_ptr<weir::link> link; // shared with a cancel that is under way
    client* holder = nullptr;
    pgwire::reply_tracker replies;
    pgwire::settings_ptr settings; // as they are on the server, where they can differ
    std::vector<std::pair<client_id, std::uint32_t>> cancel_askers; // with their secrets
    outbox out;
    std::string partial; // the front of a frame whose rest has not come
    time_point connected_at{};
    time_point held_since{};       // by its holder
    time_point::duration waited{}; // by its holder, for it; until its first query is over
    time_point working_since{};    // on its holder's transaction; none: it rests between two
    time_point since{};            // when the errand began, or the holder last sent something
    hold_watch watch;              // over its holder
    std::optional<std::uint64_t> interrupted; // the answer that is due when a limit cancels it
    time_point interrupted_at{};
    errand doing = errand::none;
    std::unique_ptr<pgwire::session_inventory> inventory; // while it is asked
    pgwire::session_leftovers left; // to be cleaned up before another client gets it
    bool errand_failed = false;
    bool is_asked = false;     // its holder has sent something since it had answered all
    bool cancelling = false;   // a cancel is on its way: nobody else may have the server
    bool given_up = false;     // its connection is of no use; the pool has been told
    bool said_goodbye = false; // the client has been told FATAL by the server itself
    bool leaves = false;       // it has said so behind its last answer, or ended the stream there
    bool read_later = false;   // its client does not take what it has sent
};

} // namespace weir
