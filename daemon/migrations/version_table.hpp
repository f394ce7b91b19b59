// PURE. The names and the SQL of the two tables that say what has been applied: Alembic's own, and
// weir's notes beside it. The SQL is PostgreSQL's, which weir's SQLite understands as well.
#pragma once

#include "daemon/migrations/revision.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

struct version_table {
    static constexpr unsigned width = 255;         // of version_num, in characters
    static constexpr unsigned alembics_width = 32; // when Alembic made the table

    std::string name = "alembic_version";
    std::string schema = {}; // empty: where search_path leads

    std::string qualified() const;       // "ops"."alembic_version"
    std::string notes_qualified() const; // weir_migrations, in the same schema

    std::string create() const; // if it is not there; so does the next
    std::string create_notes() const;
    std::vector<std::string> widen(dialect d) const; // version_num to `width`, in a transaction

    std::string select_rows() const;
    std::string select_notes() const;        // revision, state (note_state), checksum
    std::string select_width() const;        // no row: there is no table; negative: no limit
    std::string select_has_notes() const;    // no row: there is no table of notes
    std::string select_other_tables() const; // the user's own, by name
};

// What a note says of its revision. Anything but `applied` is a revision with `-- no transaction`
// that began and did not end.
namespace note_state {
inline constexpr std::string_view applied = "applied";
inline constexpr std::string_view upgrading = "upgrading";
inline constexpr std::string_view downgrading = "downgrading";
} // namespace note_state

std::string quoted_name(std::string_view name);    // "a""b"
std::string quoted_literal(std::string_view text); // 'it''s'; safe with either kind of backslashes

} // namespace weir::migrations
