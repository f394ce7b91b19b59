// PURE. What SHOW answers, from what the daemon knows; the columns are in columns.hpp.
#pragma once

#include "daemon/console/sockets.hpp"
#include "daemon/console/stats.hpp"
#include "daemon/console/table.hpp"
#include "daemon/metrics_snapshot.hpp"
#include "daemon/migration_status.hpp"
#include "daemon/queries/query_statistics.hpp"

#include <chrono>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace weir::console {

struct pool_stats_row {
    std::string database;
    stats totals;
    stats averages;
    stats recent; // of which they are the averages
};

rows show_pools(const metrics_snapshot& now, std::chrono::steady_clock::time_point at);
rows show_databases(const metrics_snapshot& now);
rows show_stats(std::span<const pool_stats_row> pools);
rows show_stats_totals(std::span<const pool_stats_row> pools);
rows show_stats_averages(std::span<const pool_stats_row> pools);
rows show_totals(std::span<const pool_stats_row> pools);
rows show_lists(const metrics_snapshot& now);
rows show_users(const metrics_snapshot& now);
rows show_state(const metrics_snapshot& now, bool is_suspended);
rows show_backends(const metrics_snapshot& now);
rows show_clients(const sockets& all, std::chrono::system_clock::time_point now);
rows show_servers(const sockets& all, std::chrono::system_clock::time_point now);
rows show_sockets(const sockets& all,
                  std::chrono::system_clock::time_point now,
                  bool active_ones); // alone: SHOW ACTIVE_SOCKETS
rows show_waiters(const sockets& all);
rows show_holders(const sockets& all);
rows show_pins(const sockets& all);
rows show_fds(const sockets& all);
rows show_mem(std::span<const memory> kinds);
rows show_queries(const std::map<std::string, std::vector<query_sums>>& by_backend);
rows show_migrations(std::span<const migration_status> backends);

} // namespace weir::console
