// PURE. Which revisions the words of a command line mean: "heads", "current", "REV", "a:b".
#pragma once

#include "daemon/migrations/revision_graph.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

// Whether the database has to be asked for its rows before this can be understood.
bool names_current(std::string_view text); // "current", "current:heads"

// What the graph resolves, and "current": the database's rows.
result<revision_list> select(const revision_graph& graph,
                             std::string_view text,
                             const std::vector<std::string>& rows = {});

// `history -r`: "[start]:[end]", both included. An end may be relative: "-3:current" starts three
// below the end, "REV:+2" ends two above the start.
result<revision_list> select_range(const revision_graph& graph,
                                   std::string_view range,
                                   const std::vector<std::string>& rows = {});

// What a database with these rows counts as having: the rows, and the tips of what they depend on.
// A row without a file is an error in Alembic's words.
result<revision_list> select_current(const revision_graph& graph,
                                     const std::vector<std::string>& rows);

} // namespace weir::migrations
