// The numbers of one moment, copied on the loop's thread and read on the control thread: a scrape
// takes no lock that the relay would have to wait for. The relay counts in these very types.
#pragma once

#include "daemon/doctor/budget.hpp"
#include "daemon/migration_status.hpp"
#include "pool/core/error.hpp"
#include "pool/core/histogram.hpp"
#include "pool/core/hold_limits.hpp"
#include "pool/core/pool_stats.hpp"
#include "pool/pgwire/session_effects.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

// How many errors of each SQLSTATE class ("53": insufficient resources) clients were sent.
// PostgreSQL has 43 classes; RAISE can make any, so those beyond `most` are counted together.
class error_counts {
public:
    using sqlstate_class = std::array<char, 2>;
    static constexpr std::size_t most = 64;

    void add(const sqlstate& code);

    // In the order of their first letters; a class without an error is not there.
    const std::vector<std::pair<sqlstate_class, std::uint64_t>>& counts() const { return counts_; }
    std::uint64_t others() const { return others_; }

private:
    std::vector<std::pair<sqlstate_class, std::uint64_t>> counts_;
    std::uint64_t others_ = 0;
};

// What went through, since the start.
struct traffic {
    histogram transaction_seconds;   // from the first message that needed a server to the end
    std::uint64_t queries = 0;       // simple queries and Executes
    std::uint64_t bytes_in = 0;      // from clients
    std::uint64_t bytes_out = 0;     // to clients
    std::uint64_t notifications = 0; // to clients that LISTEN
    std::chrono::nanoseconds query_time{0}; // servers had something to do for a client
    std::uint64_t inventories = 0;          // servers asked what a client has left behind
    std::uint64_t full_resets = 0;          // by DISCARD ALL
    std::uint64_t targeted_resets = 0;
    std::array<std::uint64_t, pgwire::state_kind_count> pins{}; // by state_kind
    std::array<std::uint64_t, hold_limit_count> limits{};       // that were passed, by hold_limit
    error_counts errors;

    std::uint64_t transactions() const { return transaction_seconds.count(); }
};

struct client_counts {
    std::uint64_t active = 0;  // hold a server
    std::uint64_t waiting = 0; // in a queue for one
    std::uint64_t idle = 0;    // neither
    std::uint64_t login = 0;   // of the idle: no startup message has come yet
    std::uint64_t limit = 0;   // max_client_conn
};

// Where a backend is, without secrets. What the URL does not say is empty, or 0.
struct backend_address {
    std::string host; // a name, an address, a socket directory
    std::uint16_t port = 0;
    std::string database; // SQLite: the file
    std::string user;
};

struct backend_snapshot {
    std::string name;
    std::chrono::steady_clock::time_point made_at = {}; // its pool, and with it what it counts
    backend_address address = {};
    bool is_session_lane = false;
    bool is_paused = false;    // by an operator
    bool is_disabled = false;  // likewise: no new clients
    bool is_suspended = false; // likewise, and all others are, too
    bool is_quiet = true;      // no client holds a server
    bool has_retired = false;  // connections that are replaced are not closed yet
    std::uint64_t clients = 0; // connected to it
    bool is_up = false;
    std::string down_because = {}; // the server's own words, when they are known
    pool_stats pool = {};
    weir::traffic traffic = {};
    std::size_t listening_channels = 0;
    int listener_pid = 0; // of the server's process behind the connection that listens; 0: none
    std::optional<doctor::budget> budget = {}; // once the server has been asked
    migration_status migrations = {};
};

// How the settings were read anew: SIGHUP, RELOAD, `weir reload`.
struct reload_counts {
    std::uint64_t done = 0;
    std::uint64_t refused = 0; // something was wrong with them; the old ones stayed
    bool last_was_refused = false;
    std::chrono::system_clock::time_point in_use_since = {}; // those of now, whose start it is, too
};

struct metrics_snapshot {
    std::string closed_because = {}; // "draining", "suspended"; empty while clients are let in
    std::vector<backend_snapshot> backends = {};
    client_counts clients = {};
    error_counts errors_before_backend = {}; // of clients that never got as far as one
    reload_counts reloads = {};
};

} // namespace weir
