#include "daemon/status/pool_history.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::status;
using namespace std::chrono_literals;

namespace {

// A pool that is told of what goes through it.
struct world {
    pool_history history;
    backend_snapshot pool{.name = "main"};
    pool_history::time_point now{};

    void
    pass(std::chrono::seconds time, int transactions_per_second, std::chrono::milliseconds each)
    {
        for (auto end = now + time; now < end; now += 1s) {
            history.note(now, pool);
            for (int i = 0; i < transactions_per_second; ++i) {
                pool.traffic.transaction_seconds.observe(each);
                pool.pool.checkout_seconds.observe(each);
                ++pool.traffic.queries;
            }
        }
    }
    recent_figures recent() const { return history.recent(now, pool); }
};

} // namespace

TEST_SUITE_BEGIN("status: pool history");

TEST_CASE("before anything is known there are no figures")
{
    const world w;
    CHECK(w.recent().seconds == 0);
    CHECK(w.recent().transactions_per_second == 0);
    CHECK_FALSE(w.recent().checkout.p99.has_value());
}

TEST_CASE("rates and percentiles are of the time that is known")
{
    world w;
    w.pass(60s, 5, 20ms);
    const recent_figures r = w.recent();
    CHECK(r.seconds == doctest::Approx(60));
    CHECK(r.transactions_per_second == doctest::Approx(5));
    CHECK(r.queries_per_second == doctest::Approx(5));
    CHECK(r.checkout.count == 300);
    CHECK(*r.checkout.p50 > 0.01);
    CHECK(*r.checkout.p99 <= 0.025);
    CHECK_FALSE(r.hold.p50.has_value()); // nothing was held
    REQUIRE(r.rates.size() == 5);
    for (const double rate : r.rates)
        CHECK(rate == doctest::Approx(5));
}

TEST_CASE("what is longer ago than the window is forgotten, and the ring does not grow")
{
    world w;
    w.pass(60s, 100, 20s); // an hour ago it was slow
    w.pass(3600s, 1, 1ms);
    const recent_figures r = w.recent();
    CHECK(r.seconds <= 310);
    CHECK(r.seconds >= 290);
    CHECK(r.transactions_per_second == doctest::Approx(1).epsilon(0.02));
    CHECK(*r.transaction.p99 <= 0.001);
    CHECK(r.rates.size() == 30);
}

TEST_CASE("errors of all classes are counted together")
{
    world w;
    w.pool.traffic.errors.add(sqlstate{"53300"});
    w.pass(20s, 1, 1ms);
    w.pool.traffic.errors.add(sqlstate{"53300"});
    w.pool.traffic.errors.add(sqlstate{"57014"});
    CHECK(w.recent().errors == 2);
}

TEST_CASE("who got no connection is counted, however it was refused")
{
    world w;
    w.pool.pool.timeouts = 10;
    w.pass(20s, 1, 1ms);
    CHECK(w.recent().refused == 0);
    w.pool.pool.timeouts += 2;
    w.pool.pool.turned_away += 3;
    CHECK(w.recent().refused == 5);
    CHECK(w.recent().checkout.count == 20);
}

TEST_SUITE_END();
