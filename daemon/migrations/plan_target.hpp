// PURE. Where an upgrade, a downgrade or a stamp leads from the rows that a database has.
#pragma once

#include "daemon/migrations/revision_graph.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

// The rows are revisions of the graph. None: the base.
result<revision_list> find_upgrade_targets(const revision_graph& g,
                                           const std::vector<std::string>& rows,
                                           std::string_view target);

// Several separated by commas; each once, in the order of all(). None: the base.
result<revision_list> find_stamp_targets(const revision_graph& g, std::string_view target);

struct downgrade_target {
    const revision* to = nullptr;     // null: the base
    const revision* branch = nullptr; // the one that it is about, if only one is
};
result<downgrade_target> find_downgrade_target(const revision_graph& g,
                                               const std::vector<std::string>& rows,
                                               std::string_view target);

// What comes straight after the target: a downgrade takes that back, and whatever needs it.
result<std::vector<std::string>> first_after(const revision_graph& g, const downgrade_target& t);

} // namespace weir::migrations
