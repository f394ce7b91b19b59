#include "daemon/console/stats.hpp"

#include <doctest/doctest.h>

namespace weir::console {

TEST_SUITE_BEGIN("console: stats");

using namespace std::chrono_literals;

namespace {

stats with(std::uint64_t transactions, std::uint64_t seconds_held, std::uint64_t bytes)
{
    stats out;
    out[stats::xact_count] = transactions;
    out[stats::query_count] = 2 * transactions;
    out[stats::bytes_received] = bytes;
    out[stats::xact_time] = seconds_held * 1'000'000;
    out[stats::wait_time] = 5 * transactions;
    return out;
}

} // namespace

TEST_CASE("totals are microseconds, as PgBouncer has them")
{
    backend_snapshot b{.name = "main"};
    for (int i = 0; i < 3; ++i)
        b.traffic.transaction_seconds.observe(2500us);
    b.traffic.query_time = 1500us;
    b.pool.hold_seconds.observe(1s); // a session, which is not one transaction
    b.pool.checkout_seconds.observe(7us);
    const stats totals = totals_of(b);
    CHECK(totals[stats::xact_count] == 3);
    CHECK(totals[stats::query_time] == 1500);
    CHECK(totals[stats::xact_time] == 7'500);
    CHECK(totals[stats::wait_time] == 7);
}

TEST_CASE("transactions of one query each take as long as their queries, to the microsecond")
{
    backend_snapshot b{.name = "main"};
    for (int i = 1; i <= 1000; ++i) {
        const auto took = i * 1'001ns;
        b.traffic.transaction_seconds.observe(took);
        b.traffic.query_time += took;
        const stats totals = totals_of(b);
        CAPTURE(i);
        CHECK(totals[stats::xact_time] == totals[stats::query_time]);
    }
}

TEST_CASE("averages are over the last period and what has gone by of this one")
{
    const stats_window::time_point start{};
    stats_window w{start};
    CHECK(w.averages(start, {}) == stats{});

    const stats at_10 = w.averages(start + 10s, with(100, 20, 1000));
    CHECK(at_10[stats::xact_count] == 10);
    CHECK(at_10[stats::query_count] == 20);
    CHECK(at_10[stats::bytes_received] == 100);
    CHECK(at_10[stats::xact_time] == 200'000); // of one transaction
    CHECK(at_10[stats::wait_time] == 50);      // of one second

    w.note(start + 59s, with(1, 0, 0)); // too early
    w.note(start + 60s, with(600, 60, 0));
    CHECK(w.averages(start + 90s, with(900, 90, 0))[stats::xact_count] == 10);
    w.note(start + 120s, with(600, 60, 0));
    CHECK(w.averages(start + 150s, with(600, 60, 0))[stats::xact_count] == 0);
    CHECK(w.averages(start + 150s, with(690, 60, 0))[stats::xact_count] == 1);
}

TEST_SUITE_END();

} // namespace weir::console
