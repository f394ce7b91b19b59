// PURE. Targets that are so many steps from somewhere: +2, -1, ae10+2, ae10@-1.
#pragma once

#include "daemon/migrations/revision_graph.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace weir::migrations {

struct relative_target {
    std::string branch; // before an @; may be empty
    std::string from;   // empty: what the database has
    int steps = 0;      // up is positive
    std::string text;   // "+2", for messages
};

// Nothing: this is no such target.
std::optional<relative_target> parse_relative(std::string_view text);

// Up by children or down by parents, as many steps as asked for. `from` null is the base; so is
// the answer when the last step down led there. More steps than there are end the walk where it
// cannot go on when `may_stop_early`, and otherwise are too many; two ways to go are an error.
struct walk {
    const revision* to = nullptr;
    bool went_too_far = false;
};
result<walk> walk_from(const revision_graph& g,
                       const revision* from,
                       int steps,
                       const revision* branch,
                       bool may_stop_early);

error too_few_migrations(const relative_target& t);

} // namespace weir::migrations
