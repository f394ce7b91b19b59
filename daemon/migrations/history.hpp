// PURE. The lines of `weir migrate history`.
#pragma once

#include "daemon/migrations/revision_graph.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

// From and to of "a:b", "a:", ":b"; empty is everything.
struct history_range {
    std::string from = "base";
    std::string to = "heads";

    // Whether the answer depends on what the database has.
    bool needs_current() const { return from == "current" || to == "current"; }
};
result<history_range> parse_history_range(std::string_view text);

// Newest first, both ends included: what is above `from` in its own lines, or all below `to` when
// `from` is the base. Both may be whatever revision_graph::resolve_all() takes, or "current";
// `from` may be "-N" (below `to`), `to` may be "+N" (above `from`) or "REV+N", however short the
// walk falls.
result<revision_list> history(const revision_graph& g,
                              const history_range& range,
                              const std::vector<std::string>& current);

} // namespace weir::migrations
