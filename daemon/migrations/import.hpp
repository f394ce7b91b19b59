// PURE. What `alembic upgrade --sql` prints -> revisions: one for each "-- Running upgrade a -> b",
// with Alembic's own bookkeeping left out. For those who leave Alembic.
#pragma once

#include "daemon/migrations/alembic_script.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

struct alembic_output {
    named_text upgrades;                  // alembic upgrade heads --sql
    std::optional<named_text> downgrades; // alembic downgrade head:base --sql
    // alembic history: what the SQL does not tell, the messages and all of depends_on. Without it,
    // a dependency is known only where it was a row of the version table until then.
    std::optional<named_text> history;
    std::string version_table = "alembic_version";
};

struct imported {
    std::vector<revision> revisions; // in the order of the output: parents first
    std::vector<std::string> notes; // what its reader should know: "... runs outside a transaction"
};

// Output that was cut short, or that has a log mixed into it, is refused.
checked<imported> import_alembic(const alembic_output& from);

} // namespace weir::migrations
