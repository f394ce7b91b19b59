#include "pool/core/backoff.hpp"
#include "pool/core/pool.hpp"
#include "tests/pool/core/stage.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

namespace weir {

TEST_SUITE_BEGIN("pool");

using test::stage;

TEST_CASE("the first client opens a server, the next one finds it")
{
    stage s;
    CHECK(s.acquire(7) == "open 0");
    CHECK(s.it().is_waiting(client_id{7}));
    CHECK(s.logged_in(0) == "grant 0 to 7");
    CHECK_FALSE(s.it().is_waiting(client_id{7}));
    CHECK(s.release(0) == "");
    CHECK(s.state(0) == server_state::idle);
    CHECK(s.acquire(8) == "hold 0");
    CHECK(s.stats().grants == 2);
}

TEST_CASE("a released server goes straight to the first in the queue")
{
    stage s{{.size = 1, .max_overflow = 0}};
    s.fill(1);
    CHECK(s.acquire(1) == "");
    CHECK(s.acquire(2) == "");
    CHECK(s.release(0) == "grant 0 to 1");
    CHECK(s.release(0) == "grant 0 to 2");
    CHECK(s.release(0) == "");
}

TEST_CASE("a waiter that gives up is passed over, wherever in the queue it stood")
{
    stage s{{.size = 1, .max_overflow = 0}};
    s.fill(1);
    for (unsigned client = 1; client <= 5; ++client)
        s.acquire(client);
    SUBCASE("first")
    {
        s.give_up(1);
        CHECK(s.release(0) == "grant 0 to 2");
    }
    SUBCASE("in the middle")
    {
        s.give_up(3);
        CHECK(s.release(0) == "grant 0 to 1");
        CHECK(s.release(0) == "grant 0 to 2");
        CHECK(s.release(0) == "grant 0 to 4");
    }
    SUBCASE("last, and back again")
    {
        s.give_up(5);
        s.acquire(5);
        for (unsigned client = 1; client <= 5; ++client)
            CHECK(s.release(0) == "grant 0 to " + std::to_string(client));
    }
}

TEST_CASE("the pool grows to size + overflow and no further")
{
    struct limits {
        unsigned size;
        int max_overflow;
        unsigned most;
    };
    for (const limits& l : {limits{2, 3, 5}, {2, 0, 2}, {1, -1, 100}, {0, 3, 100}, {0, 0, 100}}) {
        CAPTURE(l.size);
        CAPTURE(l.max_overflow);
        stage s{{.size = l.size, .max_overflow = l.max_overflow}};
        s.fill(100);
        CHECK(s.stats().active == l.most);
        CHECK(s.stats().waiting == 100 - l.most);
    }
}

TEST_CASE("last used, first out; or in turn, as set")
{
    for (const bool lifo : {true, false}) {
        CAPTURE(lifo);
        stage s{{.use_lifo = lifo}};
        s.fill(3);
        for (const unsigned id : {1u, 0u, 2u})
            s.release(id);
        CHECK(s.acquire(5) == (lifo ? "hold 2" : "hold 1"));
        CHECK(s.acquire(6) == "hold 0");
        CHECK(s.acquire(7) == (lifo ? "hold 1" : "hold 2"));
    }
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("pool: waiting");

TEST_CASE("after its timeout a waiter hears the numbers, and those behind it wait on")
{
    stage s;
    s.fill(30);
    CHECK(s.acquire(50) == "");
    s.pass(10s);
    CHECK(s.acquire(51) == "");
    CHECK(s.tick_after(20s - 1ms) == "notice 50, notice 51");
    CHECK(s.tick_after(1ms) == "refuse 50 53300");
    CHECK(s.last_refusal().message ==
          "pool limit of size 10 overflow 20 reached, no connection came free in 30 s");
    CHECK(s.last_refusal().detail == "active 30, idle 0, waiting 2, longest held 30 s by client 0");
    CHECK(s.release(4) == "grant 4 to 51");
    CHECK(s.stats().timeouts == 1);
}

TEST_CASE("a full queue refuses at once")
{
    stage s{{.size = 1, .max_overflow = 0, .max_waiting = 2}};
    s.fill(1);
    s.acquire(1);
    s.acquire(2);
    CHECK(s.acquire(3) == "refuse 3 53300");
    CHECK(s.last_refusal().message ==
          "pool limit of size 1 overflow 0: 2 clients wait for a connection already");
    CHECK_FALSE(s.it().is_waiting(client_id{3}));
    CHECK(s.stats().turned_away == 1);
    CHECK(s.give_up(1) == "");
    CHECK(s.stats().gave_up == 1);
    CHECK(s.acquire(3) == "");
    CHECK(s.stats().waiting == 2);
}

TEST_CASE("whoever would not be served in time is refused at once")
{
    stage s{{.size = 1, .max_overflow = 0, .timeout = 10s}};
    s.fill(1);
    unsigned newest = 0;
    const auto one_turn = [&](std::chrono::milliseconds time) {
        s.acquire(++newest);
        s.pass(time);
        return s.release(0);
    };
    s.acquire(++newest);
    for (int i = 0; i < 20; ++i)
        one_turn(4s);
    CHECK(s.stats().waiting == 1);
    CHECK(s.acquire(1000) == "");
    CHECK(s.acquire(1001) == "refuse 1001 53300");
    CHECK(s.last_refusal().message ==
          "pool limit of size 1 overflow 0 reached, and the expected wait of 12 s exceeds the "
          "timeout of 10 s");
    CHECK(s.acquire(1002, 1) == ""); // a process that has none in the queue is served sooner
    CHECK(s.stats().turned_away == 1);
}

TEST_CASE("a client that waits for 5 s is told of it, once")
{
    stage s{{.size = 1, .max_overflow = 0}};
    s.fill(1);
    s.acquire(1);
    CHECK(s.tick_after(4'999ms) == "");
    CHECK(s.tick_after(1ms) == "notice 1");
    CHECK(s.tick_after(5s) == "");
    CHECK(s.acquire(2) == "");
    CHECK(s.tick_after(5s) == "notice 2");
}

TEST_CASE("a waiter's deadline follows a reload, counted from when it came")
{
    stage s{{.size = 1, .max_overflow = 0, .timeout = 30s}};
    s.fill(1);
    s.acquire(1);
    s.pass(10s);
    SUBCASE("shorter")
    {
        s.reload({.size = 1, .max_overflow = 0, .timeout = 5s});
        CHECK(s.tick() == "refuse 1 53300");
    }
    SUBCASE("longer")
    {
        s.reload({.size = 1, .max_overflow = 0, .timeout = 60s});
        CHECK(s.tick_after(40s) == "notice 1");
        CHECK(s.tick_after(10s) == "refuse 1 53300");
    }
}

TEST_CASE("nobody overtakes: with a queue, a newcomer stands behind it even if a server is idle")
{
    stage s{{.use_lifo = false}}; // so that an old one is pinged while a fresh one is idle
    s.fill(2);
    s.release(0);
    s.pass(31s);
    s.release(1);
    CHECK(s.acquire(5) == "ping 0");
    CHECK(s.acquire(6) == "grant 1 to 5");
    CHECK(s.checked(0, true) == "grant 0 to 6");
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("pool: age");

TEST_CASE("a server past its lifetime is replaced at checkout")
{
    stage s{{.size = 2, .pre_ping = false}};
    s.fill(2);
    s.release(0);
    s.pass(1800s);
    s.release(1); // exactly old enough to stay
    CHECK(s.state(1) == server_state::idle);
    s.pass(1ms);
    CHECK(s.acquire(5) == "close 1 recycle, close 0 recycle, open 1");
    CHECK(s.stats().closed(close_reason::recycle) == 2);
}

TEST_CASE("a server past its lifetime is closed by the clock when idle, at release when held")
{
    stage s;
    s.fill(2);
    s.release(0);
    CHECK(s.tick_after(1800s) == "");
    CHECK(s.tick_after(1ms) == "close 0 recycle"); // server 1 is in use: never mid-transaction
    SUBCASE("clean") { CHECK(s.release(1) == "close 1 recycle"); }
    SUBCASE("dirty: not worth a reset") { CHECK(s.release_dirty(1) == "close 1 recycle"); }
}

TEST_CASE("a server that is recycled at release is replaced for the one who waits")
{
    stage s{{.size = 1, .max_overflow = 0, .timeout = 1h}};
    s.fill(1);
    s.pass(1801s);
    s.acquire(1);
    CHECK(s.release(0) == "close 0 recycle, open 0");
    CHECK(s.logged_in(0) == "grant 0 to 1");
}

TEST_CASE("lifetimes are jittered down by up to a tenth; a negative one never ends")
{
    stage s{{.recycle = 1000s}, 0.5}; // the middle of the tenth
    s.fill(1);
    s.release(0);
    CHECK(s.tick_after(950s) == "");
    CHECK(s.tick_after(1ms) == "close 0 recycle");

    stage never{{.recycle = -1s}, 0.5};
    never.fill(1);
    never.release(0);
    CHECK(never.tick_after(24h * 365) == "");
}

TEST_CASE("a reload changes the lifetime of the servers there are")
{
    stage s{{.recycle = -1s}};
    s.fill(2);
    s.release(0);
    s.pass(100s);
    CHECK(s.reload({.recycle = 60s}) == "close 0 recycle");
    CHECK(s.release(1) == "close 1 recycle");
}

TEST_CASE("a recycle time of nothing replaces a server per client and does not spin")
{
    stage s{{.recycle = 0s}};
    CHECK(s.acquire(1) == "open 0");
    s.pass(5ms);
    CHECK(s.logged_in(0) == "grant 0 to 1");
    s.pass(5ms);
    CHECK(s.release(0) == "close 0 recycle");
}

TEST_CASE("a server that idled for long is pinged before anyone gets it")
{
    stage s;
    s.fill(2);
    s.release(0);
    s.release(1);
    s.pass(30s);
    CHECK(s.acquire(5) == "hold 1"); // 30 s is not longer than 30 s
    s.pass(1ms);
    CHECK(s.acquire(6) == "ping 0");
    CHECK(s.state(0) == server_state::pinging);
    SUBCASE("it answers") { CHECK(s.checked(0, true) == "grant 0 to 6"); }
    SUBCASE("it does not: the client gets another")
    {
        CHECK(s.checked(0, false) == "close 0 error, open 0");
        CHECK(s.logged_in(0) == "grant 0 to 6");
    }
    SUBCASE("it breaks meanwhile: likewise")
    {
        CHECK(s.lost(0) == "close 0 error, open 0");
        CHECK(s.logged_in(0) == "grant 0 to 6");
    }
    SUBCASE("another comes back first, and the pinged one stays idle")
    {
        CHECK(s.release(1) == "grant 1 to 6");
        CHECK(s.checked(0, true) == "");
        CHECK(s.state(0) == server_state::idle);
        CHECK(s.acquire(7) == "hold 0"); // it has just answered
    }
}

TEST_CASE("after a failed ping the next idle server is tried before a new one is opened")
{
    stage s;
    s.fill(2);
    s.release(0);
    s.release(1);
    s.pass(31s);
    CHECK(s.acquire(5) == "ping 1");
    CHECK(s.checked(1, false) == "close 1 error, ping 0");
    CHECK(s.checked(0, true) == "grant 0 to 5");
}

TEST_CASE("without pre_ping a server that idled for long is used as it is")
{
    stage s{{.pre_ping = false}};
    s.fill(1);
    s.release(0);
    s.pass(29min);
    CHECK(s.acquire(5) == "hold 0");
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("pool: room");

TEST_CASE("an overflow server lingers, so that bursts do not churn")
{
    stage s{{.size = 1, .max_overflow = 2}};
    s.fill(3);
    s.release(2);
    s.pass(2s);
    s.release(1);
    s.release(0);
    CHECK(s.tick_after(3s - 1ms) == "");
    CHECK(s.tick_after(1ms) == "close 2 overflow");
    CHECK(s.tick_after(2s - 1ms) == "");
    CHECK(s.tick_after(1ms) == "close 1 overflow");
    CHECK(s.tick_after(1min) == ""); // the last one is `size`
    CHECK(s.stats().idle == 1);
}

TEST_CASE("without a linger an overflow server is closed at release, unless someone waits for it")
{
    stage s{{.size = 1, .max_overflow = 1, .overflow_linger = 0s}};
    s.fill(2);
    s.acquire(5);
    CHECK(s.release(1) == "grant 1 to 5");
    CHECK(s.release(1) == "close 1 overflow");
    CHECK(s.release(0) == "");
}

TEST_CASE("min_idle servers are opened ahead of need, up to size")
{
    stage s{{.size = 3, .min_idle = 2}};
    CHECK(s.tick() == "open 0, open 1");
    CHECK(s.tick() == "");
    s.logged_in(0);
    s.logged_in(1);
    CHECK(s.acquire(5) == "hold 1");
    CHECK(s.tick() == "open 2");
    s.logged_in(2);
    CHECK(s.acquire(6) == "hold 2");
    CHECK(s.tick() == ""); // two held and one idle make three
}

TEST_CASE("a pool that seeks a server opens one by itself, and no figure tells of a client")
{
    stage s{{.size = 1, .max_overflow = 0, .timeout = 1s}};
    CHECK(s.tick() == "");
    s.seek_server(true);
    CHECK(s.tick() == "open 0");
    CHECK(s.tick() == ""); // under way
    for (int knocks = 0; knocks < 20; ++knocks) {
        CHECK(s.login_failed(0) == "");
        CHECK(s.tick_after(longest_pause) == "open 0");
    }
    CHECK(s.acquire(7) == ""); // its client need not wait for another one
    CHECK(s.logged_in(0) == "grant 0 to 7");
    s.seek_server(false);
    CHECK(s.release(0) == "");
    CHECK(s.stats().grants == 1);
    CHECK(s.stats().checkout_seconds.sum() == 0s);
    CHECK(s.stats().timeouts + s.stats().turned_away + s.stats().gave_up == 0);
    CHECK(s.lost(0) == "close 0 error");
    CHECK(s.tick() == "");
}

TEST_CASE("a pool that seeks a server for nobody knocks with long pauses, so as to lock nobody out")
{
    stage s;
    s.seek_server(true);
    s.tick();
    for (int knocks = 0; knocks < 10; ++knocks) {
        s.login_failed(0, {"28P01", "password authentication failed"});
        CHECK(s.tick_after(longest_pause) == "open 0");
    }
    s.login_failed(0);
    CHECK(s.tick_after(longest_pause - 1ms) == "");
    CHECK(s.acquire(1) == "open 0"); // now somebody waits
}

TEST_CASE("a pool that seeks a server goes beyond size for it, but not beyond max_overflow")
{
    stage s{{.size = 1, .max_overflow = 1}};
    s.fill(1);
    s.retire_all(); // what is held may be of another address
    s.seek_server(true);
    CHECK(s.tick() == "open 1");
    CHECK(s.logged_in(1) == "");
    CHECK(s.acquire(7) == "hold 1");
    CHECK(s.tick() == "");
}

TEST_CASE("while a pool that seeks a server is paused it opens none")
{
    stage s;
    s.seek_server(true);
    s.pause({"57P03", "migrating"});
    CHECK(s.tick() == "");
    CHECK(s.resume() == "");
    CHECK(s.tick() == "open 0");
}

TEST_CASE("a server that nobody needed for idle_timeout is closed, but min_idle stay")
{
    stage s{{.min_idle = 1, .idle_timeout = 60s}};
    s.fill(3);
    for (const unsigned id : {0u, 1u, 2u})
        s.release(id);
    CHECK(s.tick_after(60s - 1ms) == "");
    CHECK(s.tick_after(1ms) == "close 0 idle, close 1 idle");
    CHECK(s.tick_after(10min) == "");
}

TEST_CASE("a reload that shrinks closes what is idle at once, and the rest as it comes back")
{
    stage s{{.size = 6, .max_overflow = 0}};
    s.fill(6);
    s.release(0);
    s.release(1);
    CHECK(s.reload({.size = 2, .max_overflow = 0}) == "close 0 reload, close 1 reload");
    CHECK(s.acquire(9) == ""); // four are held, and two is the most
    CHECK(s.release(2) == "close 2 reload");
    CHECK(s.release_dirty(3) == "close 3 reload");
    CHECK(s.release(4) == "grant 4 to 9");
}

TEST_CASE("a reload that grows opens for those who wait")
{
    stage s{{.size = 1, .max_overflow = 0}};
    s.fill(1);
    s.acquire(5);
    s.acquire(6);
    s.acquire(7);
    CHECK(s.reload({.size = 3, .max_overflow = 0}) == "open 1, open 2");
    CHECK(s.it().settings().size == 3);
}

TEST_CASE("retiring all closes the idle now, the held at release, and the rest as they come")
{
    stage s{{.size = 4}};
    s.fill(4);
    s.release(0);
    s.release_dirty(1);
    s.release(2);
    s.pass(31s);
    CHECK(s.acquire(5) == "ping 2");
    CHECK(s.acquire(6) == "ping 0");
    CHECK(s.acquire(7) == ""); // counts on the reset
    CHECK(s.acquire(8) == "open 4");
    CHECK(s.retire_all() == "");
    CHECK(s.checked(1, true) == "close 1 reload, open 1");
    CHECK(s.checked(2, true) == "close 2 reload, open 2");
    CHECK(s.logged_in(4) == "close 4 reload, open 4"); // it may have reached the old backend
    CHECK(s.logged_in(1) == "grant 1 to 5");
    CHECK(s.release(3) == "close 3 reload");
    CHECK(s.release(1) == "grant 1 to 6");
    CHECK(s.retire_all() == "");
    CHECK(s.checked(0, false) == "close 0 error");
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("pool: care");

TEST_CASE("a dirty server is made clean before anyone else gets it")
{
    stage s{{.size = 1, .max_overflow = 0}};
    s.fill(1);
    s.acquire(5);
    CHECK(s.release_dirty(0) == "reset 0");
    CHECK(s.state(0) == server_state::resetting);
    SUBCASE("done") { CHECK(s.checked(0, true) == "grant 0 to 5"); }
    SUBCASE("not possible") { CHECK(s.checked(0, false) == "close 0 reset, open 0"); }
    SUBCASE("lost") { CHECK(s.lost(0) == "close 0 error, open 0"); }
}

TEST_CASE("an abandoned server is closed, and the one who waits gets another")
{
    stage s{{.size = 1, .max_overflow = 0}};
    s.fill(1);
    s.acquire(5);
    CHECK(s.abandon(0) == "close 0 error, open 0");
    CHECK(s.stats().closed(close_reason::error) == 1);
}

TEST_CASE("an idle server that breaks is forgotten")
{
    stage s;
    s.fill(2);
    s.release(0);
    s.release(1);
    CHECK(s.lost(1) == "close 1 error");
    CHECK(s.acquire(5) == "hold 0");
    CHECK(s.acquire(6) == "open 1");
}

TEST_CASE("a login per waiter that nothing else covers, and four at a time")
{
    stage s;
    for (unsigned client = 1; client <= 4; ++client)
        CHECK(s.acquire(client) == "open " + std::to_string(client - 1));
    CHECK(s.acquire(5) == "");
    CHECK(s.acquire(6) == "");
    CHECK(s.logged_in(2) == "grant 2 to 1, open 4");
    CHECK(s.release(2) == "grant 2 to 2");
    CHECK(s.release(2) == "grant 2 to 3");
    CHECK(s.logged_in(0) == "grant 0 to 4"); // 5 and 6 are covered by three logins
    CHECK(s.give_up(5) == "");
    CHECK(s.give_up(6) == "");
    CHECK(s.logged_in(1) == "");
    CHECK(s.state(1) == server_state::idle); // a login for nobody is not wasted
}

TEST_CASE("what is asked of a closed or unknown slot is answered: closed")
{
    stage s;
    CHECK(s.state(0) == server_state::closed);
    CHECK(s.state(4711) == server_state::closed);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("pool: a backend that is down");

TEST_CASE("logins back off, one at a time, and waiters are held until their timeout")
{
    stage s;
    for (unsigned client = 1; client <= 4; ++client)
        s.acquire(client);
    for (unsigned id = 0; id < 4; ++id)
        CHECK(s.login_failed(id) == ""); // begun together: they count as one failure
    CHECK(s.tick_after(99ms) == "");
    CHECK(s.tick_after(1ms) == "open 0");
    CHECK(s.login_failed(0, {"57P03", "the database system is starting up"}) == "");
    CHECK(s.tick_after(199ms) == "");
    CHECK(s.tick_after(1ms) == "open 1"); // the slot that has been free for longest
    CHECK(s.stats().logins_failed == 5);
    CHECK_FALSE(s.it().is_up());
    SUBCASE("it stays down: the server's own words")
    {
        s.pass(30s);
        CHECK(s.tick() == "refuse 1 57P03, refuse 2 57P03, refuse 3 57P03, refuse 4 57P03");
        CHECK(s.last_refusal().message == "the database system is starting up");
    }
    SUBCASE("it returns: everyone is served")
    {
        CHECK(s.logged_in(1) == "grant 1 to 1, open 2, open 3, open 0");
        CHECK(s.it().is_up());
        CHECK_FALSE(s.it().last_login_error());
    }
}

TEST_CASE("the pause doubles up to 5 s, but while a client waits it stays below one")
{
    stage s{{.size = 1, .timeout = 1h, .min_idle = 1}};
    s.tick();
    for (int i = 0; i < 10; ++i) {
        s.login_failed(0);
        CHECK(s.tick_after(5s) == "open 0");
    }
    s.login_failed(0);
    CHECK(s.tick_after(4s) == "");
    CHECK(s.acquire(5) == "open 0"); // 4 s are long enough for someone who waits
    s.login_failed(0);
    CHECK(s.tick_after(499ms) == "");
    CHECK(s.tick_after(1ms) == "open 0");
}

TEST_CASE("a login that hangs does not keep the next from knocking when its pause is over")
{
    stage s;
    s.acquire(1);
    s.acquire(2);
    s.login_failed(0);
    CHECK(s.tick_after(99ms) == "");
    CHECK(s.tick_after(1ms) == "open 0"); // of server 1 there is still no word
    CHECK(s.acquire(3) == "");
    CHECK(s.tick_after(99ms) == "");
    CHECK(s.tick_after(1ms) == "open 2");
}

TEST_CASE("after a lost backend the first login is tried at once")
{
    stage s;
    s.fill(2);
    s.release(0);
    s.lost(0);
    s.abandon(1);
    CHECK(s.it().is_up()); // as far as anyone knows
    CHECK(s.acquire(5) == "open 0");
}

TEST_CASE(
    "a backend is in doubt when a login has failed or the last server broke, until a login ends")
{
    stage s;
    CHECK_FALSE(s.it().is_in_doubt()); // nothing was tried
    s.acquire(1);
    CHECK_FALSE(s.it().is_in_doubt());
    s.login_failed(0);
    CHECK(s.it().is_in_doubt());
    s.give_up(1);
    CHECK(s.it().is_in_doubt());
    s.seek_server(true);
    CHECK(s.tick_after(1s) == "open 0");
    CHECK(s.it().is_in_doubt()); // on its way is not there
    s.logged_in(0);
    CHECK_FALSE(s.it().is_in_doubt());
    s.acquire(2);
    s.acquire(3);
    s.logged_in(1);
    s.release(0);
    CHECK(s.lost(0) == "close 0 error");
    CHECK_FALSE(s.it().is_in_doubt()); // another is connected
    SUBCASE("that one breaks, too")
    {
        CHECK(s.abandon(1) == "close 1 error");
        CHECK(s.it().is_in_doubt());
        CHECK(s.it().is_up()); // as far as anyone knows
        CHECK(s.tick() == "open 0");
        SUBCASE("it was a short break")
        {
            s.logged_in(0);
            CHECK_FALSE(s.it().is_in_doubt());
            CHECK(s.it().is_up());
        }
        SUBCASE("it is gone")
        {
            s.login_failed(0);
            CHECK(s.it().is_in_doubt());
            CHECK_FALSE(s.it().is_up());
        }
    }
    SUBCASE("that one is retired: no sign of a failure")
    {
        s.release(1);
        CHECK(s.retire_all() == "close 1 reload");
        CHECK_FALSE(s.it().is_in_doubt());
    }
}

TEST_CASE("an old failure does not delay a client that comes later")
{
    stage s;
    s.acquire(1);
    s.login_failed(0);
    s.give_up(1);
    CHECK_FALSE(s.it().is_up());
    s.pass(1h);
    CHECK(s.acquire(2) == "open 0");
}

TEST_CASE("a server that is connected still: the timeout blames the pool, and names the failure")
{
    stage s;
    s.fill(1);
    s.acquire(5);
    s.login_failed(1, {"53300", "sorry, too many clients already"});
    s.tick_after(1s);
    CHECK(s.tick_after(29s) == "refuse 5 53300");
    CHECK(s.last_refusal().message == "no connection came free in 30 s");
    CHECK(s.last_refusal().detail == "active 1, idle 0, waiting 1, connecting 1, longest held 30 s "
                                     "by client 0; the last login failed: "
                                     "sorry, too many clients already");
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("pool: the books");

TEST_CASE("the gauges say what is, the histograms what was")
{
    stage s{{.size = 3, .max_overflow = 0}};
    s.acquire(1);
    s.pass(5ms);
    s.logged_in(0);
    s.pass(40ms);
    s.release(0);
    s.acquire(1);
    s.acquire(2);
    s.acquire(3);
    s.pass(3ms);
    s.release_dirty(0);
    const pool_stats n = s.stats();
    CHECK(n.size == 3);
    CHECK(n.max_overflow == 0);
    CHECK(n.idle == 0);
    CHECK(n.active == 0);
    CHECK(n.connecting == 2);
    CHECK(n.resetting == 1);
    CHECK(n.total() == 3);
    CHECK(n.waiting == 2);
    CHECK(n.waiting_since);
    CHECK(n.resets == 1);
    CHECK(n.logins_ok == 1);
    CHECK(n.connect_seconds.count() == 1);
    CHECK(n.connect_seconds.sum() == 5ms);
    CHECK(n.checkout_seconds.count() == n.grants);
    CHECK(n.checkout_seconds.sum() == 5ms);
    CHECK(n.hold_seconds.count() == 2);
    CHECK(n.hold_seconds.sum() == 43ms);
}

TEST_CASE("a pinned server is counted apart, and goes back like any other")
{
    stage s{{.size = 1, .max_overflow = 0}};
    s.fill(1);
    s.pin(0);
    CHECK(s.state(0) == server_state::pinned);
    CHECK(s.stats().active == 0);
    CHECK(s.stats().pinned == 1);
    CHECK(s.stats().total() == 1);
    CHECK(s.stats().hold_seconds.count() == 1); // its transaction is over
    CHECK(s.acquire(1) == "");
    SUBCASE("released") { CHECK(s.release(0) == "grant 0 to 1"); }
    SUBCASE("released dirty")
    {
        CHECK(s.release_dirty(0) == "reset 0");
        CHECK(s.checked(0, true) == "grant 0 to 1");
    }
    SUBCASE("abandoned") { CHECK(s.abandon(0) == "close 0 error, open 0"); }
    CHECK(s.stats().pinned == 0);
}

TEST_CASE("a pinned server is recycled when it comes back, not before")
{
    stage s{{.size = 1, .max_overflow = 0, .recycle = 10s}};
    s.fill(1);
    s.pin(0);
    CHECK(s.tick_after(1h) == "");
    CHECK(s.release(0) == "close 0 recycle");
}

TEST_CASE("an idle server that suits is preferred, among the first few")
{
    stage s{{.size = 20, .use_lifo = true}};
    s.fill(12);
    for (unsigned id = 0; id < 12; ++id) {
        s.note(id, 100 + id);
        s.release(id); // 11 is the last used
    }
    CHECK(s.acquire(0, 0, 111) == "hold 11");
    CHECK(s.acquire(1, 0, 108) == "hold 8");
    CHECK(s.acquire(2, 0, 100) == "hold 10"); // too far down to be looked for
    CHECK(s.acquire(3, 0, 999) == "hold 9");
    CHECK(s.acquire(4, 0, 100) == "hold 0"); // now it is near
}

TEST_CASE("a server that suits but has to be checked is no better than the next")
{
    stage s{{.size = 3, .pre_ping_after = 30s}};
    s.fill(2);
    s.note(0, 7);
    s.release(0);
    s.pass(31s);
    s.note(1, 8);
    s.release(1);
    CHECK(s.acquire(0, 0, 7) == "hold 1");
}

TEST_CASE("the oldest holding is known by name")
{
    stage s;
    CHECK_FALSE(s.it().oldest_holding());
    s.acquire(7);
    s.logged_in(0);
    s.pass(1s);
    s.acquire(8);
    s.logged_in(1);
    CHECK(s.it().oldest_holding().value().client == client_id{7});
    s.release(0);
    CHECK(s.it().oldest_holding().value().client == client_id{8});
    CHECK(s.it().oldest_holding().value().server == server_id{1});
}

TEST_SUITE_END();

} // namespace weir
