// PURE. Makes a plan step by step, and keeps the version table's rows as it goes: always the
// revisions that no other applied one needs.
#pragma once

#include "daemon/migrations/plan.hpp"

#include <set>
#include <string>
#include <vector>

namespace weir::migrations {

class planner {
public:
    planner(const revision_graph& g, const std::vector<std::string>& current);

    const std::vector<std::string>& rows_before() const { return out_.before; }

    void upgrade(const revision& r);   // whatever it needs is applied
    void downgrade(const revision& r); // nothing applied needs it

    // For a stamp: rows in the line of the target, above or below it, give way to it.
    void move_to(const revision& r);
    void move_to_base() { rows_.clear(); }
    void stamp(const revision* target, bool purges); // all moves so far, as one step

    plan finish() &&;

private:
    std::vector<std::string> rows() const { return {rows_.begin(), rows_.end()}; }
    revision_list uppermost_needs(const revision& r) const;

    const revision_graph& graph_;
    std::set<std::string> rows_;
    plan out_;
};

} // namespace weir::migrations
