// The gate with a stand-in for the migrator: what clients meet, in which order, and what is said.
#include "daemon/migration_gate.hpp"
#include "tests/daemon/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

namespace weir {

using namespace std::chrono_literals;
using migrations::failure;
using migrations::progress;
using std::chrono::steady_clock;
using outcome = migrations::attempt<migrations::report>;

namespace {

class no_backend final : public backend {
    result<std::unique_ptr<link>> log_in(std::chrono::milliseconds, std::stop_token) override
    {
        return error{"08001", "there is none"};
    }
    const std::string& address() const override { return address_; }
    std::string address_ = "test";
};

struct heard final : pool_events, gate_events {
    void tell_time(time_point) override {}
    void granted(client_id, server&) override {}
    void refused(client_id, const error& why) override { refusals.push_back(why); }
    void noticed(client_id, const error&) override {}
    std::string name_of(client_id) override { return "somebody"; }
    void arrived(server&) override {}
    void run_errand(server&) override {}
    void cancelled(server&) override {}
    void leaves(std::unique_ptr<server>) override {}
    void gate_changed() override { ++changes; }
    void gate_demands_exit(const error& why) override { exit = why; }

    std::vector<error> refusals;
    unsigned changes = 0;
    std::optional<error> exit;
};

// The migrator that waits to be told how its run ends.
class stand_in {
public:
    migration_work work()
    {
        return {[this](const auto& where, const auto& wanted, auto& watcher, std::stop_token stop) {
                    {
                        const std::lock_guard lock{mutex_};
                        databases_.push_back(where.url.database);
                    }
                    return run(wanted, watcher, stop);
                },
                [this](const auto&, std::stop_token) {
                    const std::lock_guard lock{mutex_};
                    return seen_;
                }};
    }

    void end_with(outcome how)
    {
        const std::lock_guard lock{mutex_};
        ends_.push_back(std::move(how));
        changed_.notify_all();
    }
    void has_pending(std::vector<std::string> revisions)
    {
        const std::lock_guard lock{mutex_};
        migrations::state seen;
        seen.pending = std::move(revisions);
        seen_ = std::move(seen);
    }
    std::vector<migrations::request> runs()
    {
        const std::lock_guard lock{mutex_};
        return runs_;
    }
    std::vector<std::string> databases() // of the runs
    {
        const std::lock_guard lock{mutex_};
        return databases_;
    }

private:
    outcome run(const migrations::request& wanted, migrations::observer& w, std::stop_token stop)
    {
        {
            const std::lock_guard lock{mutex_};
            runs_.push_back(wanted);
        }
        w.on_progress({progress::phase::running, "001", "001_users", 1, 2});
        std::unique_lock lock{mutex_};
        if (!changed_.wait(lock, stop, [&] { return !ends_.empty(); }))
            return failure{{"57014", "canceling statement due to user request"}, "001", false};
        outcome how = std::move(ends_.front());
        ends_.erase(ends_.begin());
        if (how) {
            migrations::revision what;
            what.id = "001";
            what.message = "users";
            migrations::step done;
            done.what = &what;
            w.on_applied(done, 20ms);
        }
        return how;
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<outcome> ends_;
    std::vector<migrations::request> runs_;
    std::vector<std::string> databases_;
    migrations::attempt<migrations::state> seen_ = migrations::state{};
};

const outcome applied_one = [] {
    migrations::report r;
    r.applied = {"001"};
    return r;
}();
const outcome sql_is_wrong = failure{
    {"42601", "syntax error at or near \"TABEL\"", "001_users.sql:3", "mend it"}, "001", false};
const outcome connection_lost = failure{{"08006", "the server is gone"}, "", true};

// A pool, its gate, and a loop that is turned by hand.
class scene {
public:
    explicit scene(migration_settings with = needs_migrations())
        : settings_{"main", {}, {}, {}, std::move(with)},
          pool_("main", std::make_shared<no_backend>(), {.size = 1}, loop_, heard_, {}),
          gate_(settings_, pool_, migrator.work(), loop_, heard_)
    {
    }
    ~scene() { gate_.stop(); }

