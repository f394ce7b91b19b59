// PURE. The names and the SQL of the two tables that say what has been applied: Alembic's own, and
// weir's notes beside it (weir_migrations: revision, checksum, applied_at, duration, by).
#pragma once

#include "daemon/migrations/revision.hpp"

#include <string>
#include <string_view>

namespace weir::migrations {

struct version_table {
    std::string name = "alembic_version";
    std::string schema; // empty: where search_path leads

    std::string qualified() const;       // "ops"."alembic_version"
    std::string notes_qualified() const; // weir_migrations, in the same schema
};

std::string quoted_name(std::string_view name);    // "a""b"
std::string quoted_literal(std::string_view text); // 'it''s'; safe with either kind of backslashes

} // namespace weir::migrations
