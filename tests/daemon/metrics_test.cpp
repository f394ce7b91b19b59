#include "daemon/control_pages.hpp"
#include "daemon/metrics.hpp"
#include "daemon/version.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <sstream>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

metrics_snapshot two_backends()
{
    metrics_snapshot now;
    now.clients = {.active = 3, .waiting = 1, .idle = 40, .limit = 10'000};
    now.reloads = {.refused = 1,
                   .last_was_refused = true,
                   .in_use_since = std::chrono::system_clock::time_point{1234500ms}};
    now.errors_before_backend.add(sqlstate{"3D000"});

    backend_snapshot main{.name = "main", .is_up = true};
    main.pool.size = 10;
    main.pool.max_overflow = -1;
    main.budget = doctor::budget{.configured = std::nullopt, .available = 27, .because = {}};
    main.pool.idle = 2;
    main.pool.active = 3;
    main.pool.pinned = 7;
    main.pool.connecting = 1;
    main.pool.resetting = 4;
    main.pool.waiting = 5;
    main.pool.timeouts = 6;
    main.pool.logins_ok = 17;
    main.pool.logins_failed = 2;
    main.pool.closed(close_reason::recycle) = 7;
    main.pool.checkout_seconds.observe(50us);
    main.pool.checkout_seconds.observe(2ms);
    main.pool.checkout_seconds.observe(2min);
    main.pool.turned_away = 8;
    main.is_paused = main.is_suspended = true;
    main.traffic.transaction_seconds.observe(1ms);
    main.traffic.transaction_seconds.observe(3s);
    main.traffic.query_time = 2500ms;
    main.traffic.limits[static_cast<std::size_t>(hold_limit::transaction_timeout)] = 4;
    main.traffic.queries = 9;
    main.traffic.bytes_in = 100;
    main.traffic.bytes_out = 12'345'678'901;
    main.traffic.notifications = 11;
    main.listening_channels = 12;
    main.traffic.errors.add(sqlstate{"53300"});
    main.traffic.errors.add(sqlstate{"23505"});
    main.traffic.errors.add(sqlstate{"53400"});
    main.migrations.is = migration_status::phase::running;
    main.migrations.is_open = false;
    main.migrations.current = {"040_tags"};
    main.migrations.heads = {"041_comments", "041_likes"};
    main.migrations.pending = 2;
    main.migrations.applied = 65;
    main.migrations.failures = 3;
    main.migrations.seconds.observe(20ms);
    now.backends.push_back(main);

    now.backends.push_back({.name = "a \"b\"\\\n", .down_because = "connection refused"});
    return now;
}

bool has_line(const std::string& page, const std::string& line)
{
    return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

} // namespace

TEST_SUITE("metrics")
{
    TEST_CASE("every number of a snapshot is on the page, with its labels")
    {
        const std::string page = to_prometheus(two_backends());
        CAPTURE(page);
        for (
            const std::string line : {
                R"(weir_backend_up{backend="main"} 1)",
                R"(weir_pool_size{backend="main"} 10)",
                R"(weir_pool_max_overflow{backend="main"} -1)",
                R"(weir_pool_budget_configured_connections{backend="main"} +Inf)",
                R"(weir_pool_budget_available_connections{backend="main"} 27)",
                R"(weir_pool_connections{backend="main",state="idle"} 2)",
                R"(weir_pool_connections{backend="main",state="active"} 3)",
                R"(weir_pool_connections{backend="main",state="pinned"} 7)",
                R"(weir_pool_connections{backend="main",state="connecting"} 1)",
                R"(weir_pool_connections{backend="main",state="resetting"} 4)",
                R"(weir_pool_waiting{backend="main"} 5)",
                R"(weir_pool_paused{backend="main"} 1)",
                R"(weir_pool_disabled{backend="main"} 0)",
                R"(weir_pool_suspended{backend="main"} 1)",
                R"(weir_pool_timeouts_total{backend="main"} 6)",
                R"(weir_pool_turned_away_total{backend="main"} 8)",
                R"(weir_pool_connects_total{backend="main",result="ok"} 17)",
                R"(weir_pool_connects_total{backend="main",result="failed"} 2)",
                R"(weir_pool_closes_total{backend="main",reason="recycle"} 7)",
                R"(weir_pool_closes_total{backend="main",reason="reload"} 0)",
                R"(weir_transactions_total{backend="main"} 2)",
                R"(weir_transaction_seconds_bucket{backend="main",le="0.001"} 1)",
                R"(weir_transaction_seconds_count{backend="main"} 2)",
                R"(weir_query_seconds_total{backend="main"} 2.5)",
                R"(weir_limits_total{backend="main",limit="query_timeout"} 0)",
                R"(weir_limits_total{backend="main",limit="transaction_timeout"} 4)",
                R"(weir_queries_total{backend="main"} 9)",
                R"(weir_bytes_total{backend="main",direction="in"} 100)",
                R"(weir_bytes_total{backend="main",direction="out"} 12345678901)",
                R"(weir_listening_channels{backend="main"} 12)",
                R"(weir_notifications_total{backend="main"} 11)",
                R"(weir_errors_total{backend="main",sqlstate_class="23"} 1)",
                R"(weir_errors_total{backend="main",sqlstate_class="53"} 2)",
                R"(weir_errors_total{backend="",sqlstate_class="3D"} 1)",
                R"(weir_migration_info{backend="main",head="041_comments, 041_likes",current="040_tags"} 1)",
                R"(weir_migrations_pending{backend="main"} 2)",
                R"(weir_migration_running{backend="main"} 1)",
                R"(weir_migration_gate_open{backend="main"} 0)",
                R"(weir_migrations_applied_total{backend="main"} 65)",
                R"(weir_migration_failures_total{backend="main"} 3)",
                R"(weir_migration_seconds_bucket{backend="main",le="0.025"} 1)",
                R"(weir_migration_seconds_count{backend="main"} 1)",
                R"(weir_pool_closes_total{backend="main",reason="migration"} 0)",
                R"(weir_client_connections{state="active"} 3)",
                R"(weir_client_connections{state="waiting"} 1)",
                R"(weir_client_connections{state="idle"} 40)",
                R"(weir_max_client_connections 10000)",
                R"(weir_config_last_reload_successful 0)",
                R"(weir_config_last_reload_success_timestamp_seconds 1234.5)",
            }) {
            CAPTURE(line);
            CHECK(has_line(page, line));
        }
        CHECK(page.find("weir_build_info{version=\"" + std::string{version()} + "\",compiler=\"") !=
              std::string::npos);
    }

    TEST_CASE("a histogram's buckets include the smaller ones and end at infinity")
    {
        const std::string page = to_prometheus(two_backends());
        const std::string name = "weir_pool_checkout_seconds_bucket{backend=\"main\",le=\"";
        CHECK(has_line(page, name + "0.0001\"} 1"));
        CHECK(has_line(page, name + "0.001\"} 1"));
        CHECK(has_line(page, name + "0.0025\"} 2"));
        CHECK(has_line(page, name + "60\"} 2"));
        CHECK(has_line(page, name + "+Inf\"} 3"));
        CHECK(has_line(page, "weir_pool_checkout_seconds_count{backend=\"main\"} 3"));
        CHECK(page.find("weir_pool_checkout_seconds_sum{backend=\"main\"} 120.00205") !=
              std::string::npos);
    }

    TEST_CASE("a backend's name cannot break the page")
    {
        const std::string page = to_prometheus(two_backends());
        CHECK(has_line(page, R"(weir_backend_up{backend="a \"b\"\\\n"} 0)"));
    }

    TEST_CASE("every family says once what it is")
    {
        std::istringstream page(to_prometheus(two_backends()));
        std::string line;
        std::string family; // the one that the last # TYPE spoke of
        int families = 0;
        while (std::getline(page, line)) {
            CAPTURE(line);
            if (line.starts_with("# TYPE ")) {
                family = line.substr(7, line.find(' ', 7) - 7);
                ++families;
            } else if (!line.starts_with("# HELP ")) {
                CHECK(line.starts_with(family));
            }
        }
        CHECK(families == 41);
    }

    TEST_CASE("without backends the page is still one")
    {
        const std::string page = to_prometheus({});
        CHECK(has_line(page, R"(weir_client_connections{state="idle"} 0)"));
    }

    TEST_CASE("errors are counted by class, in order")
    {
        error_counts counts;
        for (const char* code : {"XX000", "08006", "53300", "08001"})
            counts.add(sqlstate::from(code));
        REQUIRE(counts.counts().size() == 3);
        CHECK(counts.counts()[0] ==
              std::pair{error_counts::sqlstate_class{'0', '8'}, std::uint64_t{2}});
        CHECK(counts.counts()[1].first == error_counts::sqlstate_class{'5', '3'});
        CHECK(counts.counts()[2].first == error_counts::sqlstate_class{'X', 'X'});
    }

    TEST_CASE("however many classes of errors a client invents, there is a limit to the samples")
    {
        metrics_snapshot now;
        for (char first = 'A'; first <= 'Z'; ++first)
            for (char second = 'A'; second <= 'Z'; ++second)
                now.errors_before_backend.add(
                    sqlstate::from(std::string{first, second, '0', '0', '0'}));
        CHECK(now.errors_before_backend.counts().size() == error_counts::most);
        CHECK(now.errors_before_backend.others() == 26 * 26 - error_counts::most);
        CHECK(has_line(to_prometheus(now),
                       R"(weir_errors_total{backend="",sqlstate_class="other"} 612)"));
    }
}

TEST_SUITE("readiness")
{
    TEST_CASE("ready when clients are let in and every backend is up")
    {
        metrics_snapshot now;
        now.backends.push_back({.name = "main", .is_up = true});
        now.backends.push_back({.name = "local", .is_up = true});
        const http_page page = readiness(now);
        CHECK(page.status == 200);
        CHECK(page.content_type == "application/json");
        CHECK(page.body == R"({"ready":true,"backends":[{"name":"main","up":true,"gate":"open"},)"
                           R"({"name":"local","up":true,"gate":"open"}]})"
                           "\n");
    }

    TEST_CASE("a backend that is down is named, with the server's words")
    {
        metrics_snapshot now;
        now.backends.push_back({.name = "main", .down_because = "password \"x\" failed"});
        const http_page page = readiness(now);
        CHECK(page.status == 503);
        CHECK(page.body == R"({"ready":false,"backends":[{"name":"main","up":false,"gate":"open",)"
                           R"("down_because":"password \"x\" failed"}]})"
                           "\n");
    }

    TEST_CASE("a backend that nobody has logged in to yet says so")
    {
        metrics_snapshot now;
        now.backends.push_back({.name = "main"});
        const http_page page = readiness(now);
        CHECK(page.status == 503);
        CHECK(page.body == R"({"ready":false,"backends":[{"name":"main","up":false,"gate":"open",)"
                           R"("down_because":"no login has succeeded yet"}]})"
                           "\n");
    }

    TEST_CASE("a backend whose migrations are not done is not ready, and says why")
    {
        metrics_snapshot now;
        now.backends.push_back({.name = "main", .is_up = true});
        now.backends[0].migrations.is_open = false;
        now.backends[0].migrations.closed_because = "migrations are running: 12 of 65, 041_x";
        const http_page page = readiness(now);
        CHECK(page.status == 503);
        CHECK(page.body ==
              R"({"ready":false,"backends":[{"name":"main","up":true,)"
              R"("gate":"closed","closed_because":"migrations are running: 12 of 65, 041_x"}]})"
              "\n");
    }

    TEST_CASE("a closed gate is told")
    {
        const http_page page = readiness(
            {.closed_because = "draining", .backends = {{.name = "main", .is_up = true}}});
        CHECK(page.status == 503);
        CHECK(page.body == R"({"ready":false,"closed_because":"draining",)"
                           R"("backends":[{"name":"main","up":true,"gate":"open"}]})"
                           "\n");
    }
}
