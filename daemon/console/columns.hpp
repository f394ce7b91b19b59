// The columns of what SHOW answers: PgBouncer's names, order and types (1.18, which Debian 12 has),
// so that its exporters and monitoring agents read weir.
#pragma once

#include "daemon/console/table.hpp"

#include <array>
#include <span>

namespace weir::console::columns {

inline constexpr auto text = column::kind::text;
inline constexpr auto bytea = column::kind::bytea;
inline constexpr auto int4 = column::kind::int4;
inline constexpr auto int8 = column::kind::int8;
inline constexpr auto numeric = column::kind::numeric;

inline constexpr std::array pools{column{"database", text},
                                  column{"user", text},
                                  column{"cl_active", int4},
                                  column{"cl_waiting", int4},
                                  column{"cl_active_cancel_req", int4},
                                  column{"cl_waiting_cancel_req", int4},
                                  column{"sv_active", int4},
                                  column{"sv_active_cancel", int4},
                                  column{"sv_being_canceled", int4},
                                  column{"sv_idle", int4},
                                  column{"sv_used", int4},
                                  column{"sv_tested", int4},
                                  column{"sv_login", int4},
                                  column{"maxwait", int4},
                                  column{"maxwait_us", int4},
                                  column{"pool_mode", text}};

inline constexpr std::array databases{column{"name", text},
                                      column{"host", text},
                                      column{"port", int4},
                                      column{"database", text},
                                      column{"force_user", text},
                                      column{"pool_size", int4},
                                      column{"min_pool_size", int4},
                                      column{"reserve_pool", int4},
                                      column{"pool_mode", text},
                                      column{"max_connections", int4},
                                      column{"current_connections", int4},
                                      column{"paused", int4},
                                      column{"disabled", int4}};

inline constexpr std::array stats{column{"database", text},
                                  column{"total_xact_count", numeric},
                                  column{"total_query_count", numeric},
                                  column{"total_received", numeric},
                                  column{"total_sent", numeric},
                                  column{"total_xact_time", numeric},
                                  column{"total_query_time", numeric},
                                  column{"total_wait_time", numeric},
                                  column{"avg_xact_count", numeric},
                                  column{"avg_query_count", numeric},
                                  column{"avg_recv", numeric},
                                  column{"avg_sent", numeric},
                                  column{"avg_xact_time", numeric},
                                  column{"avg_query_time", numeric},
                                  column{"avg_wait_time", numeric}};

// SHOW STATS_TOTALS and SHOW STATS_AVERAGES.
inline constexpr std::array half_stats{column{"database", text},
                                       column{"xact_count", numeric},
                                       column{"query_count", numeric},
                                       column{"bytes_received", numeric},
                                       column{"bytes_sent", numeric},
                                       column{"xact_time", numeric},
                                       column{"query_time", numeric},
                                       column{"wait_time", numeric}};

// SHOW CLIENTS and SHOW SERVERS: the first 18.
inline constexpr std::array sockets{
    column{"type", text},         column{"user", text},        column{"database", text},
    column{"state", text},        column{"addr", text},        column{"port", int4},
    column{"local_addr", text},   column{"local_port", int4},  column{"connect_time", text},
    column{"request_time", text}, column{"wait", int4},        column{"wait_us", int4},
    column{"close_needed", int4}, column{"ptr", text},         column{"link", text},
    column{"remote_pid", int4},   column{"tls", text},         column{"application_name", text},
    column{"recv_pos", int4},     column{"pkt_pos", int4},     column{"pkt_remain", int4},
    column{"send_pos", int4},     column{"send_remain", int4}, column{"pkt_avail", int4},
    column{"send_avail", int4}};
inline constexpr std::span<const column> ends{std::span{sockets}.first(18)};

inline constexpr std::array totals{column{"name", text}, column{"value", numeric}};
inline constexpr std::array lists{column{"list", text}, column{"items", int4}};
inline constexpr std::array users{column{"name", text}, column{"pool_mode", text}};
inline constexpr std::array config{column{"key", text},
                                   column{"value", text},
                                   column{"default", text},
                                   column{"changeable", text}};
inline constexpr std::array state{column{"key", text}, column{"value", text}};
inline constexpr std::array version{column{"version", text}};
inline constexpr std::array dns_hosts{
    column{"hostname", text}, column{"ttl", int8}, column{"addrs", text}};
inline constexpr std::array dns_zones{
    column{"zonename", text}, column{"serial", int8}, column{"count", int4}};

inline constexpr std::array fds{column{"fd", int4},
                                column{"task", text},
                                column{"user", text},
                                column{"database", text},
                                column{"addr", text},
                                column{"port", int4},
                                column{"cancel", int8},
                                column{"link", int4},
                                column{"client_encoding", text},
                                column{"std_strings", text},
                                column{"datestyle", text},
                                column{"timezone", text},
                                column{"password", text},
                                column{"scram_client_key", bytea},
                                column{"scram_server_key", bytea}};
inline constexpr std::array mem{column{"name", text},
                                column{"size", int4},
                                column{"used", int4},
                                column{"free", int4},
                                column{"memtotal", int4}};

// weir's own.
inline constexpr std::array backends{column{"backend", text},
                                     column{"state", text},
                                     column{"down_because", text},
                                     column{"clients_are", text},
                                     column{"migration_error", text},
                                     column{"clients", int8},
                                     column{"waiting", int8},
                                     column{"active", int8},
                                     column{"pinned", int8},
                                     column{"idle", int8},
                                     column{"size", int8},
                                     column{"max_overflow", int8},
                                     column{"listener_pid", int8}};
inline constexpr std::array waiters{column{"backend", text},
                                    column{"client", text},
                                    column{"process", text},
                                    column{"pid", int8},
                                    column{"application_name", text},
                                    column{"waited_ms", int8}};
inline constexpr std::array holders{column{"backend", text},
                                    column{"server", text},
                                    column{"server_pid", int8},
                                    column{"client", text},
                                    column{"process", text},
                                    column{"pid", int8},
                                    column{"doing", text},
                                    column{"held_ms", int8},
                                    column{"silent_ms", int8},
                                    column{"statement", text}};
inline constexpr std::array pins{column{"backend", text},
                                 column{"server", text},
                                 column{"server_pid", int8},
                                 column{"client", text},
                                 column{"process", text},
                                 column{"pid", int8},
                                 column{"for", text},
                                 column{"held_ms", int8}};
inline constexpr std::array queries{column{"backend", text},
                                    column{"queryid", text},
                                    column{"calls", int8},
                                    column{"total_us", int8},
                                    column{"mean_us", int8},
                                    column{"max_us", int8},
                                    column{"wait_us", int8},
                                    column{"rows", int8},
                                    column{"query", text}};
inline constexpr std::array help{column{"command", text}, column{"does", text}};
inline constexpr std::array migrations{column{"backend", text},
                                       column{"state", text},
                                       column{"current", text},
                                       column{"head", text},
                                       column{"pending", int8},
                                       column{"revision", text},
                                       column{"number", int8},
                                       column{"total", int8},
                                       column{"since", text},
                                       column{"error", text}};
inline constexpr std::array migrate{column{"step", text},
                                    column{"revision", text},
                                    column{"message", text},
                                    column{"duration_ms", int8}};

} // namespace weir::console::columns
