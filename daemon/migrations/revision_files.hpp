// The directory of revisions: reads all files NNN_slug.sql, with their checksums, and schema.sql.
#pragma once

#include "daemon/migrations/revision_graph.hpp"

#include <optional>
#include <string>

namespace weir::migrations {

struct revision_files {
    revision_graph graph;
    std::optional<std::vector<statement>> schema; // schema.sql, if there
    std::string schema_file;
};

// A directory that is not there is no revisions when it is only the default one.
checked<revision_files> read_revision_files(const std::string& directory, bool must_exist);

} // namespace weir::migrations
