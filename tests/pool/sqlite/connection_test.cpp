#include "pool/sqlite/cancellation.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/file_check.hpp"
#include "pool/sqlite/statement_cache.hpp"
#include "tests/support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace weir::sqlite;

namespace {

struct world {
    test::temporary_directory directory;
    std::string path = directory.path() + "/a.db";
    connection db = open();

    connection open()
    {
        auto opened = connection::open(path);
        REQUIRE(opened.has_value());
        return std::move(*opened);
    }
    // The words of an error, nothing when it went well.
    std::string said(std::string_view sql)
    {
        const auto done = db.execute(sql);
        return done ? "" : std::string{done.error().code.text()} + ": " + done.error().message;
    }
};

} // namespace

TEST_SUITE("sqlite connection")
{
    TEST_CASE("constraints are named as PostgreSQL names them")
    {
        world w;
        REQUIRE(w.said("CREATE TABLE parent (id INTEGER PRIMARY KEY)") == "");
        REQUIRE(w.said("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT UNIQUE,"
                       " c TEXT, d INTEGER REFERENCES parent, e TEXT, f TEXT, UNIQUE (a, c),"
                       " CONSTRAINT e_is_short CHECK (length(e) < 3))") == "");
        REQUIRE(w.said("CREATE UNIQUE INDEX t_e_idx ON t (e)") == "");
        REQUIRE(w.said("CREATE UNIQUE INDEX t_lower_idx ON t (lower(f))") == "");
        REQUIRE(w.said("INSERT INTO t VALUES (1, 'a', 'b', 'c', NULL, 'e', 'f')") == "");
        const std::string duplicate = "23505: duplicate key value violates unique constraint ";
        CHECK(w.said("INSERT INTO t VALUES (1, '', '', '', NULL, '', NULL)") ==
              duplicate + "\"t_pkey\"");
        CHECK(w.said("INSERT INTO t VALUES (2, '', 'b', '', NULL, '', NULL)") ==
              duplicate + "\"t_b_key\"");
        CHECK(w.said("INSERT INTO t VALUES (2, 'a', '', 'c', NULL, '', NULL)") ==
              duplicate + "\"t_a_c_key\"");
        CHECK(w.said("INSERT INTO t VALUES (2, '', '', '', NULL, 'e', NULL)") ==
              duplicate + "\"t_e_idx\"");
        CHECK(w.said("INSERT INTO t VALUES (2, '', '', 'x', NULL, '', 'F')") ==
              duplicate + "\"t_lower_idx\"");
        CHECK(w.said("INSERT INTO t VALUES (2, NULL, '', '', NULL, '', NULL)") ==
              "23502: null value in column \"a\" of relation \"t\" violates not-null constraint");
        CHECK(w.said("INSERT INTO t VALUES (2, '', '', '', 7, '', NULL)").starts_with("23503: "));
        CHECK(w.said("INSERT INTO t VALUES (2, '', '', '', NULL, 'long', NULL)")
                  .starts_with("23514: "));
        CHECK(w.said("INSERT INTO t VALUES (2, '', '', '', NULL, 'long', NULL)")
                  .find("\"e_is_short\"") != std::string::npos);
    }

    TEST_CASE("a name that is no column is an error, not a string")
    {
        world w;
        CHECK(w.said("SELECT \"no_such_column\"") != "");
    }

    TEST_CASE("values come back as they went in")
    {
        world w;
        auto s = w.db.prepare("SELECT ?1, ?2, ?3, ?4, ?5, ?6");
        REQUIRE(s.has_value());
        s->bind(1, {});
        s->bind(2, {.is = value::kind::integer, .integer = -5});
        s->bind(3, {.is = value::kind::real, .real = 0.5});
        s->bind(4, {.is = value::kind::text, .bytes = "text"});
        s->bind(5, {.is = value::kind::blob, .bytes = {"\0\1", 2}});
        s->bind(6, {.is = value::kind::text}); // empty, not NULL
        REQUIRE(s->step().has_value());
        CHECK(s->column(0).is == value::kind::null);
        CHECK(s->column(1).integer == -5);
        CHECK(s->column(2).real == 0.5);
        CHECK(s->column(3).bytes == "text");
        CHECK(s->column(4).bytes == std::string_view{"\0\1", 2});
        CHECK(s->column(5).is == value::kind::text);
        CHECK(s->column(5).bytes.empty());
    }

    TEST_CASE("a directory cannot be opened, a file that is no database is damaged")
    {
        world w;
        const auto opened = connection::open(w.directory.path());
        REQUIRE(opened.has_error());
        CHECK(opened.error().code == sqlstate{"58P01"});
        const auto damaged = connection::open("/proc/self/exe");
        REQUIRE(damaged.has_error());
    }

    TEST_CASE("whether a file is a database is seen without touching it")
    {
        world w;
        const std::string odd = w.directory.path() + "/50%25?#.db";
        REQUIRE(connection::open(odd)->execute("CREATE TABLE t (a)").has_value());
        CHECK(check_file(odd).has_value());
        CHECK_FALSE(std::filesystem::exists(odd + "-shm")); // the last to close has removed it
        const std::string text = w.directory.path() + "/notes.db";
        std::ofstream(text) << "something else, and long enough to have a header, which has 100 "
                               "bytes: so this goes on until there are that many";
        REQUIRE(check_file(text).has_error());
        CHECK(check_file(text).error().code == connection::open(text).error().code);
        CHECK(check_file(text).error().message.find("file is not a database") != std::string::npos);
        std::ofstream{w.directory.path() + "/empty.db"};
        CHECK(check_file(w.directory.path() + "/empty.db").has_value()); // weir fills it
        CHECK(check_file(w.directory.path() + "/none.db").has_error());
    }

    TEST_CASE("many that open a new file at once all have it")
    {
        const test::temporary_directory directory;
        std::atomic<int> refused = 0;
        for (int round = 0; round < 30; ++round) {
            const std::string path = directory.path() + "/" + std::to_string(round) + ".db";
            std::barrier all_are_here{8};
            std::vector<std::jthread> threads;
            for (int i = 0; i < 8; ++i)
                threads.emplace_back([&] {
                    all_are_here.arrive_and_wait();
                    refused += connection::open(path).has_error();
                });
        }
        CHECK(refused == 0);
    }

    TEST_CASE("a request to stop ends the running statement")
    {
        world w;
        cancellation stop;
        w.db.obey(&stop);
        const std::string endless =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            "SELECT count(*) FROM n";
        SUBCASE("by a cancel")
        {
            stop.begin_statement();
            std::thread canceller{[&] { stop.cancel(); }};
            CHECK(w.said(endless).starts_with("57014"));
            canceller.join();
            CHECK(stop.why() == cancellation::reason::user);
        }
        SUBCASE("by its deadline")
        {
            stop.begin_statement(cancellation::clock::now());
            CHECK(w.said(endless).starts_with("57014"));
            CHECK(stop.why() == cancellation::reason::statement_timeout);
        }
        SUBCASE("by the client's end")
        {
            stop.begin_statement();
            stop.close();
            CHECK(w.said(endless).starts_with("57014"));
        }
    }

    TEST_CASE("a cancel between statements is for nobody")
    {
        cancellation stop;
        stop.cancel();
        CHECK(stop.why() == cancellation::reason::none);
        stop.begin_statement();
        CHECK(stop.why() == cancellation::reason::none);
    }

    TEST_CASE("the statement cache lends each statement once and forgets the oldest")
    {
        world w;
        statement_cache cache{2};
        auto first = cache.take(w.db, "SELECT 1");
        auto second = cache.take(w.db, "SELECT 1");
        REQUIRE(first.has_value());
        REQUIRE(second.has_value());
        CHECK(first->get() != second->get());
        sqlite3_stmt* const known = first->get();
        cache.give_back("SELECT 1", std::move(*first));
        cache.give_back("SELECT 1", std::move(*second));
        CHECK(cache.size() == 1);
        auto again = cache.take(w.db, "SELECT 1");
        CHECK(again->get() == known);
        cache.give_back("SELECT 1", std::move(*again));
        for (const char* sql : {"SELECT 2", "SELECT 3"}) {
            auto s = cache.take(w.db, sql);
            cache.give_back(sql, std::move(*s));
        }
        CHECK(cache.size() == 2);
        CHECK(cache.take(w.db, "SELECT nonsense from nowhere").has_error());
    }
}
