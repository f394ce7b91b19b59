#include "daemon/migrations/revision_graph.hpp"

#include "daemon/migrations/graph_check.hpp"
#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace weir::migrations {
namespace {

void add_once(std::vector<std::size_t>& to, std::size_t what)
{
    if (std::find(to.begin(), to.end(), what) == to.end())
        to.push_back(what);
}

// Kahn's algorithm; of those that are free, the first by file name goes first.
std::vector<revision> in_order(std::vector<revision> all)
{
    const auto key = [&](std::size_t i) { return std::tie(all[i].file, all[i].id); };
    const auto earlier = [&](std::size_t a, std::size_t b) { return key(a) < key(b); };
    std::map<std::string_view, std::size_t> position;
    for (std::size_t i = 0; i < all.size(); ++i)
        position.emplace(all[i].id, i);
    std::vector<std::vector<std::size_t>> needed_by(all.size());
    std::vector<std::size_t> owed(all.size()); // needs that are not out yet
    std::set<std::size_t, decltype(earlier)> free(earlier);
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (const auto* const needs : {&all[i].down_revisions, &all[i].depends_on})
            for (const std::string& id : *needs) {
                needed_by[position.at(id)].push_back(i);
                ++owed[i];
            }
        if (owed[i] == 0)
            free.insert(i);
    }
    std::vector<std::size_t> order;
    while (!free.empty()) {
        const std::size_t first = *free.begin();
        free.erase(free.begin());
        order.push_back(first);
        for (const std::size_t next : needed_by[first])
            if (--owed[next] == 0)
                free.insert(next);
    }
    std::vector<revision> out;
    for (const std::size_t i : order)
        out.push_back(std::move(all[i]));
    return out;
}

error several_heads(std::string_view text, const std::vector<std::string>& heads)
{
    const std::size_t at = text.find('@');
    const std::string word{at == std::string_view::npos ? text : text.substr(at + 1)};
    return {"22023",
            "Multiple head revisions are present for given argument '" + std::string(text) +
                "'; please specify a specific target revision, '<branchname>@" + word +
                "' to narrow to a specific head, or 'heads' for all heads",
            "The heads are " + listed(heads) + '.'};
}

} // namespace

std::vector<std::string> ids_of(const revision_list& all)
{
    std::vector<std::string> out;
    for (const revision* const r : all)
        out.push_back(r->id);
    return out;
}

bool contains(const revision_list& all, const revision* r)
{
    return std::ranges::binary_search(all, r);
}

error cannot_locate(std::string_view text, std::string detail)
{
    return {"42704",
            "Can't locate revision identified by '" + std::string(text) + '\'',
            std::move(detail)};
}

checked<revision_graph> revision_graph::make(std::vector<revision> all)
{
    if (complaints wrong = check_graph(all); !wrong.empty())
        return wrong;
    revision_graph out;
    out.all_ = in_order(std::move(all));
    out.connect();
    return out;
}

void revision_graph::connect()
{
    links_.resize(all_.size());
    for (std::size_t i = 0; i < all_.size(); ++i)
        by_id_.emplace(all_[i].id, i);
    for (std::size_t i = 0; i < all_.size(); ++i) {
        for (const std::string& id : all_[i].down_revisions) {
            const std::size_t parent = by_id_.at(id);
            add_once(links_[i].parents, parent);
            add_once(links_[parent].children, i);
            add_once(links_[i].needs, parent);
            add_once(links_[parent].needed_by, i);
        }
        for (const std::string& id : all_[i].depends_on) {
            const std::size_t needed = by_id_.at(id);
            add_once(links_[i].needs, needed);
            add_once(links_[needed].needed_by, i);
        }
    }
}

const revision* revision_graph::find(std::string_view id) const
{
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &all_[found->second];
}

std::vector<std::string> revision_graph::ids_without(next which) const
{
    std::vector<std::string> out;
    for (std::size_t i = 0; i < all_.size(); ++i)
        if ((links_[i].*which).empty())
            out.push_back(all_[i].id);
    return out;
}

std::vector<std::string> revision_graph::heads() const { return ids_without(&links::children); }
std::vector<std::string> revision_graph::real_heads() const
{
    return ids_without(&links::needed_by);
}
std::vector<std::string> revision_graph::bases() const { return ids_without(&links::parents); }

