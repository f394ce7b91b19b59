// PURE. What keeps a set of revisions from being a graph, all at once.
#pragma once

#include "daemon/migrations/revision.hpp"

#include <vector>

namespace weir::migrations {

complaints check_graph(const std::vector<revision>& all);

} // namespace weir::migrations
