#include "daemon/migrations/graph_check.hpp"

#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace weir::migrations {
namespace {

using by_id = std::map<std::string_view, const revision*>;
using followers = std::map<std::string_view, std::vector<std::string_view>>; // what each one needs
using ids = std::set<std::string_view>;

by_id check_ids(const std::vector<revision>& all, complaints& wrong)
{
    by_id known;
    for (const revision& r : all)
        if (const auto [first, is_new] = known.emplace(r.id, &r); !is_new)
            wrong.push_back({r.file,
                             0,
                             "Revision " + r.id + " is present more than once; it is also in " +
                                 first->second->file});
    return known;
}

void check_references(const revision& r, const by_id& known, complaints& wrong)
{
    for (const auto* const needed : {&r.down_revisions, &r.depends_on})
        for (const std::string& id : *needed)
            if (id == r.id)
                wrong.push_back({r.file,
                                 0,
                                 (needed == &r.depends_on ? "Dependency self-loop" : "Self-loop") +
                                     (" is detected in revisions (" + id) + ')'});
            else if (!known.contains(id))
                wrong.push_back(
                    {r.file, 0, "Revision " + id + " referenced from " + r.id + " is not present"});
}

// Without what check_references() has found.
followers edges_of(const by_id& known, bool with_dependencies)
{
    followers out;
    for (const auto& [id, r] : known) {
        auto& needs = out[id];
        const auto add = [&, self = id](const std::vector<std::string>& all) {
            for (const std::string& each : all)
                if (each != self && known.contains(each))
                    needs.push_back(each);
        };
        add(r->down_revisions);
        if (with_dependencies)
            add(r->depends_on);
    }
    return out;
}

// Takes away whatever needs nothing that is left, one by one: cycles stay, and what is above them.
void prune(followers& all)
{
    followers needed_by;
    std::map<std::string_view, std::size_t> owed;
    std::vector<std::string_view> free;
    for (const auto& [id, needs] : all) {
        owed[id] = needs.size();
        if (needs.empty())
            free.push_back(id);
        for (const std::string_view each : needs)
            needed_by[each].push_back(id);
    }
    while (!free.empty()) {
        const std::string_view id = free.back();
        free.pop_back();
        all.erase(id);
        for (const std::string_view each : needed_by[id])
            if (--owed[each] == 0)
                free.push_back(each);
    }
}

ids reachable(const followers& all, std::string_view from)
{
    ids seen;
    std::vector<std::string_view> todo{from};
    while (!todo.empty()) {
        const auto found = all.find(todo.back());
        todo.pop_back();
        if (found == all.end())
            continue;
        for (const std::string_view id : found->second)
            if (seen.insert(id).second)
                todo.push_back(id);
    }
    return seen;
}

// Each set of revisions that all need each other.
std::vector<ids> cycles(followers all)
{
    prune(all);
    std::vector<ids> out;
    std::map<std::string_view, ids> reach;
    for (const auto& [id, needs] : all)
        reach[id] = reachable(all, id);
    ids seen;
    for (const auto& [id, below] : reach) {
        if (!below.contains(id) || seen.contains(id))
            continue;
        ids& cycle = out.emplace_back();
        for (const std::string_view other : below)
            if (reach.contains(other) && reach[other].contains(id))
                cycle.insert(other);
        seen.insert(cycle.begin(), cycle.end());
    }
    return out;
}

complaint cycle_complaint(const char* kind, const ids& cycle, const by_id& known)
{
    return {known.at(*cycle.begin())->file,
            0,
            kind + (" is detected in revisions (" + listed(cycle)) + ')'};
}

void check_cycles(const by_id& known, complaints& wrong)
{
    const std::vector<ids> plain = cycles(edges_of(known, false));
    for (const ids& each : plain)
        wrong.push_back(cycle_complaint("Cycle", each, known));
    for (const ids& each : cycles(edges_of(known, true)))
        if (std::none_of(plain.begin(), plain.end(), [&](const ids& inner) {
                return std::includes(each.begin(), each.end(), inner.begin(), inner.end());
            }))
            wrong.push_back(cycle_complaint("Dependency cycle", each, known));
}

} // namespace

complaints check_graph(const std::vector<revision>& all)
{
    complaints wrong;
    const by_id known = check_ids(all, wrong);
    for (const revision& r : all)
        check_references(r, known, wrong);
    check_cycles(known, wrong);
    return wrong;
}

} // namespace weir::migrations
