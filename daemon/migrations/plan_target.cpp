#include "daemon/migrations/plan_target.hpp"

#include "daemon/migrations/relative_target.hpp"
#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace weir::migrations {
namespace {

using ids = std::vector<std::string>;

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

result<downgrade_target>
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
        return t.from.empty() ? too_few_migrations(t) : error{"22023", "Walked too far"};
    return downgrade_target{end->to, begin.branch};
}

} // namespace

result<revision_list>
find_upgrade_targets(const revision_graph& g, const ids& rows, std::string_view target)
{
    if (const auto relative = parse_relative(target))
        return relative_upgrade(g, rows, *relative);
    return g.resolve_all(target);
}

result<revision_list> find_stamp_targets(const revision_graph& g, std::string_view target)
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

result<downgrade_target>
find_downgrade_target(const revision_graph& g, const ids& rows, std::string_view target)
{
    if (const auto relative = parse_relative(target))
        return relative_downgrade(g, rows, *relative);
    downgrade_target out;
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

result<ids> first_after(const revision_graph& g, const downgrade_target& t)
{
    ids out = t.to ? g.children(t.to->id) : g.bases();
    if (!t.branch || out.size() < 2)
        return out;
    const revision_list below = g.ancestry(std::span{&t.branch->id, 1}, edges::parents);
    std::erase_if(out, [&](const std::string& id) { return !contains(below, g.find(id)); });
    if (out.empty())
        return error{"22023", "Not a valid downgrade target from current heads"};
    return out;
}

} // namespace weir::migrations
