// The gate of one backend: nobody is served until its schema is where it should be. It runs the
// migrator on a thread of its own, at boot, on SIGHUP and for the console, keeps the pool paused or
// shut meanwhile, and says what goes on. All but the migrator itself happens on the loop's thread.
#pragma once

#include "config/settings.hpp"
#include "daemon/console/host.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/migration_status.hpp"
#include "daemon/migration_work.hpp"
#include "daemon/pool_runner.hpp"

#include <optional>
#include <random>
#include <string>
#include <thread>

namespace weir {

// Whether there is something to run at all: a command, or a directory with SQL files, or one that
// was asked for and may be missing by mistake.
bool has_migrations(const migration_settings& s);

class gate_events {
public:
    virtual void gate_changed() = 0; // it opened or closed, or says something else
    virtual void gate_demands_exit(const error& why) = 0; // migrations.on_failure = exit

protected:
    ~gate_events() = default;
};

class migration_gate {
public:
    migration_gate(const backend_settings& s,
                   pool_runner& pool,
                   migration_work work,
                   event_loop& loop,
                   gate_events& events);
    ~migration_gate(); // asks the migrator to stop, and waits for it

    void boot();
    void reload(const migration_settings& s);  // SIGHUP: migrate if something is pending
    void readdress(const backend_settings& s); // nobody is served there before it is migrated
    void migrate(const console::migrate_wish& wish, console::reply to); // the console's
    void tick(time_point now);
    void stop(); // the migrator ends as soon as it safely can; clients who wait are told 57P01

    const migration_status& status() const { return status_; }
    bool is_open() const { return status_.is_open; }
    bool is_busy() const { return at_work_ || status_.is == phase::draining; }
    const pool_runner& pool() const { return pool_; }

private:
    using phase = migration_status::phase;
    class watcher;
    struct ending { // of a run: what came of it, and how the database is now
        migrations::attempt<migrations::report> outcome;
        std::optional<migrations::state> seen;
    };
    struct asking { // on the console's behalf
        console::migrate_wish wish;
        console::reply to;
        console::rows steps = {};
    };

    void start_elsewhere();
    void start_over(); // everything that is pending, with the command
    void wait_for_holders(time_point now);
    void begin();
    void check();
    void on_progress(const migrations::progress& now);
    void on_applied(const console::row& step, std::chrono::milliseconds took);
    void on_words(const std::string& line);
    void on_checked(const migrations::attempt<migrations::state>& seen);
    void on_end(const ending& how);
    void on_success(const migrations::report& done, const std::optional<migrations::state>& seen);
    void on_failure(const migrations::failure& why);
    void retry(const error& after);
    void check_again();
    void answer(result<console::rows> outcome);

    void open();
    void close(const error& why);
    void hold(std::string because); // those who come wait
    void enter(phase p);
    void forget_failure();
    void note(const migrations::state& seen);
    migrations::request wanted() const;

    const std::string name_;
    database_url url_;
    migration_settings settings_;
    pool_runner& pool_;
    const migration_work work_;
    event_loop& loop_;
    gate_events& events_;

    migration_status status_;
    std::optional<asking> asked_;
    bool at_work_ = false;
    bool was_open_ = false; // before this run: then a failure leaves it open
    bool stopping_ = false;
    bool again_ = false;     // a reload came while it was at work
    bool elsewhere_ = false; // ... with another address
    unsigned failures_ = 0;  // in a row, of those that may pass
    time_point next_step_{}; // retrying: when; draining: when it goes on anyway
    std::minstd_rand dice_{std::random_device{}()};
    std::jthread thread_;
};

} // namespace weir
