// Every knob of the daemon, checked: the one thing that the rest of weir gets to see of its
// environment, its file and its command line. load() makes it, once, and again on a reload.
//
// Where a value comes from, strongest first: the command line, the environment, the JSON file, the
// default here. An empty environment variable counts as unset. With several sources:
// * DB_POOL_* act on the pool of every backend, over what the file says there.
// * DATABASE_URL (or DATABASE_URL_FILE) alone makes the only backend, named after its database.
// * DATABASE_URL with a file that has backends replaces the url of the backend of that name, or
//   adds one of that name.
// * Neither: one SQLite file, ./app/database.db.
#pragma once

#include "config/database_url.hpp"
#include "config/migration_settings.hpp"
#include "pool/core/pool_settings.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct backend_settings {
    std::string name;                 // the database name that clients ask for
    std::vector<std::string> aliases; // further such names
    database_url url;
    pool_settings pool{}; // with size 0, max_overflow is -1: as in SQLAlchemy, no limit is no limit
    migration_settings migrations{};

    friend bool operator==(const backend_settings&, const backend_settings&) = default;
};

// Accounts of this host, by name or number; compared with SO_PEERCRED.
struct account_settings {
    std::vector<std::string> users;
    std::vector<std::string> groups;

    friend bool operator==(const account_settings&, const account_settings&) = default;
};

struct listen_settings {
    std::string socket_dir = "/run/weir"; // holds .s.PGSQL.PORT; ./run where that is not writable
    std::uint16_t port = 5432;            // only names the socket file
    unsigned mode = 0777;                 // of the socket file
    std::string group;                    // of the socket file; empty = weir's own
    account_settings allow;               // who may connect; empty = whom the mode admits

    friend bool operator==(const listen_settings&, const listen_settings&) = default;
};

struct ip_endpoint {
    std::string address;    // IPv4 or IPv6, never a name
    std::uint16_t port = 0; // 0: any that is free

    friend bool operator==(const ip_endpoint&, const ip_endpoint&) = default;
};

enum class log_format : std::uint8_t { text, json };
enum class log_level : std::uint8_t { debug, info, warning, error };

struct log_settings {
    log_format format = log_format::text;
    log_level level = log_level::info;

    friend bool operator==(const log_settings&, const log_settings&) = default;
};

struct settings {
    using milliseconds = std::chrono::milliseconds;

    std::vector<backend_settings> backends; // at least one; in the order of their names
    listen_settings listen;
    // Over a restart, in the service manager's descriptor store; on when it offers one (FDSTORE).
    bool keep_clients = false;
    account_settings admin; // operators, beside root and the user that weir runs as
    std::optional<ip_endpoint> metrics = ip_endpoint{"127.0.0.1", 9127}; // nothing = not served
    std::vector<std::string> metrics_hosts; // names for its pages beside addresses and localhost
    log_settings log;
    unsigned max_client_conn = 10'000;         // further clients get 53300
    milliseconds client_login_timeout{60'000}; // a startup packet is due within this
    milliseconds client_idle_timeout{0};       // a client silent for longer is sent away; 0 = never
    milliseconds shutdown_timeout{30'000};     // at a stop or a restart transactions have this long

    std::string file; // the settings file that was read; empty = none

    friend bool operator==(const settings&, const settings&) = default;
};

} // namespace weir
