#include "pool/core/hold_limits.hpp"

#include <doctest/doctest.h>

namespace weir {

TEST_SUITE_BEGIN("pool: hold limits");

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::steady_clock::time_point start{1000s};

struct watched {
    pool_settings settings{
        .query_timeout = 5s, .idle_transaction_timeout = 10s, .transaction_timeout = 30s};
    hold_watch watch;
    std::uint64_t answers = 0;
    std::uint64_t transactions = 0;

    hold_limit busy(std::chrono::milliseconds at)
    {
        return watch.look({true, true, answers, transactions}, settings, start + at);
    }
    hold_limit idle_in_transaction(std::chrono::milliseconds at)
    {
        return watch.look({false, true, answers, transactions}, settings, start + at);
    }
    hold_limit idle(std::chrono::milliseconds at)
    {
        return watch.look({false, false, answers, transactions}, settings, start + at);
    }
};

} // namespace

TEST_CASE("a query that runs for longer than query_timeout, counted from when it was first seen")
{
    watched w;
    CHECK(w.busy(0s) == hold_limit::none);
    CHECK(w.busy(4'999ms) == hold_limit::none);
    CHECK(w.busy(5s) == hold_limit::query_timeout);
    CHECK(w.busy(6s) == hold_limit::query_timeout); // and it still is
}

TEST_CASE("every answer starts the query's clock anew, though the server never rests")
{
    watched w;
    for (std::chrono::seconds at{0}; at < 25s; at += 4s, ++w.answers)
        CHECK(w.busy(at) == hold_limit::none);
    CHECK(w.busy(29s) == hold_limit::none);
    CHECK(w.busy(30s) == hold_limit::transaction_timeout);
}

TEST_CASE("a transaction in which nothing happens")
{
    watched w;
    CHECK(w.busy(0s) == hold_limit::none);
    ++w.answers;
    CHECK(w.idle_in_transaction(1s) == hold_limit::none);
    CHECK(w.idle_in_transaction(10'999ms) == hold_limit::none);
    CHECK(w.idle_in_transaction(11s) == hold_limit::idle_transaction_timeout);
    w.answers += 2; // it did something between two looks
    CHECK(w.idle_in_transaction(12s) == hold_limit::none);
    CHECK(w.idle_in_transaction(22s) == hold_limit::idle_transaction_timeout);
}

TEST_CASE("a transaction as a whole, whether it does something or not")
{
    watched w;
    for (std::chrono::seconds at{0}; at < 30s; at += 1s, ++w.answers)
        CHECK((at.count() % 2 ? w.busy(at) : w.idle_in_transaction(at)) == hold_limit::none);
    CHECK(w.busy(30s) == hold_limit::transaction_timeout);
    ++w.answers;
    CHECK(w.idle_in_transaction(31s) == hold_limit::transaction_timeout);
    ++w.transactions; // it has ended, and this is another
    CHECK(w.busy(31s) == hold_limit::none);
    CHECK(w.busy(35s) == hold_limit::none);
    CHECK(w.busy(36s) == hold_limit::query_timeout);
}

TEST_CASE("another client's hold is another matter, however long ago the last look was")
{
    watched w;
    w.busy(0s);
    ++w.answers, ++w.transactions;
    CHECK(w.busy(1h) == hold_limit::none);
    ++w.answers, ++w.transactions;
    CHECK(w.idle_in_transaction(2h) == hold_limit::none);
}

TEST_CASE("a client that holds a server outside of transactions is not timed")
{
    watched w;
    for (std::chrono::seconds at{0}; at < 100s; at += 9s)
        CHECK(w.idle(at) == hold_limit::none);
    CHECK(w.idle_in_transaction(100s) == hold_limit::none);
    CHECK(w.idle_in_transaction(109s) == hold_limit::none);
    CHECK(w.idle_in_transaction(110s) == hold_limit::idle_transaction_timeout);
}

TEST_CASE("no limit is no limit")
{
    watched w;
    w.settings = {};
    w.busy(0s);
    CHECK(w.busy(24h) == hold_limit::none);
    CHECK(w.idle_in_transaction(24h) == hold_limit::none);
    CHECK(w.idle_in_transaction(72h) == hold_limit::none);
}

TEST_CASE("the words name the limit and its value")
{
    const pool_settings settings{.query_timeout = 1500ms,
                                 .idle_transaction_timeout = 10s,
                                 .transaction_timeout = 60s};
    const error cancelled = cancelled_by(hold_limit::query_timeout, settings);
    CHECK(cancelled.code == sqlstate{"57014"});
    CHECK(cancelled.message == "canceling statement, as asked by query_timeout (1500 ms)");
    const error idle = rolled_back_by(hold_limit::idle_transaction_timeout, settings);
    CHECK(idle.code == sqlstate{"25P03"});
    CHECK(idle.message == "transaction was rolled back by idle_transaction_timeout (10 s)");
    CHECK(rolled_back_by(hold_limit::transaction_timeout, settings).code == sqlstate{"25P04"});
    CHECK(disconnected_by(hold_limit::query_timeout, 5s).message ==
          "terminating connection: its query did not end within 5 s of query_timeout");
}

TEST_SUITE_END();

} // namespace weir
