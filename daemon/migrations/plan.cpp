#include "daemon/migrations/plan.hpp"

#include "daemon/migrations/relative_target.hpp"
#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

namespace weir::migrations {
namespace {

using ids = std::vector<std::string>;

ids ids_of(const revision_list& all)
{
    ids out;
    for (const revision* const r : all)
        out.push_back(r->id);
    return out;
}

ids sorted(const std::set<std::string>& rows) { return {rows.begin(), rows.end()}; }

revision_list without(const revision_list& all, const revision_list& these)
{
    revision_list out;
    std::ranges::set_difference(all, these, std::back_inserter(out));
    return out;
}

revision_list in_both(const revision_list& a, const revision_list& b)
{
    revision_list out;
    std::ranges::set_intersection(a, b, std::back_inserter(out));
    return out;
}

bool has(const revision_list& all, const revision* r) { return std::ranges::binary_search(all, r); }

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
            if (other != id && has(below, g.find(other)))
                others.push_back(other);
        if (!others.empty())
            return error{"22023",
                         "Requested revision " + id + " overlaps with other requested revisions " +
                             listed(others)};
    }
    return {};
}

error not_a_target(std::string_view target, std::string_view verb)
{
    return {"22023",
            "Destination " + std::string(target) + " is not a valid " + std::string(verb) +
                " target from current head(s)"};
}

// The version table while steps are added: always the revisions that no other applied one needs.
class planner {
public:
    planner(const revision_graph& g, const ids& current)
        : graph_(g), rows_(current.begin(), current.end())
    {
        out_.before = out_.after = sorted(rows_);
    }

    const ids& rows() const { return out_.before; }

    void upgrade(const revision& r)
    {
        step s{direction::upgrade, &r, {}, {r.id}, {&r}, {}};
        for (const ids* const needs : {&r.down_revisions, &r.depends_on})
            for (const std::string& id : *needs)
                if (rows_.erase(id) > 0)
                    s.rows_gone.push_back(id);
        rows_.insert(r.id);
        out_.steps.push_back(std::move(s));
    }

    void downgrade(const revision& r)
    {
        step s{direction::downgrade, &r, {r.id}, {}, {}, {&r}};
        const bool was_a_row = rows_.erase(r.id) > 0;
        assert(was_a_row); // whatever needs it went before
        const revision_list still_implied = graph_.ancestry(sorted(rows_));
        for (const revision* const needed : uppermost(r))
            if (!has(still_implied, needed)) {
                s.rows_new.push_back(needed->id);
                rows_.insert(needed->id);
            }
        out_.steps.push_back(std::move(s));
    }

    // A row in the line of the target, above or below, gives way to it.
    void move_to(const revision& r)
    {
        if (rows_.contains(r.id))
            return;
        const auto line = {graph_.ancestry(std::span{&r.id, 1}),
                           graph_.progeny(std::span{&r.id, 1})};
        std::erase_if(rows_, [&](const std::string& id) {
            return std::ranges::any_of(line,
                                       [&](const auto& l) { return has(l, graph_.find(id)); });
        });
        rows_.insert(r.id);
    }
    void move_to_base() { rows_.clear(); }

    void stamp(const revision* target, bool purges)
    {
        step s{direction::stamp, target, {}, {}, {}, {}, purges};
        const ids after = sorted(rows_);
        std::ranges::set_difference(out_.before, after, std::back_inserter(s.rows_gone));
        std::ranges::set_difference(after, out_.before, std::back_inserter(s.rows_new));
        s.applied = graph_.ancestry(after);
        s.taken_back = without(graph_.ancestry(out_.before), s.applied);
        out_.steps.push_back(std::move(s));
    }

    plan finish() &&
    {
        out_.after = sorted(rows_);
        return std::move(out_);
    }

private:
    // What `r` needs, less what another of them needs.
    revision_list uppermost(const revision& r) const
    {
        ids needs = r.down_revisions;
        needs.insert(needs.end(), r.depends_on.begin(), r.depends_on.end());
        revision_list out;
        for (const std::string& id : needs) {
            ids others = needs;
            std::erase(others, id);
            if (!has(graph_.ancestry(others), graph_.find(id)) && !has(out, graph_.find(id)))
                out.insert(std::ranges::lower_bound(out, graph_.find(id)), graph_.find(id));
        }
        return out;
    }

    const revision_graph& graph_;
    std::set<std::string> rows_;
    plan out_;
};

// Where the part before the @ and the sign lead; nothing before the sign: no revision.
struct start {
    const revision* branch = nullptr;
    const revision* from = nullptr;
};

result<start> find_start(const revision_graph& g, const relative_target& t)
{
    start out;
    for (const auto& [text, to] : {std::pair{&t.branch, &out.branch}, {&t.from, &out.from}}) {
        if (text->empty())
            continue;
        const auto found = g.resolve(*text);
        if (!found)
            return found.error();
        *to = *found;
    }
    return out;
}

// Where a relative target starts that names no revision: at the rows of the branch, or, when the
// branch is only implied by other rows, at its applied revisions that none of it follows.
revision_list tips(const revision_graph& g, const ids& rows, const revision* branch)
{
    const auto of_branch = [&](const revision_list& all) {
        revision_list out;
        for (const revision* const r : all)
            if (!branch || g.share_lineage(*r, *branch))
                out.push_back(r);
        return out;
    };
    revision_list at_rows;
    for (const std::string& id : rows)
        at_rows.push_back(g.find(id));
    if (revision_list found = of_branch(at_rows); !found.empty())
        return found;
    const revision_list implied = of_branch(g.ancestry(rows));
    revision_list out = implied;
    for (const revision* const r : implied)
        for (const std::string& id : r->down_revisions)
            std::erase(out, g.find(id));
    return out;
}

