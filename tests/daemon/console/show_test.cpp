#include "daemon/console/command.hpp"
#include "daemon/console/show.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>

namespace weir::console {

TEST_SUITE_BEGIN("console: show");

TEST_CASE("a backend's migrations in one row, as long as the columns promised")
{
    using phase = migration_status::phase;
    const auto noon = std::chrono::system_clock::time_point{std::chrono::hours{12}};
    const std::array all{migration_status{.backend = "main",
                                          .is = phase::running,
                                          .is_open = false,
                                          .revision = "041_comments",
                                          .number = 12,
                                          .total = 65,
                                          .since = noon,
                                          .current = {"040_a", "040_b"},
                                          .heads = {"065_z"},
                                          .pending = 54},
                         migration_status{.backend = "local", .since = noon},
                         migration_status{.backend = "shop",
                                          .is_open = false,
                                          .since = noon,
                                          .error = "migration 7 failed: no"}};
    const rows shown = show_migrations(all);
    const row expected{"main",
                       "running",
                       "040_a, 040_b",
                       "065_z",
                       "54",
                       "041_comments",
                       "12",
                       "65",
                       "1970-01-01 12:00:00+00",
                       std::nullopt};
    REQUIRE(shown.size() == 3);
    CHECK(shown[0] == expected);
    CHECK(shown[1][1] == "open");
    CHECK(shown[1][5] == std::nullopt);
    CHECK(shown[1][6] == std::nullopt);
    CHECK(shown[2][1] == "closed");
    CHECK(shown[2][9] == "migration 7 failed: no");
    for (const row& r : shown)
        CHECK(r.size() == parse_command("SHOW MIGRATIONS")->columns.size());
}

namespace {

metrics_snapshot two_backends()
{
    metrics_snapshot now;
    now.clients = {.active = 3, .waiting = 2, .idle = 5, .login = 1, .limit = 100};
    backend_snapshot main{.name = "main"};
    main.address = {.host = "/run/postgresql", .port = 5433, .database = "shop", .user = "app"};
    main.clients = 9;
    main.pool.size = 10;
    main.pool.max_overflow = 20;
    main.pool.min_idle = 1;
    main.pool.active = 2;
    main.pool.pinned = 1;
    main.pool.idle = 4;
    main.pool.connecting = 6;
    main.pool.resetting = 7;
    main.pool.waiting = 2;
    main.pool.waiting_since = std::chrono::steady_clock::time_point{};
    backend_snapshot lane = main;
    lane.name = "main:session";
    lane.is_session_lane = true;
    lane.is_paused = true;
    lane.pool.size = 0;
    lane.pool.waiting_since.reset();
    now.backends = {main, lane};
    return now;
}

void check_width(const rows& shown, std::string_view sql)
{
    CAPTURE(sql);
    const auto command = parse_command(sql);
    REQUIRE(command.has_value());
    REQUIRE_FALSE(shown.empty());
    for (const row& r : shown)
        CHECK(r.size() == command->columns.size());
}

} // namespace

TEST_CASE("a pool is shown with its clients and servers by state")
{
    using namespace std::chrono_literals;
    const std::chrono::steady_clock::time_point later{2s + 34us};
    const rows shown = show_pools(two_backends(), later);
    REQUIRE(shown.size() == 2);
    CHECK(shown[0] == row{"main",
                          "app",
                          "7",
                          "2",
                          "0",
                          "0",
                          "3",
                          "0",
                          "0",
                          "4",
                          "0",
                          "7",
                          "6",
                          "2",
                          "34",
                          "transaction"});
    CHECK(shown[1][13] == "0");
    CHECK(shown[1][15] == "session");
    check_width(shown, "SHOW POOLS");
}

TEST_CASE("a backend is shown with its address and its limits")
{
    const rows shown = show_databases(two_backends());
    REQUIRE(shown.size() == 2);
    CHECK(shown[0] == row{"main",
                          "/run/postgresql",
                          "5433",
                          "shop",
                          "app",
                          "10",
                          "1",
                          "20",
                          "transaction",
                          "30",
                          "20",
                          "0",
                          "0"});
    CHECK(shown[1][9] == "0");  // no limit
    CHECK(shown[1][11] == "1"); // paused
    check_width(shown, "SHOW DATABASES");
    const rows file = show_databases({.backends = {{.name = "app"}}});
    CHECK(file[0][1] == std::nullopt);
    CHECK(file[0][4] == std::nullopt);
}

TEST_CASE("lists, users and state count what there is")
{
    const metrics_snapshot now = two_backends();
    const rows lists = show_lists(now);
    const auto items = [&](std::string_view name) {
        for (const row& r : lists)
            if (r[0] == name)
                return *r[1];
        return std::string{"missing"};
    };
    CHECK(items("databases") == "2");
    CHECK(items("users") == "1");
    CHECK(items("used_clients") == "10");
    CHECK(items("free_clients") == "90");
    CHECK(items("login_clients") == "1");
    CHECK(items("used_servers") == "40");
    CHECK(items("free_servers") == "8");
    check_width(lists, "SHOW LISTS");
    CHECK(show_users(now) == rows{{"app", std::nullopt}});
    CHECK(show_state(now, false)[0] == row{"active", "yes"});
    metrics_snapshot paused = now;
    for (backend_snapshot& b : paused.backends)
        b.is_paused = true;
    CHECK(show_state(paused, false)[1] == row{"paused", "yes"});
    CHECK(show_state(now, true)[2] == row{"suspended", "yes"});
}

TEST_CASE("connections are shown one by one, and who waits or holds by how long")
{
    using namespace std::chrono_literals;
    const auto now = std::chrono::system_clock::time_point{12h};
    socket waiter{.ptr = "c1", .user = "app", .database = "main", .state = "waiting"};
    waiter.connected = 2h;
    waiter.asked = waiter.waited = 1500ms;
    socket patient = waiter;
    patient.ptr = "c2";
    patient.waited = 3s;
    socket holder{.ptr = "c3", .state = "active", .link = "s0@main"};
    socket held{.ptr = "s0@main", .state = "active", .link = "c3", .doing = "running"};
    held.held = 5s;
    held.peer.port = 5433;
    socket pinned = held;
    pinned.pins = "temp_tables";
    pinned.held = 7s;
    socket idle{.state = "idle"};
    idle.peer = {"10.0.0.7", 5432};
    idle.local = {"10.0.0.1", 56568};
    const sockets all{{waiter, patient, holder}, {held, pinned, idle}, 6432};

    const rows clients = show_clients(all, now);
    REQUIRE(clients.size() == 3);
    CHECK(clients[0][0] == "C");
    CHECK(clients[0][5] == "6432");
    CHECK(clients[0][8] == "1970-01-01 10:00:00 UTC");
    CHECK(clients[0][10] == "1");
    CHECK(clients[0][11] == "500000");
    check_width(clients, "SHOW CLIENTS");
    const rows servers = show_servers(all, now);
    check_width(servers, "SHOW SERVERS");
    const auto ends = [](const row& r) { return row(r.begin() + 4, r.begin() + 8); };
    CHECK(ends(clients[0]) == row{"unix", "6432", "unix", "6432"});
    CHECK(ends(servers[0]) == row{"unix", "5433", "unix", "6432"});
    CHECK(ends(servers[2]) == row{"10.0.0.7", "5432", "10.0.0.1", "56568"});
    const rows both = show_sockets(all, now, false);
    CHECK(both.size() == 6);
    CHECK(both[5][3] == "sv_idle");
    CHECK(show_sockets(all, now, true).size() == 3);
    check_width(both, "SHOW SOCKETS");
    const rows descriptors = show_fds(all);
    REQUIRE(descriptors.size() == 6);
    CHECK(descriptors[0][5] == "6432");
    CHECK(descriptors[3][5] == "5433");
    CHECK(descriptors[5][4] == "10.0.0.7");
    CHECK(descriptors[5][5] == "5432");
    check_width(descriptors, "SHOW FDS");

    const rows waiters = show_waiters(all);
    REQUIRE(waiters.size() == 2);
    CHECK(waiters[0][1] == "c2");
    CHECK(waiters[1][5] == "1500");
    check_width(waiters, "SHOW WAITERS");
    const rows holders = show_holders(all);
    REQUIRE(holders.size() == 2);
    CHECK(holders[0][7] == "7000");
    check_width(holders, "SHOW HOLDERS");
    const rows pins = show_pins(all);
    REQUIRE(pins.size() == 1);
    CHECK(pins[0][6] == "temp_tables");
    check_width(pins, "SHOW PINS");
}

TEST_CASE("stats in their four forms, and averages that are weighed")
{
    pool_stats_row busy{.database = "busy", .totals = {}, .averages = {}, .recent = {}};
    busy.totals[stats::xact_count] = 30;
    busy.averages[stats::xact_count] = 3;
    busy.averages[stats::xact_time] = 100;
    busy.recent[stats::xact_count] = 300;
    busy.recent[stats::xact_time] = 30'000;
    pool_stats_row calm = busy;
    calm.database = "calm";
    calm.averages[stats::xact_count] = 0; // less than one in a second
    calm.averages[stats::xact_time] = 500;
    calm.recent[stats::xact_count] = 33;
    calm.recent[stats::xact_time] = 33 * 500;
    const std::array both{busy, calm};
    check_width(show_stats(both), "SHOW STATS");
    check_width(show_stats_totals(both), "SHOW STATS_TOTALS");
    check_width(show_stats_averages(both), "SHOW STATS_AVERAGES");
    CHECK(show_stats(both)[0][1] == "30");
    CHECK(show_stats(both)[1][8] == "0");
    const rows all = show_totals(both);
    REQUIRE(all.size() == 14);
    CHECK(all[0] == row{"total_xact_count", "60"});
    CHECK(all[7] == row{"avg_xact_count", "3"});
    CHECK(all[11] == row{"avg_xact_time", "139"}); // (300 * 100 + 33 * 500) / 333
    check_width(all, "SHOW TOTALS");
}

TEST_SUITE_END();

} // namespace weir::console
