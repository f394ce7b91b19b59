// PURE. What SHOW answers, from what the daemon knows.
#pragma once

#include "daemon/console/table.hpp"
#include "daemon/migration_status.hpp"

#include <span>

namespace weir::console {

rows show_migrations(std::span<const migration_status> backends);

} // namespace weir::console
