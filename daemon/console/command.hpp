// PURE. The console's commands: what each is called, what it asks for and which columns it answers
// with. A new one is a line of the table in command.cpp and a case where it is carried out.
#pragma once

#include "daemon/console/table.hpp"
#include "daemon/migrations/plan.hpp"
#include "pool/core/error.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::console {

enum class verb : std::uint8_t {
    nothing,   // an empty query
    courtesy,  // BEGIN, SET and the like, which drivers send: a tag and no more
    show_help, // every command with its syntax
    show_version,
    show_pools,
    show_databases,
    show_stats,
    show_stats_totals,
    show_stats_averages,
    show_totals,
    show_lists,
    show_users,
    show_config,
    show_clients,
    show_servers,
    show_sockets,
    show_active_sockets,
    show_waiters,
    show_holders,
    show_pins,
    show_state,
    show_dns_hosts,
    show_dns_zones,
    show_migrations,
    migrate,
    reload,
    show_fds,
    show_mem,
    show_backends,
    show_queries,
    set,
    pause,
    resume,
    disable,
    enable,
    suspend,
    reconnect,
    wait_close,
    kill,
    kill_client,
    shut_down,
    shut_down_after_servers,
    shut_down_after_clients,
};

// MIGRATE "backend" UPGRADE|DOWNGRADE|STAMP 'target' [PURGE] [ONLINE]
struct migrate_wish {
    std::string backend;
    migrations::direction way = migrations::direction::upgrade;
    std::string target;
    bool purge = false;  // STAMP: the rows go whatever they are
    bool online = false; // the pool goes on serving meanwhile

    friend bool operator==(const migrate_wish&, const migrate_wish&) = default;
};

struct command {
    console::verb verb = verb::nothing;
    std::string_view tag;               // of CommandComplete
    std::span<const column> columns;    // none: the tag is the whole answer
    char transaction_status_after = {}; // courtesies may change it; 0: as it was
    migrate_wish wish = {};             // of MIGRATE
    std::string subject = {};           // of the others: a backend, or a client; empty: all
    std::string value = {};             // of SET
    bool is_for_all = false;            // else for operators
};

// One command, with or without its semicolon. The error is a 42601, or 0A000 for several at once.
result<command> parse_command(std::string_view sql);

// For SHOW HELP, in the table's order.
rows help();

} // namespace weir::console
