#include "tests/daemon/migrations/migrator_fixture.hpp"

#include <doctest/doctest.h>

#include <thread>

namespace weir::test {

using namespace migrations;

namespace {

const request at_boot{.with_command = true};

// A command that speaks SQL to the database that DATABASE_URL names, with nothing of weir's.
constexpr std::string_view client = R"(
import os, sys, sqlite3, subprocess
url, sql = os.environ["DATABASE_URL"], sys.argv[1]
if url.startswith("sqlite:///"):
    db = sqlite3.connect(url[len("sqlite:///"):])
    db.executescript(sql)
    db.commit()
else:
    import psycopg2
    with psycopg2.connect(url) as db:
        db.cursor().execute(sql)
print("done")
)";

template <class Where>
struct world_with_command : world<Where> {
    world_with_command()
    {
        this->file("client.py", std::string{client});
        this->settings.timeout = 60s;
    }
    void command(const std::string& sql)
    {
        this->settings.command = {"/usr/bin/python3", this->path("client.py"), sql};
    }
    void shell(const std::string& text) { this->settings.command = {"/bin/sh", "-c", text}; }
};

} // namespace

TEST_SUITE("migrator's command")
{
    TEST_CASE_TEMPLATE("it finds the database by DATABASE_URL, and what it made is seen",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world_with_command<where> w;
        const auto before = w.connect(); // a session that is there already
        CHECK(ask(*before, "SELECT count(*) FROM made").starts_with("42P01"));
        w.command("CREATE TABLE made (id INTEGER PRIMARY KEY, name VARCHAR(20)); INSERT INTO made "
                  "VALUES (1, 'one'); CREATE TABLE alembic_version (version_num VARCHAR(255)); "
                  "INSERT INTO alembic_version VALUES ('theirs')");
        const report done = w.migrated(at_boot);
        CHECK(done.ran_command);
        CHECK(done.before == ids{});
        CHECK(done.after == ids{"theirs"});
        CHECK(w.watcher.said.back() == "line done");
        CHECK(ask(*before, "SELECT name FROM made") == "one");
        CHECK(ask(*w.connect(), "SELECT name FROM made") == "one");
    }

    TEST_CASE_TEMPLATE("it runs first, and the revisions after it see its tables",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world_with_command<where> w;
        w.settings.version_table = "weir_version";
        w.command("CREATE TABLE IF NOT EXISTS made (id INTEGER)");
        w.revision("001_more", "a", "", "ALTER TABLE made ADD COLUMN more int");
        const report done = w.migrated(at_boot);
        CHECK(done.ran_command);
        CHECK(done.applied == ids{"a"});
        CHECK(w.migrated(at_boot).applied == ids{});
    }

    TEST_CASE_TEMPLATE("or last, and sees those of the revisions", where, on_postgresql, on_sqlite)
    {
        world_with_command<where> w;
        w.settings.order = migration_settings::command_order::last;
        w.command("INSERT INTO users VALUES (7)");
        w.three_revisions();
        CHECK(w.migrated(at_boot).applied == ids{"r1", "r2", "r3"});
        CHECK(ask(*w.connect(), "SELECT id FROM users") == "7");
        CHECK(w.watcher.said.back() == "line done");
    }

    TEST_CASE_TEMPLATE("an init_db that makes everything and stamps leaves nothing to do",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world_with_command<where> w;
        w.three_revisions();
        w.command(
            "CREATE TABLE users (id int); CREATE TABLE posts (id int); CREATE TABLE tags (id "
            "int); CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY); INSERT "
            "INTO alembic_version VALUES ('r3')");
        const report done = w.migrated(at_boot);
        CHECK(done.ran_command);
        CHECK(done.applied == ids{});
        CHECK(done.after == ids{"r3"});
        CHECK_FALSE(w.migrated().ran_command); // only at boot
    }

    TEST_CASE_TEMPLATE("when it fails, so does the whole, and the revisions are not run",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world_with_command<where> w;
        w.three_revisions();
        w.shell("echo no such luck; exit 1");
        const failure why = w.failed(at_boot);
        CHECK(words(why.what) ==
              "38000 the command \"echo no such luck; exit 1\" failed with exit status 1");
        CHECK(why.what.detail == "Its last lines:\nno such luck");
        CHECK(why.revision.empty());
        CHECK_FALSE(why.may_pass);
        CHECK(w.watcher.said == lines{"command echo no such luck; exit 1", "line no such luck"});
    }

    TEST_CASE_TEMPLATE("it is ended at its time limit", where, on_postgresql, on_sqlite)
    {
        world_with_command<where> w;
        w.shell("sleep 1000");
        w.settings.timeout = 200ms;
        CHECK(w.failed(at_boot).what.code == sqlstate{"38000"});
    }

    TEST_CASE("it is killed when the lock is lost with its session")
    {
        world_with_command<on_postgresql> w;
        const std::string started = w.path("started");
        w.shell("touch '" + started + "'; sleep 1000");
        std::optional<failure> why;
        std::jthread victim{[&] {
            if (auto done = w.attempt(at_boot); !done)
                why = done.error();
        }};
        for (int tries = 0; tries < 600 && !std::filesystem::exists(started); ++tries)
            std::this_thread::sleep_for(50ms);
        CHECK(ask(w.database.admin(),
                  "SELECT pg_terminate_backend(l.pid, 30000) FROM pg_locks l JOIN "
                  "pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted "
                  "AND a.application_name LIKE 'weir migrations %' AND a.datname = '" +
                      w.database.url().database + "'") == "t");
        victim.join();
        REQUIRE(why);
        CHECK(why->what.code == sqlstate{"08006"});
        CHECK(why->may_pass);
    }

    TEST_CASE_TEMPLATE("of ten that start at once each runs it alone",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world_with_command<where> w;
        w.shell("mkdir " + w.path("alone") + " && rmdir " + w.path("alone"));
        std::vector<std::jthread> all;
        std::atomic<int> went_well = 0;
        for (int i = 0; i < 10; ++i)
            all.emplace_back([&] { went_well += w.at_once(at_boot).has_value(); });
        all.clear();
        CHECK(went_well == 10);
    }

    TEST_CASE_TEMPLATE("current_command tells whether it is at its head",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        world_with_command<where> w;
        CHECK_FALSE(w.inspected().command_is_at_head);
        w.settings.current_command = {"/bin/sh", "-c", "echo INFO; echo 'ae1027a6 (head)'"};
        CHECK(w.inspected().command_is_at_head == true);
        CHECK(w.inspected().command_lines == lines{"INFO", "ae1027a6 (head)"});
        w.settings.current_command = {"/bin/sh", "-c", "echo 1975ea83"};
        CHECK(w.inspected().command_is_at_head == false);
    }

    TEST_CASE("the password reaches it, and nobody else")
    {
        world_with_command<on_postgresql> w;
        const database_url url = *parse_database_url(told("WEIR_TEST_PG_SCRAM_URL"));
        postgres::server_backend behind{libpq_parameters(url), masked(url)};
        w.shell(
            "echo $DATABASE_URL; /usr/bin/python3 " + w.path("client.py") +
            " 'SELECT 1' && echo \"${DATABASE_URL#*scram_user:}\" | cut -d@ -f1 | wc -c; exit 1");
        const migrations::target t{"app", behind, url, w.settings};
        const auto done = migrate(t, at_boot, w.watcher, {});
        REQUIRE_FALSE(done.has_value());
        std::string all = done.error().what.detail;
        for (const std::string& line : w.watcher.said)
            all += line;
        CHECK(all.find("line done") != std::string::npos);
        CHECK(all.find(scram_password) == std::string::npos);
        CHECK(all.find("p%40ss") == std::string::npos);
    }

    TEST_CASE("a database in memory is refused to a command")
    {
        world_with_command<on_sqlite> w;
        database_url memory;
        memory.kind = database_kind::sqlite;
        sqlite::database behind{"", "memory", masked(memory)};
        w.shell("true");
        const auto done = migrate({"app", behind, memory, w.settings}, at_boot, w.watcher, {});
        REQUIRE_FALSE(done.has_value());
        CHECK(done.error().what.code == sqlstate{"0A000"});
    }
}

} // namespace weir::test