std::vector<std::string> revision_graph::branch_points() const
{
    std::vector<std::string> out;
    for (std::size_t i = 0; i < all_.size(); ++i)
        if (links_[i].children.size() > 1)
            out.push_back(all_[i].id);
    return out;
}

std::vector<std::string> revision_graph::children(std::string_view id) const
{
    std::vector<std::string> out;
    if (const revision* const r = find(id))
        for (const std::size_t child : links_[position(*r)].children)
            out.push_back(all_[child].id);
    return out;
}

revision_list revision_graph::reach(std::span<const std::string> from, next along) const
{
    std::vector<bool> seen(all_.size());
    std::vector<std::size_t> todo;
    const auto visit = [&](std::size_t i) {
        if (!seen[i]) {
            seen[i] = true;
            todo.push_back(i);
        }
    };
    for (const std::string& id : from)
        if (const revision* const r = find(id))
            visit(position(*r));
    while (!todo.empty()) {
        const std::size_t i = todo.back();
        todo.pop_back();
        for (const std::size_t each : links_[i].*along)
            visit(each);
    }
    revision_list out;
    for (std::size_t i = 0; i < all_.size(); ++i)
        if (seen[i])
            out.push_back(&all_[i]);
    return out;
}

revision_list revision_graph::ancestry(std::span<const std::string> ids, edges along) const
{
    return reach(ids, along == edges::all ? &links::needs : &links::parents);
}

revision_list revision_graph::progeny(std::span<const std::string> ids, edges along) const
{
    return reach(ids, along == edges::all ? &links::needed_by : &links::children);
}

bool revision_graph::share_lineage(const revision& a, const revision& b) const
{
    const revision& lower = std::min(&a, &b) == &a ? a : b;
    const revision& upper = &lower == &a ? b : a;
    const revision_list below = ancestry(std::span{&upper.id, 1}, edges::parents);
    return std::find(below.begin(), below.end(), &lower) != below.end();
}

result<revision_list> revision_graph::resolve_all(std::string_view text) const
{
    const revision* branch = nullptr;
    std::string_view word = text;
    if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
        const auto found = resolve_id(text.substr(0, at), nullptr);
        if (!found)
            return found.error();
        branch = *found;
        word = text.substr(at + 1);
    }
    if (word == "base")
        return revision_list{};
    if (word != "head" && word != "heads") {
        const auto found = resolve_id(word, branch);
        if (!found)
            return found.error();
        return revision_list{*found};
    }
    std::vector<std::string> found = word == "heads" && !branch ? real_heads() : heads();
    if (branch)
        std::erase_if(found,
                      [&](const std::string& id) { return !share_lineage(*find(id), *branch); });
    if (word == "head" && found.size() > 1)
        return several_heads(text, found);
    revision_list out;
    for (const std::string& id : found)
        out.push_back(find(id));
    return out;
}

result<const revision*> revision_graph::resolve(std::string_view text) const
{
    const auto found = resolve_all(text);
    if (!found)
        return found.error();
    if (found->size() > 1)
        return several_heads(text, ids_of(*found));
    return found->empty() ? nullptr : found->front();
}

// Ids of up to three characters are only found whole.
result<const revision*> revision_graph::resolve_id(std::string_view text,
                                                   const revision* branch) const
{
    if (const revision* const whole = find(text)) {
        if (branch && !share_lineage(*whole, *branch))
            return cannot_locate(text,
                                 "Revision " + whole->id + " is not a member of branch '" +
                                     branch->id + '\'');
        return whole;
    }
    revision_list found;
    if (!text.empty())
        for (auto each = by_id_.lower_bound(text);
             each != by_id_.end() && each->first.starts_with(text);
             ++each)
            if (const revision& r = all_[each->second];
                r.id.size() > 3 && (!branch || share_lineage(r, *branch)))
                found.push_back(&r);
    if (found.size() == 1)
        return found.front();
    if (found.empty())
        return cannot_locate(text,
                             "No such revision or branch '" + std::string(text) + '\'' +
                                 (text.size() < 4 ? "; please ensure at least four characters are "
                                                    "present for partial revision identifier "
                                                    "matches"
                                                  : ""));
    std::vector<std::string> some;
    for (std::size_t i = 0; i < std::min<std::size_t>(found.size(), 3); ++i)
        some.push_back('\'' + found[i]->id + '\'');
    return cannot_locate(text,
                         "Multiple revisions start with '" + std::string(text) +
                             "': " + listed(some) + "...");
}

} // namespace weir::migrations
