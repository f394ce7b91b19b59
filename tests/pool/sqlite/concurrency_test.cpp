#include "pool/pgwire/writer.hpp"
#include "pool/sqlite/database.hpp"
#include "tests/support/frame_client.hpp"
#include "tests/support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

struct world {
    temporary_directory directory;
    std::unique_ptr<sqlite::database> db = std::make_unique<sqlite::database>(
        directory.path() + "/database.db", "database", "sqlite:///test");

    world() { client().query("CREATE TABLE t (id integer PRIMARY KEY, name text)"); }

    frame_client client()
    {
        auto made = db->log_in(1s, {});
        REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
        return frame_client{std::move(*made)};
    }
    std::string count() { return client().query("SELECT id FROM t ORDER BY id"); }
};

void send_query(frame_client& c, std::string_view sql)
{
    std::string message;
    pgwire::write_query(message, sql);
    c.send(message);
}

// Some seconds of work for SQLite that returns one row.
constexpr auto long_query = "SELECT count(*) FROM t a, t b, t c, t d, t e, t f";

void fill(world& w)
{
    frame_client c = w.client();
    for (int i = 0; i < 60; ++i)
        c.query("INSERT INTO t VALUES (" + std::to_string(i) + ", 'x')");
}

} // namespace

TEST_SUITE("sqlite concurrency")
{
    TEST_CASE("sixteen sessions write at once: none hears of a lock, nothing is lost")
    {
        world w;
        w.client().query("INSERT INTO t VALUES (0, '0')");
        constexpr int writers = 16, rounds = 25;
        std::atomic<int> wrong = 0;
        std::vector<std::thread> threads;
        std::vector<frame_client> clients;
        for (int i = 0; i < writers; ++i)
            clients.push_back(w.client());
        for (int i = 0; i < writers; ++i)
            threads.emplace_back([&, i] {
                frame_client& c = clients[static_cast<std::size_t>(i)];
                for (int round = 0; round < rounds; ++round) {
                    const std::string id = std::to_string(1 + i * rounds + round);
                    // Half of them by themselves, half reading first, which makes SQLite fail
                    // with "locked" when two connections do it side by side.
                    if (round % 2) {
                        wrong += c.query("INSERT INTO t VALUES (" + id + ", 'x')") !=
                                 "C(INSERT 0 1) Z(I)";
                        continue;
                    }
                    wrong += c.query("BEGIN") != "C(BEGIN) Z(T)";
                    wrong +=
                        c.query("SELECT id FROM t WHERE id = 0") != "T(id) D(0) C(SELECT 1) Z(T)";
                    wrong +=
                        c.query("INSERT INTO t VALUES (" + id + ", 'x')") != "C(INSERT 0 1) Z(T)";
                    wrong += c.query("COMMIT") != "C(COMMIT) Z(I)";
                }
            });
        for (std::thread& t : threads)
            t.join();
        CHECK(wrong == 0);
        CHECK(w.count().ends_with("C(SELECT " + std::to_string(writers * rounds + 1) + ") Z(I)"));
    }

    TEST_CASE("readers do not wait for a writer")
    {
        world w;
        frame_client writer = w.client(), reader = w.client();
        writer.query("BEGIN");
        writer.query("INSERT INTO t VALUES (1, 'x')");
        CHECK(reader.query("SELECT id FROM t") == "T(id) C(SELECT 0) Z(I)");
        CHECK(writer.query("COMMIT") == "C(COMMIT) Z(I)");
    }

    TEST_CASE("writers are served in the order in which they came")
    {
        world w;
        frame_client first = w.client(), second = w.client(), third = w.client();
        first.query("BEGIN");
        first.query("INSERT INTO t VALUES (1, 'x')");
        send_query(second, "INSERT INTO t VALUES (2, 'x')");
        CHECK_FALSE(second.has_reply(50ms));
        send_query(third, "UPDATE t SET name = 'seen' WHERE id = 2");
        CHECK_FALSE(third.has_reply(50ms));
        first.query("COMMIT");
        CHECK(second.summary() == "C(INSERT 0 1) Z(I)");
        CHECK(third.summary() == "C(UPDATE 1) Z(I)");
    }

    TEST_CASE("a cancel ends a running statement, and only that one")
    {
        world w;
        fill(w);
        frame_client c = w.client(), other = w.client();
        REQUIRE(c.connection().cancel().has_value()); // nothing runs: this is for nobody
        CHECK(c.query("SELECT id FROM t WHERE id = 1") == "T(id) D(1) C(SELECT 1) Z(I)");
        send_query(c, long_query);
        CHECK_FALSE(c.has_reply(100ms));
        REQUIRE(other.connection().cancel().has_value());
        CHECK_FALSE(c.has_reply(50ms));
        REQUIRE(c.connection().cancel().has_value());
        CHECK(c.summary() == "T(count) E(57014) Z(I)");
        CHECK(c.query("SELECT id FROM t WHERE id = 1") == "T(id) D(1) C(SELECT 1) Z(I)");
    }

    TEST_CASE("a cancel ends the wait for the writer")
    {
        world w;
        frame_client holder = w.client(), c = w.client();
        c.with_messages = true;
        holder.query("BEGIN");
        holder.query("INSERT INTO t VALUES (1, 'x')");
        send_query(c, "INSERT INTO t VALUES (2, 'x')");
        CHECK_FALSE(c.has_reply(100ms));
        REQUIRE(c.connection().cancel().has_value());
        CHECK(c.summary() == "E(57014: canceling statement due to user request) Z(I)");
        CHECK(holder.query("COMMIT") == "C(COMMIT) Z(I)");
        CHECK(w.count() == "T(id) D(1) C(SELECT 1) Z(I)");
    }

    TEST_CASE("statement_timeout and lock_timeout")
    {
        world w;
        fill(w);
        frame_client holder = w.client(), c = w.client();
        c.with_messages = true;
        c.query("SET statement_timeout = '30ms'");
        CHECK(c.query(long_query) ==
              "T(count) E(57014: canceling statement due to statement timeout) Z(I)");
        holder.query("BEGIN");
        holder.query("DELETE FROM t");
        CHECK(c.query("DELETE FROM t") ==
              "E(57014: canceling statement due to statement timeout) Z(I)");
        c.query("SET statement_timeout = 0");
        c.query("SET lock_timeout = '30ms'");
        CHECK(c.query("DELETE FROM t") == "E(55P03: canceling statement due to lock timeout) Z(I)");
    }

    TEST_CASE("a client that vanishes leaves neither its transaction nor the writer behind")
    {
        world w;
        frame_client vanishing = w.client(), c = w.client();
        SUBCASE("in a transaction")
        {
            vanishing.query("BEGIN");
            vanishing.query("INSERT INTO t VALUES (1, 'x')");
            vanishing.hang_up();
        }
        SUBCASE("while a statement runs")
        {
            fill(w);
            vanishing.query("BEGIN");
            vanishing.query("DELETE FROM t WHERE id = 100");
            send_query(vanishing, long_query);
            CHECK_FALSE(vanishing.has_reply(50ms));
            vanishing.hang_up();
            c.query("DELETE FROM t");
        }
        SUBCASE("while it waits for the writer")
        {
            frame_client holder = w.client();
            holder.query("BEGIN");
            holder.query("DELETE FROM t");
            send_query(vanishing, "INSERT INTO t VALUES (1, 'x')");
            CHECK_FALSE(vanishing.has_reply(50ms));
            vanishing.hang_up();
            std::this_thread::sleep_for(50ms); // its place in the line is gone by then
            holder.query("COMMIT");
        }
        SUBCASE("while it does not read its rows")
        {
            fill(w);
            send_query(vanishing, "SELECT a.id, b.id FROM t a, t b, t c, t d");
            CHECK(vanishing.has_reply(5s));
            vanishing.hang_up();
            c.query("DELETE FROM t");
        }
        CHECK(c.query("INSERT INTO t VALUES (7, 'x')") == "C(INSERT 0 1) Z(I)");
        CHECK(w.count() == "T(id) D(7) C(SELECT 1) Z(I)");
    }

    TEST_CASE("a database that goes ends its sessions, whatever they do")
    {
        world w;
        fill(w);
        frame_client idle = w.client(), running = w.client(), holding = w.client(),
                     waiting = w.client();
        holding.query("BEGIN");
        holding.query("DELETE FROM t");
        send_query(waiting, "DELETE FROM t");
        send_query(running, long_query);
        CHECK_FALSE(running.has_reply(50ms));
        w.db.reset();
        CHECK(idle.summary() == "gone");
        CHECK(holding.summary() == "gone");
        CHECK(waiting.summary().ends_with("gone"));
        CHECK(running.summary().ends_with("gone"));
    }
}
