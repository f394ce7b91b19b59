// Brings one database's schema to where it should be, under its lock: revisions, the application's
// command, or both. Blocking code: the daemon's gate runs it on a thread, `weir migrate` as it is.
#pragma once

#include "config/database_url.hpp"
#include "config/migration_settings.hpp"
#include "daemon/migrations/failure.hpp"
#include "daemon/migrations/observer.hpp"
#include "daemon/migrations/plan.hpp"
#include "pool/core/link.hpp"

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace weir::migrations {

// What the database and the directory say of each other.
struct state {
    std::vector<std::string> current;   // the version table's rows, sorted
    std::vector<std::string> heads;     // of the directory
    std::vector<std::string> pending;   // revisions that `upgrade heads` would apply, in order
    std::vector<std::string> edited;    // applied, but the file has changed since
    std::vector<std::string> unknown;   // rows without a file
    std::vector<std::string> half_done; // `no transaction` revisions that began and did not end
    bool has_version_table = false;
    bool has_other_tables = false;

    // What migrations.current_command printed, and whether a line of it says "(head)"; nothing
    // without such a command.
    std::vector<std::string> command_lines;
    std::optional<bool> command_is_at_head;
};

struct request {
    direction way = direction::upgrade;
    std::string target = "heads";
    bool purge = false;        // stamp
    bool with_command = false; // the command too, in its order

    // The whole way up, as at boot: what schema.sql and the command are for.
    bool is_for_heads() const
    {
        return way == direction::upgrade && (target == "heads" || target == "head");
    }
};

struct report {
    std::vector<std::string> before;
    std::vector<std::string> after;
    std::vector<std::string> applied; // revisions, in order
    bool built_from_schema = false;   // schema.sql made a fresh database
    bool ran_command = false;
    std::chrono::milliseconds command_took{0}; // of `took`
    std::chrono::milliseconds took{0};
};

// The database that is migrated: borrowed, and safe to use from the caller's thread.
struct target {
    std::string name; // the backend's
    backend& behind;
    const database_url& url;
    const migration_settings& settings;
};

// Waits for the backend (settings.wait) and the lock (settings.lock_wait), reads the version under
// it, migrates, verifies and releases. With neither revisions nor a command there is nothing to do,
// and the database is not even asked.
//
// A revision with `-- no transaction` that began and did not end is never begun again by itself:
// whether its statements can be repeated (a failed CREATE INDEX CONCURRENTLY leaves an index behind
// that is not valid) only somebody who looks can say, and says so with a stamp.
attempt<report>
migrate(const target& t, const request& wanted, observer& watcher, std::stop_token stop);

// Without the lock, in one attempt to connect: current, check, history.
attempt<state> inspect(const target& t, const revision_graph& graph, std::stop_token stop);

// The plan that migrate() would carry out now, likewise.
attempt<plan>
preview(const target& t, const revision_graph& graph, const request& wanted, std::stop_token stop);

} // namespace weir::migrations
