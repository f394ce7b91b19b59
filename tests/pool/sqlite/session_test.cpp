#include "pool/pgwire/writer.hpp"
#include "pool/sqlite/database.hpp"
#include "tests/support/frame_client.hpp"
#include "tests/support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

// A database of its own with a table t (id integer, name text) that holds two rows.
struct world {
    temporary_directory directory;
    std::string path = directory.path() + "/app/database.db"; // the directory is made
    std::unique_ptr<sqlite::database> db =
        std::make_unique<sqlite::database>(path, "database", "sqlite:///app");

    world()
    {
        frame_client c = client();
        REQUIRE(c.query("CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL)") ==
                "C(CREATE TABLE) Z(I)");
        REQUIRE(c.query("INSERT INTO t VALUES (1, 'one'), (2, 'two')") == "C(INSERT 0 2) Z(I)");
    }

    frame_client client()
    {
        auto made = db->log_in(1s, {});
        REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
        return frame_client{std::move(*made)};
    }
};

const std::string two_rows = "T(id,name) D(1,one) D(2,two) C(SELECT 2) ";

} // namespace

TEST_SUITE("sqlite session")
{
    TEST_CASE("a login reports what a PostgreSQL server reports")
    {
        world w;
        frame_client c = w.client();
        const parameter_list& told = c.connection().parameters();
        const auto value = [&](std::string_view name) -> std::string {
            for (const auto& [n, v] : told)
                if (n == name)
                    return v;
            return "(not told)";
        };
        CHECK(value("server_version").starts_with("15.0 (weir, SQLite 3."));
        CHECK(value("client_encoding") == "UTF8");
        CHECK(value("DateStyle") == "ISO, MDY");
        CHECK(value("TimeZone") == "UTC");
        CHECK(value("integer_datetimes") == "on");
        CHECK(value("standard_conforming_strings") == "on");
        CHECK(value("in_hot_standby") == "off");
        CHECK(w.db->address() == "sqlite:///app");
    }

    TEST_CASE("simple queries: rows, changes, several statements, the empty query")
    {
        world w;
        frame_client c = w.client();
        CHECK(c.query("SELECT id, name FROM t ORDER BY id") == two_rows + "Z(I)");
        CHECK(c.query("UPDATE t SET name = 'x' WHERE id = 1; SELECT name FROM t WHERE id = 1") ==
              "C(UPDATE 1) T(name) D(x) C(SELECT 1) Z(I)");
        CHECK(c.query("") == "I Z(I)");
        CHECK(c.query(" ; ") == "I Z(I)");
        CHECK(c.query("INSERT INTO t VALUES (3, 'three') RETURNING id, name") ==
              "T(id,name) D(3,three) C(INSERT 0 1) Z(I)");
        CHECK(c.query("DELETE FROM t WHERE id > 100") == "C(DELETE 0) Z(I)");
        CHECK(c.query("SELEC 1") == "E(42601) Z(I)");
    }

    TEST_CASE("the statements of one simple query are one transaction")
    {
        world w;
        frame_client c = w.client();
        CHECK(c.query("INSERT INTO t VALUES (3, 'x'); INSERT INTO t VALUES (1, 'again')") ==
              "C(INSERT 0 1) E(23505) Z(I)");
        CHECK(c.query("SELECT id, name FROM t ORDER BY id") == two_rows + "Z(I)");
        CHECK(c.query("CREATE TABLE made (id integer); INSERT INTO made VALUES (7); "
                      "SELECT id FROM made") ==
              "C(CREATE TABLE) C(INSERT 0 1) T(id) D(7) C(SELECT 1) Z(I)");
    }

    TEST_CASE("an explicit transaction shows its changes to itself and, committed, to all")
    {
        world w;
        frame_client a = w.client(), b = w.client();
        CHECK(a.query("BEGIN") == "C(BEGIN) Z(T)");
        CHECK(a.query("INSERT INTO t VALUES (3, 'three')") == "C(INSERT 0 1) Z(T)");
        CHECK(a.query("SELECT id FROM t WHERE id = 3") == "T(id) D(3) C(SELECT 1) Z(T)");
        CHECK(b.query("SELECT id FROM t WHERE id = 3") == "T(id) C(SELECT 0) Z(I)");
        CHECK(a.query("COMMIT") == "C(COMMIT) Z(I)");
        CHECK(b.query("SELECT id FROM t WHERE id = 3") == "T(id) D(3) C(SELECT 1) Z(I)");
    }

    TEST_CASE("read committed: a statement sees what was committed before it")
    {
        world w;
        frame_client a = w.client(), b = w.client();
        a.query("BEGIN");
        CHECK(a.query("SELECT id, name FROM t ORDER BY id") == two_rows + "Z(T)");
        b.query("DELETE FROM t WHERE id = 2");
        CHECK(a.query("SELECT id FROM t") == "T(id) D(1) C(SELECT 1) Z(T)");
        CHECK(a.query("COMMIT") == "C(COMMIT) Z(I)");
    }

    TEST_CASE("repeatable read, read only: all statements see one snapshot")
    {
        world w;
        frame_client a = w.client(), b = w.client();
        a.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        CHECK(a.query("SELECT id, name FROM t ORDER BY id") == two_rows + "Z(T)");
        CHECK(b.query("DELETE FROM t WHERE id = 2") == "C(DELETE 1) Z(I)");
        CHECK(a.query("SELECT id, name FROM t ORDER BY id") == two_rows + "Z(T)");
        CHECK(a.query("DELETE FROM t") == "E(25006) Z(E)");
        CHECK(a.query("ROLLBACK") == "C(ROLLBACK) Z(I)");
        CHECK(a.query("SELECT id FROM t") == "T(id) D(1) C(SELECT 1) Z(I)");
    }

    TEST_CASE("a failed transaction refuses everything until it ends, and COMMIT says ROLLBACK")
    {
        world w;
        frame_client c = w.client();
        c.query("BEGIN");
        CHECK(c.query("INSERT INTO t VALUES (3, 'three')") == "C(INSERT 0 1) Z(T)");
        CHECK(c.query("INSERT INTO t VALUES (1, 'again')") == "E(23505) Z(E)");
        CHECK(c.query("SELECT id FROM t") == "E(25P02) Z(E)");
        CHECK(c.query("SELECT nothing FROM nowhere") == "E(25P02) Z(E)");
        CHECK(c.query("SAVEPOINT a") == "E(25P02) Z(E)");
        CHECK(c.query("COMMIT") == "C(ROLLBACK) Z(I)");
        CHECK(c.query("SELECT id, name FROM t ORDER BY id") == two_rows + "Z(I)");
    }

    TEST_CASE("a failed transaction does not keep the writer")
    {
        world w;
        frame_client a = w.client(), b = w.client();
        a.query("BEGIN");
        a.query("INSERT INTO t VALUES (3, 'three')");
        a.query("INSERT INTO t VALUES (1, 'again')");
        CHECK(b.query("INSERT INTO t VALUES (4, 'four')") == "C(INSERT 0 1) Z(I)");
        CHECK(a.query("ROLLBACK") == "C(ROLLBACK) Z(I)");
    }

    TEST_CASE("savepoints, opened before and after the first write, and from the failed state")
    {
        world w;
        frame_client c = w.client();
        c.query("BEGIN");
        CHECK(c.query("SAVEPOINT a") == "C(SAVEPOINT) Z(T)");
        CHECK(c.query("INSERT INTO t VALUES (3, 'three')") == "C(INSERT 0 1) Z(T)");
        CHECK(c.query("SAVEPOINT b") == "C(SAVEPOINT) Z(T)");
        CHECK(c.query("INSERT INTO t VALUES (4, 'four')") == "C(INSERT 0 1) Z(T)");
        CHECK(c.query("INSERT INTO t VALUES (1, 'again')") == "E(23505) Z(E)");
        CHECK(c.query("ROLLBACK TO SAVEPOINT b") == "C(ROLLBACK) Z(T)");
        CHECK(c.query("SELECT id FROM t ORDER BY id") == "T(id) D(1) D(2) D(3) C(SELECT 3) Z(T)");
        CHECK(c.query("RELEASE SAVEPOINT b") == "C(RELEASE) Z(T)");
        CHECK(c.query("ROLLBACK TO a") == "C(ROLLBACK) Z(T)");
        CHECK(c.query("INSERT INTO t VALUES (5, 'five')") == "C(INSERT 0 1) Z(T)");
        CHECK(c.query("COMMIT") == "C(COMMIT) Z(I)");
        CHECK(c.query("SELECT id FROM t ORDER BY id") == "T(id) D(1) D(2) D(5) C(SELECT 3) Z(I)");
        CHECK(c.query("SAVEPOINT a") == "E(25P01) Z(I)");
        c.query("BEGIN");
        CHECK(c.query("ROLLBACK TO nowhere") == "E(3B001) Z(E)");
        CHECK(c.query("ROLLBACK") == "C(ROLLBACK) Z(I)");
    }

    TEST_CASE("ends without a beginning and a second beginning are warned of")
    {
        world w;
        frame_client c = w.client();
        CHECK(c.query("COMMIT") == "N(25P01) C(COMMIT) Z(I)");
        CHECK(c.query("ROLLBACK") == "N(25P01) C(ROLLBACK) Z(I)");
        CHECK(c.query("BEGIN") == "C(BEGIN) Z(T)");
        CHECK(c.query("BEGIN") == "N(25001) C(BEGIN) Z(T)");
    }

    TEST_CASE("the extended protocol: parse, bind, describe, execute, sync")
    {
        world w;
        frame_client c = w.client();
        c.send(parse("", "SELECT id, name FROM t WHERE id = $1") + describe('S', "") +
               bind("", "", {"2"}) + describe('P', "") + execute("") + sync_message());
        CHECK(c.summary() == "1 t(23) T(id,name) 2 T(id,name) D(2,two) C(SELECT 1) Z(I)");
        c.send(parse("named", "INSERT INTO t VALUES ($1, $2)") + bind("", "named", {"7", "seven"}) +
               execute("") + bind("", "named", {"8", "eight"}) + execute("") + sync_message());
        CHECK(c.summary() == "1 2 C(INSERT 0 1) 2 C(INSERT 0 1) Z(I)");
        c.send(parse("", "") + bind("", "") + describe('P', "") + execute("") + sync_message());
        CHECK(c.summary() == "1 2 n I Z(I)");
        c.send(parse("named", "SELECT id FROM t") + sync_message());
        CHECK(c.summary() == "E(42P05) Z(I)");
        c.send(close('S', "named") + parse("named", "SELECT id FROM t") + sync_message());
        CHECK(c.summary() == "3 1 Z(I)");
        c.send(bind("", "unheard-of") + execute("") + sync_message());
        CHECK(c.summary() == "E(26000) Z(I)");
        c.send(execute("unheard-of") + sync_message());
        CHECK(c.summary() == "E(34000) Z(I)");
        c.send(parse("", "SELECT id FROM t WHERE id = $1") + bind("", "") + sync_message());
        CHECK(c.summary() == "1 E(08P01) Z(I)");
    }

    TEST_CASE("all messages up to Sync are one transaction; after an error they are skipped")
    {
        world w;
        frame_client c = w.client(), other = w.client();
        c.send(parse("i", "INSERT INTO t VALUES ($1, $2)") + sync_message());
        c.summary();
        c.send(bind("", "i", {"3", "x"}) + execute("") + bind("", "i", {"1", "again"}) +
               execute("") + bind("", "i", {"4", "y"}) + execute("") + sync_message());
        CHECK(c.summary() == "2 C(INSERT 0 1) 2 E(23505) Z(I)");
        CHECK(other.query("SELECT id, name FROM t ORDER BY id") == two_rows + "Z(I)");
    }

    TEST_CASE("binary parameters and results")
    {
        world w;
        frame_client c = w.client();
        using namespace std::string_literals;
        c.send(parse("", "SELECT id FROM t WHERE id = $1") + bind("", "", {"\0\0\0\2"s}, true) +
               execute("") + sync_message());
        const std::vector<reply> got = c.receive_all();
        REQUIRE(got.size() == 5);
        CHECK(got[2].type == 'D');
        CHECK(got[2].body == "\0\1\0\0\0\4\0\0\0\2"s);
    }

    TEST_CASE("a portal stops at its row limit and goes on")
    {
        world w;
        frame_client c = w.client();
        c.send(parse("", "SELECT id FROM t ORDER BY id") + bind("p", "") + execute("p", 1) +
               execute("p", 1) + execute("p", 1) + sync_message());
        CHECK(c.summary() == "1 2 D(1) s D(2) s C(SELECT 0) Z(I)");
        c.send(execute("p") + sync_message()); // its transaction is over
        CHECK(c.summary() == "E(34000) Z(I)");
    }

    TEST_CASE("a stopped portal does not see what its transaction changes afterwards")
    {
        world w;
        frame_client c = w.client();
        c.query("BEGIN");
        c.query("INSERT INTO t VALUES (3, 'three')"); // now everything runs on the writer
        c.send(parse("s", "SELECT id FROM t ORDER BY id") + bind("p", "s") + execute("p", 1) +
               parse("d", "DELETE FROM t") + bind("", "d") + execute("") + execute("p") +
               sync_message());
        CHECK(c.summary() == "1 2 D(1) s 1 2 C(DELETE 3) D(2) D(3) C(SELECT 2) Z(T)");
        CHECK(c.query("ROLLBACK") == "C(ROLLBACK) Z(I)");
    }

    TEST_CASE("cursors: declared, fetched from, described as portals, and closed")
    {
        world w;
        frame_client c = w.client();
        CHECK(c.query("DECLARE c CURSOR FOR SELECT id FROM t") == "E(25P01) Z(I)");
        c.query("BEGIN");
        CHECK(c.query("DECLARE c CURSOR FOR SELECT id, name FROM t ORDER BY id") ==
              "C(DECLARE CURSOR) Z(T)");
        CHECK(c.query("FETCH FORWARD 1 FROM c") == "T(id,name) D(1,one) C(FETCH 1) Z(T)");
        c.send(describe('P', "c") + sync_message());
        CHECK(c.summary() == "T(id,name) Z(T)");
        c.query("DELETE FROM t"); // the cursor's rows are those of its beginning
        CHECK(c.query("FETCH ALL FROM c") == "T(id,name) D(2,two) C(FETCH 1) Z(T)");
        CHECK(c.query("FETCH c") == "T(id,name) C(FETCH 0) Z(T)");
        CHECK(c.query("CLOSE c") == "C(CLOSE CURSOR) Z(T)");
        CHECK(c.query("FETCH c") == "E(34000) Z(E)");
        CHECK(c.query("ROLLBACK") == "C(ROLLBACK) Z(I)");
        c.query("BEGIN");
        CHECK(c.query("DECLARE c SCROLL CURSOR FOR SELECT id FROM t") == "E(0A000) Z(E)");
        c.query("ROLLBACK");
    }

    TEST_CASE("after an error everything up to Sync is skipped, simple queries too")
    {
        world w;
        frame_client c = w.client();
        std::string flush;
        pgwire::message{flush, 'H'};
        c.send(parse("", "SELEC") + describe('S', "") + flush);
        CHECK(c.receive().type == 'E'); // before any Sync: asyncpg waits for it
        std::string message;
        pgwire::write_query(message, "DELETE FROM t");
        c.send(message + sync_message());
        CHECK(c.summary() == "Z(I)");
        CHECK(c.query("SELECT id, name FROM t ORDER BY id") == two_rows + "Z(I)");
    }

    TEST_CASE("settings: shown, reported, and undone with their transaction")
    {
        world w;
        frame_client c = w.client();
        CHECK(c.query("SET application_name = 'test'") == "C(SET) S(application_name=test) Z(I)");
        CHECK(c.query("SHOW application_name") == "T(application_name) D(test) C(SHOW) Z(I)");
        CHECK(c.query("SHOW transaction isolation level") ==
              "T(transaction_isolation) D(read committed) C(SHOW) Z(I)");
        CHECK(c.query("SET timezone TO 'Europe/Vienna'") ==
              "C(SET) S(TimeZone=Europe/Vienna) Z(I)");
        c.query("BEGIN");
        CHECK(c.query("SET timezone TO 'Asia/Tokyo'") == "C(SET) S(TimeZone=Asia/Tokyo) Z(T)");
        CHECK(c.query("ROLLBACK") == "C(ROLLBACK) S(TimeZone=Europe/Vienna) Z(I)");
        c.query("BEGIN");
        CHECK(c.query("SET LOCAL timezone TO 'UTC'") == "C(SET) S(TimeZone=UTC) Z(T)");
        CHECK(c.query("COMMIT") == "C(COMMIT) S(TimeZone=Europe/Vienna) Z(I)");
        CHECK(c.query("RESET ALL") == "C(RESET) S(application_name=) S(TimeZone=UTC) Z(I)");
        CHECK(c.query("SET no_such_thing = 1") == "E(42704) Z(I)");
        CHECK(c.query("SET client_encoding = 'latin1'") == "E(22023) Z(I)");
        CHECK(c.query("SET my.own = 'x'") == "C(SET) Z(I)");
        CHECK(c.query("SHOW my.own") == "T(my.own) D(x) C(SHOW) Z(I)");
        CHECK(c.query("SET statement_timeout = '2min'") == "C(SET) Z(I)");
        CHECK(c.query("SHOW statement_timeout") == "T(statement_timeout) D(2min) C(SHOW) Z(I)");
    }

    TEST_CASE("what is not of the protocol ends the session, what is not supported does not")
    {
        world w;
        {
            frame_client c = w.client();
            std::string call;
            pgwire::message{call, 'F'}.u32(1);
            c.send(call);
            CHECK(c.summary() == "E(0A000) Z(I)");
            CHECK(c.query("COPY t TO STDOUT") == "E(0A000) Z(I)");
        }
        {
            frame_client c = w.client();
            c.send(std::string_view{"!\0\0\0\4", 5});
            CHECK(c.summary() == "E(08P01) gone");
        }
        {
            frame_client c = w.client();
            c.send(std::string_view{"Q\0\0\0\1", 5});
            CHECK(c.summary() == "E(08P01) gone");
        }
        {
            frame_client c = w.client();
            c.send(std::string_view{"X\0\0\0\4", 5});
            CHECK(c.summary() == "gone");
        }
    }

    TEST_CASE("frames may arrive in pieces")
    {
        world w;
        frame_client c = w.client();
        std::string message;
        pgwire::write_query(message, "SELECT id, name FROM t ORDER BY id");
        for (const char byte : message)
            c.send({&byte, 1});
        CHECK(c.summary() == two_rows + "Z(I)");
    }
}
