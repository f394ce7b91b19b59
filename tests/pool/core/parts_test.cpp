#include "pool/core/backoff.hpp"
#include "pool/core/error.hpp"
#include "pool/core/histogram.hpp"
#include "pool/core/server_state.hpp"
#include "pool/core/turn_pace.hpp"
#include "pool/core/wait_queue.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>

using namespace std::chrono_literals;

namespace weir {

TEST_SUITE_BEGIN("pool: parts");

TEST_CASE("only an idle server, which is clean and checked, may become active")
{
    using enum server_state;
    for (const server_state from : {closed, connecting, idle, pinging, active, resetting}) {
        CAPTURE(to_string(from));
        CHECK(may_follow(from, active) == (from == idle));
        CHECK(may_follow(from, connecting) == (from == closed));
        CHECK(may_follow(from, closed) == (from != closed));
    }
}

TEST_CASE("states and reasons have the names that the metrics page shows")
{
    CHECK(to_string(server_state::closed) == "closed");
    CHECK(to_string(server_state::resetting) == "resetting");
    CHECK(to_string(close_reason::recycle) == "recycle");
    CHECK(to_string(close_reason::overflow) == "overflow");
    CHECK(to_string(close_reason::idle) == "idle");
    CHECK(to_string(close_reason::error) == "error");
    CHECK(to_string(close_reason::reset) == "reset");
    CHECK(to_string(close_reason::reload) == "reload");
    CHECK(to_string(close_reason::migration) == "migration");
    CHECK(to_string(close_reason::reconnect) == "reconnect");
}

TEST_CASE("the pause after failed logins doubles, has a cap, and is jittered down by a quarter")
{
    CHECK(reconnect_delay(1, 5s, 0.0) == 100ms);
    CHECK(reconnect_delay(2, 5s, 0.0) == 200ms);
    CHECK(reconnect_delay(6, 5s, 0.0) == 3200ms);
    CHECK(reconnect_delay(7, 5s, 0.0) == 5s);
    CHECK(reconnect_delay(std::numeric_limits<unsigned>::max(), 5s, 0.0) == 5s);
    CHECK(reconnect_delay(7, 5s, 0.5) == 4375ms);
    CHECK(reconnect_delay(1, 5s, 0.999) == 76ms);
}

TEST_CASE("a histogram counts each duration once, in the first bucket that holds it")
{
    histogram h;
    h.observe(0s);
    h.observe(100us); // a bound belongs to its bucket
    h.observe(101us);
    h.observe(60s);
    h.observe(1h);
    CHECK(h.buckets().front() == 2);
    CHECK(h.buckets()[1] == 1);
    CHECK(h.buckets()[histogram::bounds.size() - 1] == 1);
    CHECK(h.buckets().back() == 1);
    CHECK(h.count() == 5);
    CHECK(h.sum() == 3660s + 201us);
}

TEST_CASE("within a process a queue keeps the order of arrival through leaving and coming back")
{
    wait_queue q;
    const wait_queue::time_point start{};
    for (const unsigned client : {4u, 900u, 2u, 7u})
        q.push_back(client_id{client}, process_index{5}, start + std::chrono::seconds{client});
    q.erase(client_id{900});
    q.push_back(client_id{900}, process_index{5}, start + 901s);
    CHECK(q.contains(client_id{900}));
    CHECK_FALSE(q.contains(client_id{3}));
    CHECK_FALSE(q.contains(client_id{90'000}));
    CHECK(q.oldest().client == client_id{4});
    for (const unsigned client : {4u, 2u, 7u})
        CHECK(q.pop_next().client == client_id{client});
    CHECK(q.oldest().since == start + 901s);
    CHECK(q.size() == 1);
    CHECK(q.pop_next().client == client_id{900});
    CHECK(q.empty());
}

TEST_CASE("processes take turns, however many clients each has in the queue")
{
    wait_queue q;
    const wait_queue::time_point now{};
    for (unsigned client = 0; client < 1000; ++client)
        q.push_back(client_id{client}, process_index{0}, now);
    q.push_back(client_id{1000}, process_index{1}, now);
    q.push_back(client_id{1001}, process_index{2}, now);
    q.push_back(client_id{1002}, process_index{2}, now);
    for (const unsigned client : {0u, 1000u, 1001u, 1u, 1002u, 2u, 3u})
        CHECK(q.pop_next().client == client_id{client});
    q.erase(client_id{4});
    q.push_back(client_id{1000}, process_index{1}, now); // one that has just been served comes last
    for (const unsigned client : {5u, 1000u, 6u})
        CHECK(q.pop_next().client == client_id{client});
    CHECK(q.oldest().client == client_id{7});
}

TEST_CASE("a queue names each waiter once that came before a moment")
{
    wait_queue q;
    const wait_queue::time_point start{};
    for (const unsigned client : {3u, 1u, 2u})
        q.push_back(client_id{client}, process_index{client % 2}, start + 1s * (4 - client));
    CHECK_FALSE(q.take_notice(start));
    CHECK(q.take_notice(start + 1s) == client_id{3});
    CHECK_FALSE(q.take_notice(start + 1s));
    q.erase(client_id{1});
    CHECK(q.take_notice(start + 9s) == client_id{2});
    CHECK_FALSE(q.take_notice(start + 9s));
    q.erase(client_id{2});
    q.push_back(client_id{2}, process_index{0}, start);
    CHECK(q.take_notice(start + 9s) == client_id{2});
}

TEST_CASE("how many turns come before a newcomer's depends on its own process")
{
    wait_queue q;
    CHECK(q.turns_before(process_index{9}) == 0);
    for (unsigned client = 0; client < 100; ++client)
        q.push_back(client_id{client}, process_index{0}, {});
    q.push_back(client_id{100}, process_index{1}, {});
    CHECK(q.turns_before(process_index{2}) == 2);
    CHECK(q.turns_before(process_index{1}) == 4);
    CHECK(q.turns_before(process_index{0}) == 101);
}

TEST_CASE("the pace of a queue is the mean time between turns, once there were enough")
{
    turn_pace pace;
    turn_pace::time_point now{};
    for (unsigned i = 0; i < turn_pace::least_turns; ++i) {
        CHECK_FALSE(pace.time_for(1));
        pace.turn(now += 2s);
    }
    pace.turn(now += 2s);
    CHECK(pace.time_for(3)->count() == doctest::Approx(6));
    for (int i = 0; i < 200; ++i)
        pace.turn(now += 1s);
    CHECK(pace.time_for(3)->count() == doctest::Approx(3).epsilon(0.001));
    pace.rest();
    CHECK_FALSE(pace.time_for(1));
}

TEST_CASE("an SQLSTATE is five characters, whatever a server says")
{
    CHECK(sqlstate::from("57P03").text() == "57P03");
    CHECK(sqlstate::from("57P03 ").text() == "XX000");
    CHECK(sqlstate::from("").text() == "XX000");
}

TEST_SUITE_END();

} // namespace weir
