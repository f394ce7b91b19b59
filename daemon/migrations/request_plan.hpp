// What a request comes to on a database as it is now: a plan, or what speaks against one. The same
// answers for a run, under the lock, and for a look, without it.
#pragma once

#include "config/migration_settings.hpp"
#include "daemon/migrations/comparison.hpp"
#include "daemon/migrations/migrator.hpp"
#include "daemon/migrations/version_table.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weir::migrations {

version_table table_of(const migration_settings& s);

// What speaks against an upgrade or a downgrade. A stamp is how an operator answers all of it.
std::optional<error> objection(const database_state& database,
                               const comparison& found,
                               const migration_settings& settings,
                               direction way);

result<plan>
plan_of(const revision_graph& graph, const std::vector<std::string>& rows, const request& wanted);

} // namespace weir::migrations
