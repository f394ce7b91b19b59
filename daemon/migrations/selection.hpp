// PURE. Which revisions the words of a command line mean: "heads", "current", "REV", "a:b".
#pragma once

#include "daemon/migrations/revision_graph.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

using revision_list = std::vector<const revision*>; // they point into the graph

// Nobody's parent; with `resolve_dependencies` nobody's dependency, either.
revision_list heads_of(const revision_graph& graph, bool resolve_dependencies);

revision_list branch_points_of(const revision_graph& graph); // newest first

// What a database with these rows counts as having: the rows, and the tips of what they depend on.
// A row without a file is an error in Alembic's words.
result<revision_list> all_current(const revision_graph& graph,
                                  const std::vector<std::string>& rows);

// Whether the database has to be asked for its rows before this can be understood.
bool names_current(std::string_view text); // "current", "current:heads"

// "heads", "head", "base" (none), "current" or one revision, whose id may be cut short.
result<revision_list> select(const revision_graph& graph,
                             std::string_view text,
                             const std::vector<std::string>& rows = {});

// `history -r`: "[start]:[end]", both included, newest first. An end may be relative: "-3:current"
// starts three below the end, "REV:+2" ends two above the start.
result<revision_list> select_range(const revision_graph& graph,
                                   std::string_view range,
                                   const std::vector<std::string>& rows = {});

} // namespace weir::migrations
