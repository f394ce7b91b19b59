#include "daemon/migrations/migration_lock.hpp"
#include "daemon/migrations/migrator.hpp"
#include "daemon/migrations/revision_files.hpp"
#include "tests/daemon/migrations/migrator_fixture.hpp"

#include <doctest/doctest.h>

#include <thread>

namespace weir::test {

using namespace migrations;

TEST_SUITE("migrator")
{
    TEST_CASE_TEMPLATE(
        "a fresh database gets all revisions in their order, each with its row and note",
        where,
        on_postgresql,
        on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        const report done = w.migrated();
        CHECK(done.before == ids{});
        CHECK(done.after == ids{"r3"});
        CHECK(done.applied == ids{"r1", "r2", "r3"});
        CHECK_FALSE(done.built_from_schema);
        CHECK(w.watcher.said == lines{"running 1 of 3 001_users",
                                      "applied r1",
                                      "running 2 of 3 002_posts",
                                      "applied r2",
                                      "running 3 of 3 003_tags",
                                      "applied r3",
                                      "verifying"});
        const auto db = w.connect();
        CHECK(ask(*db, "SELECT version_num FROM alembic_version") == "r3");
        CHECK(ask(*db, "SELECT count(*) FROM users") == "0");
        CHECK(ask(*db,
                  "SELECT revision, state, length(checksum), duration IS NOT NULL, \"by\" LIKE "
                  "'weir migrations %' FROM weir_migrations ORDER BY 1") ==
              "r1,applied,64,t,t r2,applied,64,t,t r3,applied,64,t,t");

        SUBCASE("and the second time nothing happens")
        {
            w.watcher.said.clear();
            const report again = w.migrated();
            CHECK(again.applied == ids{});
            CHECK(again.before == ids{"r3"});
            CHECK(again.after == ids{"r3"});
            CHECK(w.watcher.said == lines{"verifying"});
        }
    }

    TEST_CASE_TEMPLATE("an upgrade from the middle, and by a number",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        CHECK(w.migrated({.target = "r1"}).after == ids{"r1"});
        CHECK(w.migrated({.target = "+1"}).applied == ids{"r2"});
        CHECK(w.migrated({.target = "head"}).applied == ids{"r3"});
    }

    TEST_CASE_TEMPLATE("a downgrade takes back what an upgrade did, notes included",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        w.migrated();
        CHECK(w.migrated({.way = direction::downgrade, .target = "-1"}).applied == ids{"r3"});
        const auto db = w.connect();
        CHECK(ask(*db, "SELECT version_num FROM alembic_version") == "r2");
        CHECK(ask(*db, "SELECT revision FROM weir_migrations ORDER BY 1") == "r1 r2");
        CHECK(w.migrated({.way = direction::downgrade, .target = "base"}).after == ids{});
        CHECK(ask(*db, "SELECT count(*) FROM alembic_version") == "0");
        CHECK(ask(*db, "SELECT count(*) FROM users").starts_with("42P01"));
        CHECK(w.migrated().after == ids{"r3"});
    }

    TEST_CASE_TEMPLATE("a stamp runs nothing", where, on_postgresql, on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        CHECK(w.migrated({.way = direction::stamp, .target = "r2"}).after == ids{"r2"});
        const auto db = w.connect();
        CHECK(ask(*db, "SELECT count(*) FROM users").starts_with("42P01"));
        CHECK(ask(*db, "SELECT revision FROM weir_migrations ORDER BY 1") == "r1 r2");
        CHECK(w.migrated({.way = direction::stamp, .target = "base"}).after == ids{});
    }

    TEST_CASE_TEMPLATE("a purging stamp replaces rows that nobody knows",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        w.migrated();
        const auto db = w.connect();
        CHECK(run(*db, "UPDATE alembic_version SET version_num = 'lost'") == "UPDATE 1");
        CHECK(w.failed({.way = direction::stamp, .target = "r3"}).what.message ==
              "Can't locate revision identified by 'lost'");
        CHECK(w.migrated({.way = direction::stamp, .target = "r3", .purge = true}).after ==
              ids{"r3"});
    }

    TEST_CASE_TEMPLATE("branches have a row each, and a merge has one again",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.revision("001_a", "a", "", "CREATE TABLE a (x int)");
        w.revision("002_b", "b", "a", "CREATE TABLE b (x int)");
        w.revision("003_c", "c", "a", "CREATE TABLE c (x int)");
        CHECK(w.migrated().after == ids{"b", "c"});
        CHECK(w.failed({.target = "head"}).what.message.find("heads") != std::string::npos);
        w.revision("004_m", "m", "b, c", "CREATE TABLE m (x int)");
        CHECK(w.migrated().after == ids{"m"});
    }

    TEST_CASE_TEMPLATE("schema.sql builds a fresh database in one step; later revisions follow",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        w.file("schema.sql", "CREATE TABLE users (id int); CREATE TABLE everything (id int);\n");
        const report done = w.migrated();
        CHECK(done.built_from_schema);
        CHECK(done.after == ids{"r3"});
        CHECK(done.applied == ids{});
        const auto db = w.connect();
        CHECK(ask(*db, "SELECT count(*) FROM everything") == "0");
        CHECK(ask(*db, "SELECT revision FROM weir_migrations ORDER BY 1") == "r1 r2 r3");
        w.revision("004_more", "r4", "r3", "ALTER TABLE everything ADD COLUMN more int");
        CHECK(w.migrated().applied == ids{"r4"});
    }

    TEST_CASE_TEMPLATE("a schema.sql that fails leaves nothing behind",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        w.file("schema.sql", "CREATE TABLE users (id int);\nCREATE TABLE users (id int);\n");
        const failure why = w.failed();
        CHECK(why.what.code == sqlstate{"42P07"});
        CHECK(why.what.message == w.path("schema.sql") + ":2: relation \"users\" already exists");
        CHECK(ask(*w.connect(), "SELECT count(*) FROM users").starts_with("42P01"));
        w.file("schema.sql", "CREATE TABLE users (id int);\n");
        CHECK(w.migrated().built_from_schema);
    }

    TEST_CASE("a dump as schema.sql may empty search_path and bring a narrow version table")
    {
        world<on_postgresql> w;
        w.three_revisions();
        w.file("schema.sql",
               "SELECT pg_catalog.set_config('search_path', '', false);\n"
               "SET lock_timeout = 0;\n"
               "CREATE TABLE public.alembic_version (version_num character varying(32) NOT NULL);\n"
               "CREATE TABLE public.users (id integer);\n");
        CHECK(w.migrated().built_from_schema);
        CHECK(
            ask(*w.connect(),
                "SELECT character_maximum_length FROM information_schema.columns WHERE table_name "
                "= 'alembic_version'") == "255");
    }

    TEST_CASE_TEMPLATE("what a revision SETs is not for the next one",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        const std::string midnight = "CAST('2020-01-01 00:00:00+00' AS timestamptz)";
        w.revision("001_a", "a", "", "SET timezone = 'Asia/Tokyo'; SET lock_timeout = '1h'");
        w.revision("002_b",
                   "b",
                   "a",
                   "CREATE TABLE seen (hour text); INSERT INTO seen SELECT CAST(" + midnight +
                       " AS text)");
        CHECK(w.migrated().after == ids{"b"});
        const auto db = w.connect();
        CHECK(ask(*db, "SELECT hour FROM seen") ==
              ask(*db, "SELECT CAST(" + midnight + " AS text)"));
        CHECK(ask(*db, "SELECT hour FROM seen") != "2020-01-01 09:00:00+09");
    }

    TEST_CASE_TEMPLATE(
        "a failing revision names file, line, statement and the server's words, and is undone",
        where,
        on_postgresql,
        on_sqlite)
    {
        world<where> w;
        w.revision("001_a", "a", "", "CREATE TABLE a (x int)");
        w.revision("002_b",
                   "b",
                   "a",
                   "CREATE TABLE b (x int);\n\nINSERT INTO b VALUES (1);\nINSERT INTO\n    missing "
                   "VALUES (1)");
        const failure why = w.failed();
        CHECK(why.revision == "b");
        CHECK_FALSE(why.may_pass);
        CHECK(why.what.code == sqlstate{"42P01"});
        CHECK(why.what.message == w.path("002_b.sql") + ":9: relation \"missing\" does not exist");
        CHECK(why.what.detail == "Statement: INSERT INTO missing VALUES (1)");
        const auto db = w.connect();
        CHECK(ask(*db, "SELECT version_num FROM alembic_version") == "a");
        CHECK(ask(*db, "SELECT count(*) FROM b").starts_with("42P01"));
        CHECK(ask(*db, "SELECT revision FROM weir_migrations") == "a");
        CHECK(w.watcher.said == lines{"running 1 of 2 001_a", "applied a", "running 2 of 2 002_b"});
    }

    TEST_CASE_TEMPLATE("what is there already is refused with the advice to stamp",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        w.migrated({.target = "r1"});
        CHECK(run(*w.connect(), "CREATE TABLE posts (id int)") == "CREATE TABLE");
        const failure why = w.failed();
        CHECK(why.what.code == sqlstate{"42P07"});
        CHECK(why.what.hint.find("weir migrate stamp") != std::string::npos);
    }

    TEST_CASE_TEMPLATE(
        "tables without a version table are refused, with their names and the way out",
        where,
        on_postgresql,
        on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        CHECK(run(*w.connect(), "CREATE TABLE users (id int); CREATE TABLE orders (id int)") ==
              "CREATE TABLE");
        const failure why = w.failed();
        CHECK(why.what.code == sqlstate{"55000"});
        CHECK(why.what.detail == "Tables: orders, users");
        CHECK(why.what.hint.find("weir migrate stamp") != std::string::npos);
        CHECK(w.migrated({.way = direction::stamp, .target = "r1"}).after == ids{"r1"});
        CHECK(w.migrated().applied == ids{"r2", "r3"});
    }

    TEST_CASE("tables of an extension and of other schemas do not count")
    {
        world<on_postgresql> w;
        w.three_revisions();
        CHECK(run(*w.connect(),
                  "CREATE EXTENSION hstore; CREATE TABLE its_own (id int); ALTER EXTENSION hstore "
                  "ADD TABLE its_own; CREATE SCHEMA other; CREATE TABLE other.theirs (id int)") ==
              "CREATE TABLE");
        CHECK(w.migrated().after == ids{"r3"});
    }

    TEST_CASE_TEMPLATE("a row without a file means that a newer release was here",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        w.migrated();
        std::filesystem::remove(w.path("003_tags.sql"));
        const failure why = w.failed();
        CHECK(why.what.code == sqlstate{"55000"});
        CHECK(why.what.message == "Can't locate revision identified by 'r3'");
        CHECK(why.what.hint.find("newer release") != std::string::npos);
        CHECK_FALSE(why.may_pass);
        CHECK(w.inspected().unknown == ids{"r3"});
    }

    TEST_CASE_TEMPLATE("an edited file is warned of, or refused", where, on_postgresql, on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        w.migrated();
        w.revision("001_users", "r1", "", "CREATE TABLE users (id bigint)");
        CHECK(w.inspected().edited == ids{"r1"});
        w.watcher.said.clear();
        w.migrated();
        CHECK(w.watcher.said == lines{"warning: " + w.path("001_users.sql") +
                                          " was edited after revision r1 had been applied",
                                      "verifying"});
        w.settings.on_edited = migration_settings::edit_policy::refuse;
        CHECK(w.failed().what.code == sqlstate{"55000"});
        CHECK(w.migrated({.way = direction::stamp, .target = "r3", .purge = true}).after ==
              ids{"r3"});
        CHECK(w.migrated().after == ids{"r3"});
    }

    TEST_CASE_TEMPLATE("a revision outside a transaction that fails half way leaves a record, and "
                       "a stamp settles it",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.revision("001_a", "a", "", "CREATE TABLE a (x int)");
        w.revision(
            "002_b",
            "b",
            "a",
            "CREATE TABLE b (x int);\nINSERT INTO missing VALUES (1);\nCREATE TABLE c (x int)",
            "DROP TABLE c; DROP TABLE b",
            "-- no transaction\n");
        const failure first = w.failed();
        CHECK(first.what.code == sqlstate{"42P01"});
        CHECK(first.what.hint.find("weir migrate stamp") != std::string::npos);
        CHECK(w.inspected().half_done == ids{"b"});
        const auto db = w.connect();
        CHECK(ask(*db, "SELECT count(*) FROM b") == "0");
        CHECK(ask(*db, "SELECT version_num FROM alembic_version") == "a");

        const failure second = w.failed();
        CHECK(second.what.code == sqlstate{"55000"});
        CHECK(second.what.message == "revision b began and did not end");
        CHECK_FALSE(second.may_pass);

        SUBCASE("finished by hand")
        {
            CHECK(run(*db, "CREATE TABLE c (x int)") == "CREATE TABLE");
            CHECK(w.migrated({.way = direction::stamp, .target = "b"}).after == ids{"b"});
        }
        SUBCASE("or undone and tried again")
        {
            CHECK(run(*db, "DROP TABLE b; CREATE TABLE missing (x int)") == "CREATE TABLE");
            CHECK(w.migrated({.way = direction::stamp, .target = "a"}).after == ids{"a"});
            CHECK(w.migrated().applied == ids{"b"});
        }
        CHECK(w.inspected().half_done == ids{});
        CHECK(w.migrated().after == ids{"b"});
        CHECK(ask(*db, "SELECT count(*) FROM c") == "0");
    }

    TEST_CASE("CREATE INDEX CONCURRENTLY runs while others wait for the lock")
    {
        world<on_postgresql> w;
        w.revision("001_a", "a", "", "CREATE TABLE a (x int)");
        w.revision("002_i",
                   "i",
                   "a",
                   "CREATE INDEX CONCURRENTLY a_x ON a (x)",
                   "DROP INDEX CONCURRENTLY a_x",
                   "-- no transaction\n");
        std::vector<std::jthread> all;
        std::atomic<int> went_well = 0;
        for (int i = 0; i < 3; ++i)
            all.emplace_back([&] { went_well += w.at_once().has_value(); });
        all.clear();
        CHECK(went_well == 3);
        const auto db = w.connect();
        CHECK(ask(*db, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_x'::regclass") ==
              "t");
        CHECK(w.migrated({.way = direction::downgrade, .target = "-1"}).after == ids{"a"});
    }

    TEST_CASE("without `-- no transaction` it fails with the advice")
    {
        world<on_postgresql> w;
        w.revision("001_a", "a", "", "CREATE TABLE a (x int); CREATE INDEX CONCURRENTLY ON a (x)");
        const failure why = w.failed();
        CHECK(why.what.code == sqlstate{"25001"});
        CHECK(why.what.hint.find("-- no transaction") != std::string::npos);
    }

    TEST_CASE_TEMPLATE("a narrow version table, as Alembic makes it, is widened with a warning",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        const std::string long_id(41, 'x');
        w.revision("001_a", "a", "", "CREATE TABLE a (x int)");
        w.revision("002_b", long_id, "a", "CREATE TABLE b (x int)");
        const auto db = w.connect();
        CHECK(run(*db,
                  "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT "
                  "alembic_version_pkc PRIMARY KEY (version_num)); INSERT INTO alembic_version "
                  "VALUES ('a'); CREATE TABLE a (x int)") == "CREATE TABLE");
        CHECK(w.migrated().after == ids{long_id});
        REQUIRE_FALSE(w.watcher.said.empty());
        CHECK(w.watcher.said.front() ==
              "warning: the column version_num of alembic_version is wider now: VARCHAR(255)");
        CHECK(ask(*db, "SELECT version_num FROM alembic_version") == long_id);
        w.watcher.said.clear();
        w.migrated();
        CHECK(w.watcher.said == lines{"verifying"});
    }

    TEST_CASE_TEMPLATE("the version table may have another name and schema",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        w.settings.version_table = "app version";
        if (where::is_postgresql) {
            CHECK(run(*w.connect(), "CREATE SCHEMA ops") == "CREATE SCHEMA");
            w.settings.version_table_schema = "ops";
        }
        CHECK(w.migrated().after == ids{"r3"});
        CHECK(w.migrated().applied == ids{});
        CHECK(ask(*w.connect(),
                  where::is_postgresql ? "SELECT version_num FROM ops.\"app version\""
                                       : "SELECT version_num FROM \"app version\"") == "r3");
    }

    TEST_CASE_TEMPLATE("of several migrators at once, one applies each revision",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        for (const int crowd : {2, 10}) {
            CAPTURE(crowd);
            world<where> w;
            w.three_revisions();
            std::vector<std::jthread> all;
            std::atomic<int> went_well = 0;
            std::atomic<std::size_t> applied = 0;
            for (int i = 0; i < crowd; ++i)
                all.emplace_back([&] {
                    if (const auto done = w.at_once()) {
                        ++went_well;
                        applied += done->applied.size();
                    }
                });
            all.clear();
            CHECK(went_well == crowd);
            CHECK(applied == 3);
            CHECK(ask(*w.connect(), "SELECT version_num FROM alembic_version") == "r3");
        }
    }

    TEST_CASE("a holder whose connection is killed is told so, and the next one goes on")
    {
        world<on_postgresql> w;
        w.revision("001_a", "a", "", "CREATE TABLE a (x int)");
        w.revision("002_b", "b", "a", "SELECT pg_sleep(600)");
        std::optional<failure> why;
        std::jthread victim{[&] {
            if (auto done = w.at_once(); !done)
                why = done.error();
        }};
        // Asked from elsewhere until it is there to be ended.
        std::string ended;
        for (int tries = 0; tries < 600 && ended != "t"; ++tries, std::this_thread::sleep_for(50ms))
            ended = ask(w.database.admin(),
                        "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE query "
                        "LIKE 'SELECT pg_sleep%' AND datname = '" +
                            w.database.url().database + "'");
        victim.join();
        REQUIRE(why);
        CHECK(why->what.code == sqlstate{"57P01"});
        CHECK(why->may_pass);
        CHECK(why->revision == "b");
        w.revision("002_b", "b", "a", "SELECT 1");
        CHECK(w.migrated().applied == ids{"b"});
    }

    TEST_CASE_TEMPLATE(
        "a long transaction of somebody else's ends the attempt at lock_timeout, not production",
        where,
        on_postgresql,
        on_sqlite)
    {
        world<where> w;
        w.revision("001_a", "a", "", "CREATE TABLE a (x int)");
        w.migrated();
        w.revision("002_b", "b", "a", "ALTER TABLE a ADD COLUMN y int");
        w.settings.lock_timeout = 200ms;
        const auto reader = w.connect();
        CHECK(run(*reader, "BEGIN; INSERT INTO a VALUES (1)") == "INSERT 0 1");
        const failure why = w.failed();
        CHECK(why.what.code == sqlstate{"55P03"});
        CHECK(why.may_pass);
        CHECK(run(*reader, "COMMIT") == "COMMIT");
        CHECK(w.migrated().applied == ids{"b"});
    }

    TEST_CASE("statement_timeout ends a statement, and is named")
    {
        world<on_postgresql> w;
        w.revision("001_a", "a", "", "SELECT pg_sleep(600)");
        w.settings.statement_timeout = 200ms;
        const failure why = w.failed();
        CHECK(why.what.code == sqlstate{"57014"});
        CHECK(why.what.hint.find("migrations.statement_timeout") != std::string::npos);
        CHECK_FALSE(why.may_pass);
    }

    TEST_CASE_TEMPLATE("a stop ends the run and leaves nothing of the revision",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.revision(
            "001_a",
            "a",
            "",
            "CREATE TABLE a (x int); SELECT count(*) FROM generate_series(1, 10000000000) g");
        std::stop_source stop;
        std::jthread later{[&] {
            std::this_thread::sleep_for(300ms);
            stop.request_stop();
        }};
        const auto done = w.attempt({}, stop.get_token());
        REQUIRE_FALSE(done.has_value());
        CHECK(done.error().what.code == sqlstate{"57014"});
        CHECK_FALSE(done.error().may_pass);
        CHECK(ask(*w.connect(), "SELECT count(*) FROM a").starts_with("42P01"));
    }

    TEST_CASE_TEMPLATE("without files and without a command the database is not even asked",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        std::filesystem::remove_all(w.settings.dir);
        w.settings.dir_is_default = true;
        CHECK(w.migrated().after == ids{});
        w.settings.dir_is_default = false;
        CHECK(w.failed().what.message.find(w.settings.dir) != std::string::npos);
    }

    TEST_CASE("wrong files are told of all at once, before anything is asked")
    {
        world<on_sqlite> w;
        w.file("001_a.sql", "-- revision: a\n");
        w.file("002_b.sql", "-- down_revision: a\n-- upgrade\nSELECT 1;\n");
        w.file("040.sql", "-- A revision by its header.\n-- revision: c\n-- upgrade\nSELECT 1;\n");
        w.file("seed.sql", "SELECT 1;\n");
        const failure why = w.failed();
        for (const char* const wrong : {"001_a.sql", "002_b.sql", "040.sql"})
            CHECK(why.what.detail.find(wrong) != std::string::npos);
        CHECK(why.what.detail.find("seed.sql") == std::string::npos);
    }

    TEST_CASE_TEMPLATE("a preview is the plan, and what speaks against it",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world<where> w;
        w.three_revisions();
        w.migrated({.target = "r1"});
        const auto files = *read_revision_files(w.settings.dir, true);
        const auto planned = preview(w.target(), files.graph, {}, {});
        REQUIRE(planned.has_value());
        CHECK(planned->before == ids{"r1"});
        CHECK(planned->after == ids{"r3"});
        CHECK(w.inspected().pending == ids{"r2", "r3"});
        CHECK(w.inspected().current == ids{"r1"});
        CHECK(w.inspected().heads == ids{"r3"});
    }

    TEST_CASE("a backend that comes up late is waited for")
    {
        world<on_postgresql> w;
        w.three_revisions();
        late_backend late{w.database.make_backend(), {"08001", "connection refused"}, 3};
        const auto done = w.attempt({}, {}, &late);
        REQUIRE(done.has_value());
        REQUIRE_FALSE(w.watcher.said.empty());
        CHECK(w.watcher.said.front() == "waiting for the backend: connection refused");
        w.settings.wait = 300ms;
        late_backend never{w.database.make_backend(),
                           {"57P03", "the database system is starting up"},
                           1000};
        const auto given_up = w.attempt({}, {}, &never);
        REQUIRE_FALSE(given_up.has_value());
        CHECK(given_up.error().may_pass);
    }

    TEST_CASE("a wrong password and a missing database fail at once")
    {
        world<on_postgresql> w;
        w.three_revisions();
        database_url wrong = *parse_database_url(told("WEIR_TEST_PG_SCRAM_URL"));
        wrong.password = secret{"not it"};
        postgres::server_backend refusing{libpq_parameters(wrong), masked(wrong)};
        const auto refused = w.attempt({}, {}, &refusing);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().what.code == sqlstate{"28P01"});
        CHECK_FALSE(refused.error().may_pass);
        database_url missing = w.database.url();
        missing.database = "missing";
        postgres::server_backend nowhere{libpq_parameters(missing), masked(missing)};
        const auto gone = w.attempt({}, {}, &nowhere);
        REQUIRE_FALSE(gone.has_value());
        CHECK(gone.error().what.code == sqlstate{"3D000"});
        CHECK(w.watcher.said == lines{});
    }
}

} // namespace weir::test