    static migration_settings needs_migrations()
    {
        migration_settings s;
        s.command = {"true"};
        return s;
    }

    template <class Claim>
    void until(Claim claim) // that it comes true at all is what is tested, not when
    {
        const auto deadline = steady_clock::now() + 30s;
        while (!claim()) {
            REQUIRE(steady_clock::now() < deadline);
            loop_.context().poll();
            gate_.tick(steady_clock::now());
            std::this_thread::sleep_for(1ms);
        }
    }
    void until_runs(std::size_t n)
    {
        until([&] { return migrator.runs().size() >= n && !gate_.status().doing.empty(); });
    }

    // The error that a client who comes now is sent away with; nothing: it waits, or is served.
    std::optional<error> refusal()
    {
        const std::size_t before = heard_.refusals.size();
        const client_id newcomer{++clients_};
        pool_.acquire(newcomer, process_index{}, steady_clock::now(), nullptr);
        pool_.carry_out(steady_clock::now());
        pool_.give_up(newcomer, steady_clock::now());
        return heard_.refusals.size() > before ? std::optional{heard_.refusals.back()}
                                               : std::nullopt;
    }

    // MIGRATE, as the console says it.
    void ask(console::migrate_wish wish)
    {
        answer_.reset();
        gate_.migrate(wish,
                      {.notice = [this](std::string line) { notices.push_back(line); },
                       .done = [this](result<console::rows> r) { answer_ = std::move(r); }});
    }
    const result<console::rows>& answer()
    {
        until([&] { return answer_.has_value(); });
        return *answer_;
    }