result<revision_list>
relative_upgrade(const revision_graph& g, const ids& rows, const relative_target& t)
{
    const auto found = find_start(g, t);
    if (!found)
        return found.error();
    start begin = *found;
    if (t.from.empty()) {
        if (t.steps <= 0)
            return too_few_migrations(t);
        const revision_list at = tips(g, rows, begin.branch);
        if (at.size() > 1)
            return error{"22023",
                         "Ambiguous upgrade from multiple current revisions",
                         "They are " + listed(ids_of(at)) + '.'};
        begin.from = at.empty() ? nullptr : at.front();
    }
    const auto end = walk_from(g, begin.from, t.steps, begin.branch, false);
    if (!end)
        return end.error();
    if (end->went_too_far)
        return too_few_migrations(t);
    return end->to ? revision_list{end->to} : revision_list{};
}

// Where a downgrade ends, and the branch that it is about, if only one is.
struct destination {
    const revision* to = nullptr; // null: the base
    const revision* branch = nullptr;
};

result<destination>
relative_downgrade(const revision_graph& g, const ids& rows, const relative_target& t)
{
    const auto found = find_start(g, t);
    if (!found)
        return found.error();
    start begin = *found;
    if (t.from.empty()) {
        const revision_list at = tips(g, rows, begin.branch);
        if (t.steps >= 0 || at.empty())
            return too_few_migrations(t);
        if (at.size() > 1)
            return error{"22023",
                         "downgrade " + t.text + " from multiple heads is ambiguous",
                         "They are " + listed(ids_of(at)) + '.',
                         "Name the one that is meant: " + at.front()->id + '@' + t.text + '.'};
        begin.from = at.front();
        begin.branch = begin.from; // siblings that others depend on stay
    }
    const auto end = walk_from(g, begin.from, t.steps, begin.branch, false);
    if (!end)
        return end.error();
    if (end->went_too_far)
        return too_few_migrations(t);
    return destination{end->to, begin.branch};
}

result<destination>
find_destination(const revision_graph& g, const ids& rows, std::string_view target)
{
    if (const auto relative = parse_relative(target))
        return relative_downgrade(g, rows, *relative);
    destination out;
    if (const std::size_t at = target.find('@'); at != std::string_view::npos) {
        const auto branch = g.resolve(target.substr(0, at));
        if (!branch)
            return branch.error();
        out.branch = *branch;
    }
    const auto to = g.resolve(target);
    if (!to)
        return to.error();
    out.to = *to;
    return out;
}

// The lowest ones that a downgrade takes back: it goes on from them to whatever needs them.
result<ids> lowest_to_take_back(const revision_graph& g, const destination& d)
{
    ids out = d.to ? g.children(d.to->id) : g.bases();
    if (!d.branch || out.size() < 2)
        return out;
    const revision_list below = g.ancestry(std::span{&d.branch->id, 1}, edges::parents);
    std::erase_if(out, [&](const std::string& id) { return !has(below, g.find(id)); });
    if (out.empty())
        return error{"22023", "Not a valid downgrade target from current heads"};
    return out;
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

// Each once, in the order of all(); none: the base.
result<revision_list> stamp_targets(const revision_graph& g, std::string_view target)
{
    std::set<const revision*> out;
    const std::vector<std::string> parts = comma_separated(target);
    if (parts.empty())
        return cannot_locate(target);
    for (const std::string& part : parts) {
        const auto found = g.resolve_all(part);
        if (!found)
            return found.error();
        out.insert(found->begin(), found->end());
    }
    return revision_list(out.begin(), out.end());
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
    if (const auto unknown = check_known(g, out.rows()))
        return *unknown;
    const auto relative = parse_relative(target);
    const auto targets =
        relative ? relative_upgrade(g, out.rows(), *relative) : g.resolve_all(target);
    if (!targets)
        return targets.error();
    if (const auto overlap = check_overlap(g, out.rows()))
        return *overlap;
    for (const revision* const r : without(g.ancestry(ids_of(*targets)), g.ancestry(out.rows())))
        out.upgrade(*r);
    return std::move(out).finish();
}

result<plan> plan_downgrade(const revision_graph& g, const ids& current, std::string_view target)
{
    if (is_range(target))
        return range_not_allowed();
    planner out{g, current};
    if (const auto unknown = check_known(g, out.rows()))
        return *unknown;
    const auto d = find_destination(g, out.rows(), target);
    if (!d)
        return d.error();
    const auto lowest = lowest_to_take_back(g, *d);
    if (!lowest)
        return lowest.error();
    const revision_list back = in_both(g.progeny(*lowest), g.ancestry(out.rows()));
    if (d->to && back.empty() && !std::ranges::binary_search(out.rows(), d->to->id))
        return not_a_target(target, "downgrade");
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
    const auto wanted = stamp_targets(g, target);
    if (!wanted)
        return wanted.error();
    if (purge || wanted->empty())
        out.move_to_base();
    else if (const auto unknown = check_known(g, out.rows()))
        return *unknown;
    if (const auto overlap = check_overlap(g, ids_of(*wanted)))
        return *overlap;
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
