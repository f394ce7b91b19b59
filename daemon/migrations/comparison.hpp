// What the database and the directory say of each other, and what speaks against running.
#pragma once

#include "config/migration_settings.hpp"
#include "daemon/migrations/database_state.hpp"
#include "daemon/migrations/revision_graph.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weir::migrations {

struct comparison {
    revision_list edited;             // applied, but the file has changed since
    std::vector<std::string> unknown; // rows without a file
    std::vector<note> half_done;      // began, and nobody saw them end
};

comparison compare(const database_state& database, const revision_graph& files);

std::string edited_words(const revision& r);

// Each is 55000 when it speaks against an upgrade or a downgrade, and nothing otherwise.
// The settings are for the words.
std::optional<error> object_to_unknown(const comparison& c, const migration_settings& settings);
std::optional<error> object_to_half_done(const comparison& c, const database_state& database);
std::optional<error> object_to_edited(const comparison& c);
std::optional<error> object_to_unversioned(const database_state& database);

} // namespace weir::migrations
