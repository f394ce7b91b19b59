// The application's own migrations as a command that can be run: where the database is, it learns
// from DATABASE_URL.
#pragma once

#include "config/database_url.hpp"
#include "config/migration_settings.hpp"
#include "daemon/migrations/outside_command.hpp"
#include "pool/core/error.hpp"

#include <string>
#include <vector>

namespace weir::migrations {

// 0A000 for a database in memory, which another process cannot reach.
result<outside_command> command_for(const database_url& url,
                                    const migration_settings& settings,
                                    const std::vector<std::string>& argv);

} // namespace weir::migrations
