#include "daemon/view/status_page.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace weir::view;

namespace {

pools_answer pools()
{
    return {
        .backends = {{"backend",
                      "state",
                      "down_because",
                      "clients_are",
                      "migration_error",
                      "clients",
                      "waiting",
                      "active",
                      "pinned",
                      "idle",
                      "size",
                      "max_overflow"},
                     {{"main", "up", {}, "paused", {}, "12", "2", "9", "1", "0", "10", "20"},
                      {"main:session", "up", {}, "served", {}, "0", "0", "0", "0", "0", "5", "0"},
                      {"other",
                       "down",
                       "nobody\nlistens",
                       "closed",
                       "002_b: oops",
                       "0",
                       "0",
                       "0",
                       "0",
                       "0",
                       "0",
                       "-1"}}},
        .pools = {{"database", "maxwait", "maxwait_us"}, {{"main", "7", "250000"}}},
        .averages = {{"database", "xact_count", "query_count", "xact_time"},
                     {{"main", "523", "1204", "1900"}}},
        .migrations = {{"backend", "state", "pending", "number", "total"},
                       {{"main", "open", "0", {}, {}}, {"other", "closed", "2", {}, {}}}}};
}

} // namespace

TEST_SUITE_BEGIN("view");

TEST_CASE("the status page: a line for each pool, then what is wrong")
{
    const lines page = status_page(pools(), false);
    REQUIRE(page.size() == 6);
    CHECK(page[0] == "BACKEND  STATE       CLIENTS  WAITING  MAXWAIT  ACTIVE  PINNED  IDLE      "
                     "SIZE  XACT/S  QUERY/S  XACT_TIME  MIGRATIONS");
    CHECK(page[1] == "main     up, paused       12        2     7.2s       9       1     0     "
                     "10+20     523     1204        1ms  none pending");
    CHECK(page[2] == "other    down              0        0        0       0       0     0  no "
                     "limit       0        0          0  closed");
    CHECK(page[4] == "other is down: nobody?listens");
    CHECK(page[5] == "other: the migrations failed: 002_b: oops");
}

TEST_CASE("a session lane is shown while somebody uses it")
{
    pools_answer now = pools();
    const auto shows_lane = [&] {
        const lines page = status_page(now, false);
        return std::ranges::any_of(page,
                                   [](const auto& l) { return l.starts_with("main:session"); });
    };
    CHECK_FALSE(shows_lane());
    auto rows = now.backends.rows();
    rows[1][9] = "1"; // idle
    now.backends = answer(now.backends.columns(), rows);
    CHECK(shows_lane());
}

TEST_CASE("who holds what, with what it is kept for, and who waits")
{
    const holders_answer now{
        .holders = {{"backend",
                     "server",
                     "server_pid",
                     "client",
                     "process",
                     "pid",
                     "doing",
                     "held_ms",
                     "silent_ms"},
                    {{"main",
                      "s1",
                      "812",
                      "c7",
                      "celery[33] of worker.service",
                      "33",
                      "idle in transaction",
                      "192000",
                      "60000"},
                     {"main", "s2", "813", "c8", "", "44", "running", "5", "5"}}},
        .pins = {{"server", "for"}, {{"s2", "temporary tables"}}},
        .waiters = {{"backend", "client", "process", "pid", "application_name", "waited_ms"}, {}}};
    const lines page = who_page(now, false);
    REQUIRE(page.size() == 5);
    CHECK(page[1] == "3min12s  main            812  c7      celery[33] of worker.service  idle in "
                     "transaction    1min");
    CHECK(page[2].ends_with("c8      process 44                    running                 5ms  "
                            "temporary tables"));
    CHECK(page[4] == "no client waits for a server");
    CHECK(who_page({}, false).front() == "no client holds a server");
}

TEST_SUITE_END();
