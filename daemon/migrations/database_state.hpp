// What a database says of its own schema: the version table's rows, weir's notes beside them, and
// whether anything else is there.
#pragma once

#include "daemon/migrations/direct_connection.hpp"
#include "daemon/migrations/version_table.hpp"
#include "pool/core/error.hpp"

#include <stop_token>
#include <string>
#include <vector>

namespace weir::migrations {

struct note {
    std::string revision;
    std::string state;    // a note_state
    std::string checksum; // of the file that was applied

    bool is_done() const { return state == note_state::applied; }
};

struct database_state {
    bool has_version_table = false;
    bool is_narrow = false;        // its column holds fewer characters than version_table::width
    std::vector<std::string> rows; // the versions, sorted
    bool has_notes_table = false;
    std::vector<note> notes;
    std::vector<std::string> other_tables;

    // Nobody has done anything here. That tables for the bookkeeping are there, and empty, counts
    // as nothing: a weir may have died after making them.
    bool is_fresh() const { return rows.empty() && notes.empty() && other_tables.empty(); }
};

result<database_state>
read_database_state(direct_connection& from, const version_table& table, std::stop_token stop);

// The versions alone, sorted. The table must be there.
result<std::vector<std::string>>
read_version_rows(direct_connection& from, const version_table& table, std::stop_token stop);

} // namespace weir::migrations