    stand_in migrator;
    std::vector<std::string> notices;
    event_loop& loop() { return loop_; }
    pool_runner& pool() { return pool_; }
    migration_gate& gate() { return gate_; }
    void readdress(std::string database)
    {
        settings_.url.database = std::move(database);
        gate_.readdress(settings_);
    }
    heard& events() { return heard_; }

private:
    event_loop loop_;
    heard heard_;
    backend_settings settings_;
    pool_runner pool_;
    migration_gate gate_;
    std::uint32_t clients_ = 0;
    std::optional<result<console::rows>> answer_;
};

} // namespace

TEST_SUITE_BEGIN("migration gate");

TEST_CASE("with nothing to migrate it is open at once, and nobody is asked")
{
    migration_settings none;
    none.dir = "/nowhere";
    SUBCASE("no directory, no command") {}
    SUBCASE("not at boot")
    {
        none = scene::needs_migrations();
        none.on_boot = false;
    }
    scene s{none};
    s.gate().boot();
    CHECK(s.gate().is_open());
    CHECK_FALSE(s.gate().is_busy());
    CHECK(s.migrator.runs().empty());
}

TEST_CASE("a default directory counts when it holds SQL, one that was asked for always")
{
    const test::temporary_directory here;
    migration_settings s;
    s.dir = here.path();
    CHECK_FALSE(has_migrations(s));
    std::ofstream(here.path() + "/env.py") << "alembic's";
    CHECK_FALSE(has_migrations(s));
    std::ofstream(here.path() + "/001_users.sql") << "-- revision: 1";
    CHECK(has_migrations(s));
    s.dir = "/nowhere";
    CHECK_FALSE(has_migrations(s));
    s.dir_is_default = false;
    CHECK(has_migrations(s));
}

TEST_CASE("at boot clients wait until the migrations are done")
{
    scene s;
    s.gate().boot();
    CHECK_FALSE(s.gate().is_open());
    CHECK(s.gate().is_busy());
    s.until_runs(1);
    CHECK(s.migrator.runs()[0].with_command);
    CHECK(s.migrator.runs()[0].target == "heads");
    CHECK_FALSE(s.refusal().has_value()); // it waits
    CHECK(s.gate().status().closed_because == "migrations are running: 1 of 2, 001_users");
    CHECK(s.gate().status().revision == "001");
    CHECK(s.gate().status().total == 2);
    s.migrator.end_with(applied_one);
    s.until([&] { return s.gate().is_open(); });
    CHECK(s.pool().books().is_open());
    CHECK(s.gate().status().applied == 1);
    CHECK(s.gate().status().seconds.count() == 1);
    CHECK(s.gate().status().revision.empty());
    CHECK(s.gate().status().closed_because.empty());
    CHECK(s.events().changes > 0);
}

TEST_CASE("a failure closes it, and is not tried again")
{
    scene s;
    s.gate().boot();
    s.migrator.end_with(sql_is_wrong);
    s.until([&] { return !s.gate().is_busy(); });
    CHECK_FALSE(s.gate().is_open());
    const auto refused = s.refusal();
    REQUIRE(refused.has_value());
    CHECK(refused->code == sqlstate{"57P03"});
    CHECK(refused->message == "migration 001 failed: syntax error at or near \"TABEL\"");
    CHECK(refused->detail == "001_users.sql:3");
    CHECK(refused->hint == "mend it");
    CHECK(s.gate().status().failures == 1);
    CHECK(s.gate().status().failed_revision == "001");
    s.gate().tick(steady_clock::now() + 1h);
    CHECK_FALSE(s.gate().is_busy());
    CHECK(s.migrator.runs().size() == 1);
    SUBCASE("before a reload asks for it")
    {
        s.gate().reload(scene::needs_migrations());
        s.migrator.end_with(applied_one);
        s.until([&] { return s.gate().is_open(); });
        CHECK(s.gate().status().error.empty());
        CHECK(s.gate().status().failed_revision.empty());
    }
    SUBCASE("and a reload without migrations opens it")
    {
        migration_settings none;
        none.on_boot = false;
        s.gate().reload(none);
        CHECK(s.gate().is_open());
        CHECK(s.gate().status().error.empty());
        CHECK(s.migrator.runs().size() == 1);
    }
}

TEST_CASE("a lost connection is tried again, while clients wait")
{
    scene s;
    s.gate().boot();
    s.migrator.end_with(connection_lost);
    s.migrator.end_with(connection_lost);
    s.until([&] { return s.gate().status().failures == 2; });
    CHECK(s.gate().status().is == migration_status::phase::retrying);
    CHECK_FALSE(s.refusal().has_value());
    CHECK_FALSE(s.gate().is_open());
    s.migrator.end_with(applied_one);
    s.until([&] { return s.gate().is_open(); });
    CHECK(s.migrator.runs().size() == 3);
}

TEST_CASE("on_failure says what a failure means")
{
    migration_settings with = scene::needs_migrations();
    SUBCASE("serve: the schema as it is")
    {
        with.on_failure = migration_settings::failure_policy::serve;
        scene s{with};
        s.gate().boot();
        s.migrator.end_with(sql_is_wrong);
        s.until([&] { return s.gate().is_open(); });
        CHECK(s.gate().status().failures == 1);
        CHECK_FALSE(s.gate().status().error.empty());
        CHECK_FALSE(s.events().exit.has_value());
    }
    SUBCASE("exit: the daemon is told")
    {
        with.on_failure = migration_settings::failure_policy::exit;
        scene s{with};
        s.gate().boot();
        s.migrator.end_with(sql_is_wrong);
        s.until([&] { return s.events().exit.has_value(); });
        CHECK(s.events().exit->message.starts_with("migration 001 failed"));
        CHECK_FALSE(s.gate().is_open());
    }
}

TEST_CASE("a reload migrates what is pending, and disturbs nobody otherwise")
{
    migration_settings with;
    with.dir = "/its/own";
    with.dir_is_default = false;
    scene s{with};
    SUBCASE("nothing is")
    {
        s.gate().reload(with);
        CHECK(s.gate().is_open());
        s.until([&] { return !s.gate().is_busy(); });
        CHECK(s.gate().is_open());
        CHECK(s.migrator.runs().empty());
    }
    SUBCASE("something is")
    {
        s.migrator.has_pending({"002"});
        s.gate().reload(with);
        s.until_runs(1);
        CHECK_FALSE(s.pool().books().is_open());
        s.gate().reload(with); // while it is at work: looked at again afterwards
        s.migrator.has_pending({});
        s.migrator.end_with(applied_one);
        s.until([&] { return s.gate().is_open() && !s.gate().is_busy(); });
        CHECK(s.migrator.runs().size() == 1);
        CHECK(s.gate().status().pending == 0);
    }
    SUBCASE("something is, and fails: what was served until now goes on to be served")
    {
        s.migrator.has_pending({"002"});
        for (const auto& failed : {sql_is_wrong, connection_lost}) {
            s.gate().reload(with);
            s.migrator.end_with(failed);
            s.until([&] { return !s.gate().is_busy(); });
            CHECK(s.gate().is_open());
            CHECK(s.pool().books().is_open());
        }
        CHECK(s.gate().status().failures == 2);
        s.gate().tick(steady_clock::now() + 1h);
        CHECK(s.migrator.runs().size() == 2);
        CHECK_FALSE(s.gate().status().error.empty());
        s.migrator.has_pending({}); // somebody has put it right by hand
        s.gate().reload(with);
        s.until([&] { return !s.gate().is_busy(); });
        CHECK(s.gate().status().error.empty());
    }
}

TEST_CASE("MIGRATE pauses the pool, says what it does, and answers with the steps")
{
    scene s;
    s.ask({.backend = "main", .target = "head"});
    CHECK_FALSE(s.pool().books().is_open());
    s.until_runs(1);
    CHECK(s.migrator.runs()[0].target == "head");
    CHECK(s.migrator.runs()[0].with_command);
    s.migrator.end_with(applied_one);
    REQUIRE(s.answer().has_value());
    CHECK(*s.answer() == console::rows{{"upgrade", "001", "users", "20"}});
    CHECK(s.notices == std::vector<std::string>{"migrations are running: 1 of 2, 001_users"});
    CHECK(s.gate().is_open());
}

TEST_CASE("MIGRATE all the way up is what boot does, and tells of schema.sql and the command")
{
    scene s;
    s.ask({.backend = "main", .target = "001"});
    s.until_runs(1);
    CHECK_FALSE(s.migrator.runs()[0].with_command);
    s.migrator.end_with(applied_one);
    REQUIRE(s.answer().has_value());
    s.ask({.backend = "main", .target = "heads"});
    s.until_runs(2);
    migrations::report from_schema;
    from_schema.after = {"a", "b"};
    from_schema.built_from_schema = from_schema.ran_command = true;
    from_schema.command_took = 30ms;
    from_schema.took = 100ms;
    s.migrator.end_with(from_schema);
    REQUIRE(s.answer().has_value());
    const console::rows told = *s.answer();
    CHECK(told[told.size() - 2] == console::row{"schema", "a, b", std::nullopt, "70"});
    CHECK(told.back() == console::row{"command", "", std::nullopt, "30"});
}

TEST_CASE("MIGRATE ONLINE does not pause it")
{
    scene s;
    s.ask({.backend = "main", .target = "head", .online = true});
    s.until_runs(1);
    CHECK(s.pool().books().is_open());
    s.migrator.end_with(applied_one);
    CHECK(s.answer().has_value());
    CHECK(s.gate().is_open());
}

TEST_CASE("one migration at a time")
{
    scene s;
    s.gate().boot();
    s.until_runs(1);
    s.ask({.backend = "main", .target = "head"});
    CHECK(s.answer().error().code == sqlstate{"55006"});
    s.migrator.end_with(applied_one);
    s.until([&] { return s.gate().is_open(); });
}

TEST_CASE("a MIGRATE that fails leaves clients as they were")
{
    scene s;
    SUBCASE("served")
    {
        s.ask({.backend = "main", .target = "head"});
        s.migrator.end_with(sql_is_wrong);
        CHECK(s.answer().error().code == sqlstate{"42601"});
        CHECK(s.gate().is_open());
    }
    SUBCASE("not served")
    {
        s.gate().boot();
        s.migrator.end_with(sql_is_wrong);
        s.until([&] { return !s.gate().is_busy(); });
        s.ask({.backend = "main", .target = "head"});
        s.migrator.end_with(sql_is_wrong);
        CHECK(s.answer().error().code == sqlstate{"42601"});
        CHECK_FALSE(s.gate().is_open());
        CHECK(s.refusal().has_value());
    }
}

TEST_CASE("a MIGRATE that puts a closed gate right lets it try again")
{
    scene s;
    s.gate().boot();
    s.migrator.end_with(sql_is_wrong);
    s.until([&] { return !s.gate().is_busy(); });
    s.ask({.backend = "main", .way = migrations::direction::stamp, .target = "head"});
    SUBCASE("when nothing is pending any more")
    {
        s.migrator.end_with(applied_one);
        s.migrator.end_with(applied_one);
        CHECK(s.answer().has_value());
        s.until([&] { return s.gate().is_open(); });
        CHECK(s.migrator.runs().size() == 3);
        CHECK(s.migrator.runs()[2].with_command);
    }
    SUBCASE("and else stays closed, for a downgrade is not undone by itself")
    {
        s.migrator.has_pending({"002"});
        s.migrator.end_with(applied_one);
        CHECK(s.answer().has_value());
        CHECK_FALSE(s.gate().is_open());
        CHECK_FALSE(s.gate().is_busy());
        CHECK(s.refusal()->code == sqlstate{"57P03"});
    }
}

TEST_CASE("told to stop, the migrator ends, and who waits is told 57P01")
{
    scene s;
    s.gate().boot();
    s.until_runs(1);
    s.gate().stop();
    s.until([&] { return !s.gate().is_busy(); });
    CHECK(s.refusal()->code == sqlstate{"57P01"});
    CHECK_FALSE(s.gate().is_open());
    CHECK(s.gate().status().failures == 0);
    s.ask({.backend = "main", .target = "head"});
    CHECK(s.answer().error().code == sqlstate{"57P01"});
}

TEST_CASE("with another address nobody is served before it is migrated there")
{
    scene s;
    s.gate().boot();
    s.until_runs(1);
    SUBCASE("when it was open")
    {
        s.migrator.end_with(applied_one);
        s.until([&] { return s.gate().is_open(); });
        s.readdress("elsewhere");
    }
    SUBCASE("when it was closed by a failure")
    {
        s.migrator.end_with(sql_is_wrong);
        s.until([&] { return s.refusal().has_value(); });
        s.readdress("elsewhere");
        CHECK(s.gate().status().error.empty());
    }
    SUBCASE("while it is migrated where it was: that is ended, and of no account")
    {
        s.readdress("elsewhere");
        CHECK(s.gate().status().closed_because == "the backend has another address");
    }
    SUBCASE("while a migration of the console's waits for transactions, or runs")
    {
        s.migrator.end_with(applied_one);
        s.until([&] { return s.gate().is_open(); });
        bool online = false;
        SUBCASE("waits") {}
        SUBCASE("runs") { online = true; }
        s.ask({.backend = "main", .target = "heads", .online = online});
        s.readdress("elsewhere");
        CHECK(s.answer().error().code.text() == "57014");
    }
    CHECK_FALSE(s.gate().is_open());
    s.until([&] { return s.migrator.databases().back() == "elsewhere"; });
    CHECK_FALSE(s.gate().is_open());
    CHECK_FALSE(s.refusal().has_value()); // who comes waits
    s.migrator.end_with(applied_one);
    s.until([&] { return s.gate().is_open(); });
    CHECK(s.pool().books().is_open());
    CHECK_FALSE(s.gate().is_busy());
}

TEST_CASE("with another address that is not to be migrated it is open at once")
{
    migration_settings none;
    none.dir = "/nowhere";
    scene s{none};
    s.gate().boot();
    s.readdress("elsewhere");
    CHECK(s.gate().is_open());
    CHECK(s.migrator.runs().empty());
}

TEST_SUITE_END();

} // namespace weir
