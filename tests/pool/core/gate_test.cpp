// A pool that is paused or shut, and what holders, waiters and newcomers meet there.
#include "tests/pool/core/stage.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;

namespace weir {

TEST_SUITE_BEGIN("pool: the gate");

using test::stage;

const error migrating{"57P03", "migrations are running: 1 of 65, 001_users"};

TEST_CASE("a paused pool lets holders finish and makes all others wait")
{
    stage s{{.size = 2, .max_overflow = 0}};
    s.fill(3); // the third waits
    s.pause(migrating);
    CHECK_FALSE(s.it().is_open());
    CHECK_FALSE(s.it().is_quiet());
    CHECK(s.release(0) == "");
    CHECK(s.acquire(7) == "");
    CHECK(s.tick() == "");
    CHECK(s.release_dirty(1) == "reset 1");
    CHECK(s.it().is_quiet());
    CHECK(s.checked(1, true) == "");
    CHECK(s.resume() == "grant 1 to 2, grant 0 to 7");
    CHECK(s.it().is_open());
}

TEST_CASE("a paused pool opens nothing, not even ahead of need, and starts no ping")
{
    stage s{{.size = 3, .max_overflow = 0, .pre_ping_after = 1s, .min_idle = 2}};
    s.fill(1);
    s.release(0);
    s.pause(migrating);
    s.pass(5s);
    CHECK(s.acquire(1) == "");
    CHECK(s.acquire(2) == "");
    CHECK(s.tick() == "");
    CHECK(s.resume() == "ping 0, open 1");
    CHECK(s.tick() == "open 2");
}

TEST_CASE("a login that ends while the pool is paused is kept for those who wait")
{
    stage s;
    CHECK(s.acquire(1) == "open 0");
    s.pause(migrating);
    SUBCASE("well")
    {
        CHECK(s.logged_in(0) == "");
        CHECK(s.resume() == "grant 0 to 1");
    }
    SUBCASE("badly, and is not tried again before the pool is resumed")
    {
        CHECK(s.login_failed(0) == "");
        CHECK(s.tick_after(10s) == "notice 1");
        CHECK(s.resume() == "open 0");
    }
}

TEST_CASE("who waits at a paused pool waits from when it came, and hears the latest reason")
{
    stage s{{.size = 1, .max_overflow = 0, .timeout = 30s, .max_waiting = 2}};
    s.fill(1);
    s.acquire(1);
    s.pass(20s);
    s.pause(migrating);
    s.acquire(2);
    CHECK(s.acquire(3) == "refuse 3 57P03"); // the queue is full, and this is why
    CHECK(s.tick_after(9s) == "notice 1, notice 2");
    CHECK(s.last_notice().message == migrating.message);
    s.pause({"57P03", "migrations are running: 12 of 65, 012_orders"});
    CHECK(s.tick_after(1s) == "refuse 1 57P03");
    CHECK(s.last_refusal().message == "migrations are running: 12 of 65, 012_orders");
    CHECK(s.it().is_waiting(client_id{2}));
    CHECK(s.stats().timeouts == 1);
    CHECK(s.stats().turned_away == 1);
}

TEST_CASE("a shut pool refuses whoever waits or comes, at once, and lets holders finish")
{
    stage s{{.size = 1, .max_overflow = 0}};
    s.fill(1);
    s.acquire(1);
    s.acquire(2);
    CHECK(s.shut({"57P03", "migration 041 failed"}) == "refuse 1 57P03, refuse 2 57P03");
    CHECK(s.last_refusal().message == "migration 041 failed");
    CHECK(s.acquire(3) == "refuse 3 57P03");
    CHECK(s.release(0) == "");
    CHECK(s.acquire(3) == "refuse 3 57P03");
    CHECK(s.stats().turned_away == 4);
    SUBCASE("paused instead, those who come wait again")
    {
        s.pause(migrating);
        CHECK(s.acquire(3) == "");
        CHECK(s.resume() == "grant 0 to 3");
    }
    SUBCASE("resumed, it serves")
    {
        CHECK(s.resume() == "");
        CHECK(s.acquire(3) == "hold 0");
    }
}

TEST_CASE("servers of before a migration are closed as they come back, and say so")
{
    stage s;
    s.fill(2);
    s.release(0);
    s.pause(migrating);
    CHECK(s.retire_all(close_reason::migration) == "close 0 migration");
    CHECK(s.resume() == "");
    CHECK(s.release(1) == "close 1 migration");
    CHECK(s.stats().closed(close_reason::migration) == 2);
}

TEST_CASE("to resume an open pool changes nothing")
{
    stage s;
    CHECK(s.resume() == "");
    CHECK(s.acquire(1) == "open 0");
    CHECK(s.resume() == "");
}

TEST_SUITE_END();

} // namespace weir
