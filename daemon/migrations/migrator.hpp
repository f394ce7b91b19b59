// Brings one database's schema to where it should be, under its lock: revisions, the application's
// command, or both. Blocking code: the daemon's gate runs it on a thread, `weir migrate` as it is.
#pragma once

#include "config/database_url.hpp"
#include "config/settings.hpp"
#include "daemon/migrations/plan.hpp"
#include "daemon/migrations/script.hpp"
#include "pool/core/error.hpp"
#include "pool/core/link.hpp"

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

// What is being done now: for the log, systemd's STATUS, 57P03 and a terminal.
struct progress {
    enum class phase : std::uint8_t {
        waiting_for_backend, // `what` is the server's words
        waiting_for_lock,    // `what` is who holds it
        running_command,     // `what` is the command
        running,             // `what` is the revision, `file` its file's name without .sql
        verifying,
    };
    phase is = phase::waiting_for_backend;
    std::string what;
    std::string file;
    unsigned number = 0; // of this revision, from 1
    unsigned total = 0;
};
std::string
to_text(const progress& p); // "migrations are running: 12 of 65, 041_add_document_comments"

// Called on the migrator's thread.
class observer {
public:
    virtual void on_progress(const progress& now) = 0;
    virtual void on_applied(const step& done, std::chrono::milliseconds took) = 0;
    virtual void on_line(std::string_view line) = 0;    // of the command's output
    virtual void on_notice(std::string_view words) = 0; // of the server's
    virtual void on_warning(std::string_view what) = 0; // an edited file, a widened column

protected:
    ~observer() = default;
};

struct failure {
    error what;           // message, detail and hint name revision, file, line, statement
    std::string revision; // empty: not in a revision
    bool may_pass =
        false; // a lost connection, a lock timeout, a server that starts: worth retrying
};

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
};

struct request {
    direction way = direction::upgrade;
    std::string target = "heads";
    bool purge = false;        // stamp
    bool with_command = false; // at boot: the command too, in its order
};

struct report {
    std::vector<std::string> before;
    std::vector<std::string> after;
    std::vector<std::string> applied; // revisions, in order
    bool built_from_schema = false;   // schema.sql made a fresh database
    bool ran_command = false;
    std::chrono::milliseconds took{0};
};

// The database that is migrated: borrowed, and safe to use from the caller's thread.
struct target {
    std::string name; // the backend's
    backend& behind;
    const database_url& url;
    const migration_settings& settings;
};

template <class T>
using attempt = boost::system::result<T, failure>;

// Waits for the backend (settings.wait) and the lock (settings.lock_wait), reads the version under
// it, migrates, verifies and releases. `by` says who, in the notes and to those who wait.
attempt<report>
migrate(const target& t, const request& wanted, observer& watcher, std::stop_token stop);

// Without the lock: current, check, history.
attempt<state> inspect(const target& t, const revision_graph& graph, std::stop_token stop);

// The plan that migrate() would carry out now, without the lock.
attempt<plan>
preview(const target& t, const revision_graph& graph, const request& wanted, std::stop_token stop);

} // namespace weir::migrations
