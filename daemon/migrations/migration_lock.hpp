// Whoever holds it migrates: one weir at a time for each database and version table, on whatever
// hosts they run. A holder that dies lets go, since the lock is a session's (PostgreSQL) or a
// process's (SQLite).
#pragma once

#include "config/database_url.hpp"
#include "daemon/migrations/direct_connection.hpp"
#include "daemon/migrations/version_table.hpp"
#include "pool/core/error.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace weir::migrations {

class migration_lock {
public:
    virtual ~migration_lock() = default; // lets go

    // One attempt, which never waits: nothing when we hold it now, else who does.
    virtual result<std::optional<std::string>> attempt(std::stop_token stop) = 0;
};

// PostgreSQL: an advisory lock of the session that does the work, so that losing the session ends
// both at once; attempted again and again, since a session that blocks in pg_advisory_lock() has a
// snapshot, for whose end the holder's CREATE INDEX CONCURRENTLY would wait. SQLite: a lock file
// beside the database file; nobody else can reach a database in memory.
std::unique_ptr<migration_lock>
make_migration_lock(const database_url& url, const version_table& table, direct_connection& worker);

// Until it is ours. 55P03 with the holder when `limit` is over. `on_wait` is told who holds it, at
// first and whenever that changes.
result<void> acquire(migration_lock& lock,
                     std::chrono::milliseconds limit,
                     const std::function<void(const std::string& holder)>& on_wait,
                     std::stop_token stop);

// Who we are to those who wait: "weir migrations web-1 pid 4711". It fits an application_name.
std::string migrator_name();

} // namespace weir::migrations
