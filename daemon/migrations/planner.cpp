#include "daemon/migrations/planner.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace weir::migrations {
namespace {

using ids = std::vector<std::string>;

ids needs_of(const revision& r)
{
    ids out = r.down_revisions;
    out.insert(out.end(), r.depends_on.begin(), r.depends_on.end());
    return out;
}

} // namespace

planner::planner(const revision_graph& g, const ids& current)
    : graph_(g), rows_(current.begin(), current.end())
{
    out_.before = rows();
}

void planner::upgrade(const revision& r)
{
    step s{direction::upgrade, &r, {}, {r.id}, {&r}, {}};
    for (const std::string& id : needs_of(r))
        if (rows_.erase(id) > 0)
            s.rows_gone.push_back(id);
    rows_.insert(r.id);
    out_.steps.push_back(std::move(s));
}

void planner::downgrade(const revision& r)
{
    step s{direction::downgrade, &r, {r.id}, {}, {}, {&r}};
    const bool was_a_row = rows_.erase(r.id) > 0;
    assert(was_a_row);
    const revision_list still_implied = graph_.ancestry(rows());
    for (const revision* const needed : uppermost_needs(r))
        if (!contains(still_implied, needed)) {
            s.rows_new.push_back(needed->id);
            rows_.insert(needed->id);
        }
    out_.steps.push_back(std::move(s));
}

// Less what another of them needs.
revision_list planner::uppermost_needs(const revision& r) const
{
    const ids needs = needs_of(r);
    revision_list out;
    for (const revision* const each : graph_.ancestry(needs)) {
        ids others = needs;
        if (std::erase(others, each->id) > 0 && !contains(graph_.ancestry(others), each))
            out.push_back(each);
    }
    return out;
}

void planner::move_to(const revision& r)
{
    if (rows_.contains(r.id))
        return;
    const revision_list below = graph_.ancestry(std::span{&r.id, 1});
    const revision_list above = graph_.progeny(std::span{&r.id, 1});
    std::erase_if(rows_, [&](const std::string& id) {
        return contains(below, graph_.find(id)) || contains(above, graph_.find(id));
    });
    rows_.insert(r.id);
}

void planner::stamp(const revision* target, bool purges)
{
    step s{direction::stamp, target, {}, {}, {}, {}, purges};
    const ids after = rows();
    if (purges) { // a row that stays is written anew
        s.rows_gone = out_.before;
        s.rows_new = after;
    } else {
        std::ranges::set_difference(out_.before, after, std::back_inserter(s.rows_gone));
        std::ranges::set_difference(after, out_.before, std::back_inserter(s.rows_new));
    }
    s.applied = graph_.ancestry(after);
    std::ranges::set_difference(graph_.ancestry(out_.before),
                                s.applied,
                                std::back_inserter(s.taken_back));
    out_.steps.push_back(std::move(s));
}

plan planner::finish() &&
{
    out_.after = rows();
    return std::move(out_);
}

} // namespace weir::migrations
