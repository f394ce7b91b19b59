#include "daemon/migrations/plan.hpp"

#include "daemon/migrations/plan_target.hpp"
#include "daemon/migrations/planner.hpp"
#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace weir::migrations {
namespace {

using ids = std::vector<std::string>;

std::optional<error> check_known(const revision_graph& g, const ids& rows)
{
    for (const std::string& id : rows)
        if (!g.find(id)) {
            error unknown = cannot_locate(id);
            unknown.detail = "The database's version table says " + listed(rows) + '.';
            return unknown;
        }
    return {};
}

// Rows (or targets) of which one implies another cannot be told from a mistake.
std::optional<error> check_overlap(const revision_graph& g, const ids& of)
{
    for (const std::string& id : of) {
        const revision_list below = g.ancestry(std::span{&id, 1});
        ids others;
        for (const std::string& other : of)
            if (other != id && contains(below, g.find(other)))
                others.push_back(other);
        if (!others.empty())
            return error{"22023",
                         "Requested revision " + id + " overlaps with other requested revisions " +
                             listed(others)};
    }
    return {};
}

error not_a_downgrade_target(std::string_view target)
{
    return {"22023",
            "Destination " + std::string(target) +
                " is not a valid downgrade target from current head(s)"};
}

std::optional<error> check_ways_back(const revision_list& all)
{
    ids without_way;
    for (const revision* const r : all)
        if (!r->downgrade)
            without_way.push_back(r->file.empty() ? r->id : r->file);
    if (without_way.empty())
        return {};
    return error{"0A000",
                 "there is no section \"-- downgrade\" in " + listed(without_way),
                 {},
                 "Write the section, an empty one where nothing has to be undone."};
}

// A range needs to be told where it starts, which only --sql is.
bool is_range(std::string_view target) { return target.find(':') != std::string_view::npos; }
error range_not_allowed() { return {"22023", "Range revision not allowed"}; }

} // namespace

result<plan> plan_upgrade(const revision_graph& g, const ids& current, std::string_view target)
{
    if (is_range(target))
        return range_not_allowed();
    planner out{g, current};
    if (const auto unknown = check_known(g, out.rows_before()))
        return *unknown;
    const auto targets = find_upgrade_targets(g, out.rows_before(), target);
    if (!targets)
        return targets.error();
    if (const auto overlap = check_overlap(g, out.rows_before()))
        return *overlap;
    const revision_list applied = g.ancestry(out.rows_before());
    for (const revision* const r : g.ancestry(ids_of(*targets)))
        if (!contains(applied, r))
            out.upgrade(*r);
    return std::move(out).finish();
}

result<plan> plan_downgrade(const revision_graph& g, const ids& current, std::string_view target)
{
    if (is_range(target))
        return range_not_allowed();
    planner out{g, current};
    if (const auto unknown = check_known(g, out.rows_before()))
        return *unknown;
    const auto to = find_downgrade_target(g, out.rows_before(), target);
    if (!to)
        return to.error();
    const auto first = first_after(g, *to);
    if (!first)
        return first.error();
    revision_list back;
    std::ranges::set_intersection(g.progeny(*first),
                                  g.ancestry(out.rows_before()),
                                  std::back_inserter(back));
    if (to->to && back.empty() && !std::ranges::binary_search(out.rows_before(), to->to->id))
        return not_a_downgrade_target(target);
    if (const auto stuck = check_ways_back(back))
        return *stuck;
    for (auto r = back.rbegin(); r != back.rend(); ++r)
        out.downgrade(**r);
    return std::move(out).finish();
}

result<plan>
plan_stamp(const revision_graph& g, const ids& current, std::string_view target, bool purge)
{
    planner out{g, current};
    const auto wanted = find_stamp_targets(g, target);
    if (!wanted)
        return wanted.error();
    if (!purge)
        if (const auto unknown = check_known(g, out.rows_before()))
            return *unknown;
    if (const auto overlap = check_overlap(g, ids_of(*wanted)))
        return *overlap;
    if (purge || wanted->empty())
        out.move_to_base();
    for (const revision* const r : *wanted)
        out.move_to(*r);
    out.stamp(wanted->empty() ? nullptr : wanted->back(), purge);
    return std::move(out).finish();
}

result<plan> plan_offline(const revision_graph& g, direction way, std::string_view range)
{
    ids current;
    const std::size_t colon = range.find(':');
    if (colon == std::string_view::npos && way == direction::downgrade)
        return error{"22023", "downgrade with --sql requires <fromrev>:<torev>"};
    if (colon != std::string_view::npos) {
        const auto from = g.resolve(range.substr(0, colon));
        if (!from)
            return from.error();
        if (*from)
            current.push_back((*from)->id);
        range.remove_prefix(colon + 1);
    }
    switch (way) {
    case direction::upgrade: return plan_upgrade(g, current, range);
    case direction::downgrade: return plan_downgrade(g, current, range);
    case direction::stamp: break;
    }
    return plan_stamp(g, current, range, false);
}

} // namespace weir::migrations
