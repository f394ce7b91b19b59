#include "daemon/migrations/migration_lock.hpp"
#include "tests/daemon/migrations/databases.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace weir::test {

using namespace migrations;

namespace {

const version_table table;

// One that would migrate: a connection of its own, and the lock over it.
template <class Where>
struct contender {
    explicit contender(Where& where, const version_table& of = table)
        : behind(where.make_backend()), worker(connect(*behind)),
          lock(make_migration_lock(where.url(), of, *worker))
    {
    }

    // Empty: it has it now.
    std::string attempt()
    {
        const auto held = lock->attempt({});
        return held ? held->value_or("") : words(held.error());
    }

    std::unique_ptr<backend> behind;
    std::unique_ptr<direct_connection> worker;
    std::unique_ptr<migration_lock> lock;
};

bool says(const std::string& text, std::string_view what) { return text.find(what) != text.npos; }

} // namespace

TEST_SUITE("migration_lock")
{
    TEST_CASE_TEMPLATE("one holds it; the others learn who", where, on_postgresql, on_sqlite)
    {
        where database;
        auto first = std::make_unique<contender<where>>(database);
        contender<where> second{database};
        if (where::is_postgresql)
            CHECK(run(*first->worker, "SET application_name = '" + migrator_name() + "'") == "SET");
        CHECK(first->attempt() == "");
        const std::string holder = second.attempt();
        CAPTURE(holder);
        CHECK(says(holder, migrator_name()));
        CHECK(says(holder, "pid " + std::to_string(::getpid())));
        CHECK(says(holder, "since 20"));

        SUBCASE("until it lets go")
        {
            first->lock.reset();
            CHECK(second.attempt() == "");
            CHECK(says(contender<where>{database}.attempt(), "since 20"));
        }
        SUBCASE("or is gone with its connection")
        {
            first.reset();
            CHECK(second.attempt() == "");
        }
    }

    TEST_CASE("other tables, other schemas and other databases have locks of their own")
    {
        on_postgresql database, other;
        contender<on_postgresql> held{database};
        CHECK(held.attempt() == "");
        CHECK(contender<on_postgresql>{other}.attempt() == "");
        CHECK(contender<on_postgresql>{database, {"other_version", ""}}.attempt() == "");
        CHECK(contender<on_postgresql>{database, {"alembic_version", "ops"}}.attempt() == "");
        // The default schema by its name is the same one.
        CHECK(contender<on_postgresql>{database, {"alembic_version", "public"}}.attempt() != "");
    }

    TEST_CASE("a holder whose session ends has let go")
    {
        on_postgresql database;
        contender<on_postgresql> first{database}, second{database};
        const std::string pid = ask(*first.worker, "SELECT pg_backend_pid()");
        CHECK(first.attempt() == "");
        CHECK(second.attempt() != "");
        CHECK(ask(database.admin(), "SELECT pg_terminate_backend(" + pid + ", 30000)") == "t");
        CHECK(second.attempt() == "");
    }

    TEST_CASE("a lock file that a dead weir left behind locks nobody out, and goes in the end")
    {
        on_sqlite database;
        const std::string path = database.url().database + ".migrations.lock";
        {
            contender<on_sqlite> held{database};
            CHECK(held.attempt() == "");
            CHECK(std::filesystem::exists(path));
        }
        CHECK_FALSE(std::filesystem::exists(path));
        std::ofstream{path} << "4711\nweir migrations web-1 pid 4711, since yesterday\n";
        {
            contender<on_sqlite> held{database};
            CHECK(held.attempt() == "");
        }
        CHECK_FALSE(std::filesystem::exists(path));
    }

    TEST_CASE("a database in memory needs no lock")
    {
        database_url url;
        url.kind = database_kind::sqlite;
        sqlite::database behind{"", "memory", masked(url)};
        const auto worker = connect(behind);
        const auto lock = make_migration_lock(url, table, *worker);
        const auto held = lock->attempt({});
        REQUIRE(held.has_value());
        CHECK_FALSE(held->has_value());
    }

    TEST_CASE_TEMPLATE("whoever waits gets it when the holder is done",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        where database;
        contender<where> first{database}, second{database};
        CHECK(first.attempt() == "");
        std::vector<std::string> holders;
        std::jthread later{[&] {
            std::this_thread::sleep_for(200ms);
            first.lock.reset();
        }};
        const auto taken =
            acquire(*second.lock, 60s, [&](const std::string& who) { holders.push_back(who); }, {});
        CHECK(taken.has_value());
        REQUIRE(holders.size() >= 1);
    }

    TEST_CASE_TEMPLATE("the wait has a limit, and names the holder",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        where database;
        contender<where> first{database}, second{database};
        CHECK(first.attempt() == "");
        const auto taken = acquire(*second.lock, 300ms, [](const std::string&) {}, {});
        REQUIRE_FALSE(taken.has_value());
        CHECK(taken.error().code == sqlstate{"55P03"});
        CHECK(says(taken.error().message, "another weir migrates this database: "));
        CHECK(says(taken.error().message, "since 20"));
    }

    TEST_CASE_TEMPLATE("a stop ends the wait", where, on_postgresql, on_sqlite)
    {
        where database;
        contender<where> first{database}, second{database};
        CHECK(first.attempt() == "");
        std::stop_source stop;
        const auto taken = acquire(
            *second.lock,
            60s,
            [&](const std::string&) { stop.request_stop(); },
            stop.get_token());
        REQUIRE_FALSE(taken.has_value());
        CHECK(taken.error().code == sqlstate{"57014"});
    }

    TEST_CASE_TEMPLATE("of ten that want it at once each has it alone",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        where database;
        std::atomic<int> inside = 0, most = 0, done = 0;
        {
            std::vector<std::jthread> all;
            for (int i = 0; i < 10; ++i)
                all.emplace_back([&] {
                    contender<where> me{database};
                    if (!acquire(*me.lock, 60s, [](const std::string&) {}, {}))
                        return;
                    most = std::max(most.load(), ++inside);
                    std::this_thread::sleep_for(10ms);
                    --inside;
                    me.lock.reset();
                    ++done;
                });
        }
        CHECK(done == 10);
        CHECK(most == 1);
    }

    TEST_CASE("the name fits an application_name, and ends with the process")
    {
        CHECK(migrator_name().size() < 64);
        CHECK(migrator_name().starts_with("weir migrations "));
        CHECK(migrator_name().ends_with(" pid " + std::to_string(::getpid())));
    }
}

} // namespace weir::test
