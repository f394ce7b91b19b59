#include "daemon/migrations/history.hpp"

#include "daemon/migrations/relative_target.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::migrations {
namespace {

using ids = std::vector<std::string>;

result<revision_list> end_of(const revision_graph& g, std::string_view text, const ids& current)
{
    if (text != "current")
        return g.resolve_all(text);
    revision_list out;
    for (const std::string& id : current)
        if (const revision* const r = g.find(id))
            out.push_back(r);
        else
            return cannot_locate(id);
    std::ranges::sort(out);
    return out;
}

// From where `t` says, or else from each of `starts` (none: the base).
result<revision_list>
walk_all(const revision_graph& g, revision_list starts, const relative_target& t)
{
    if (!t.from.empty()) {
        const auto from = g.resolve(t.from);
        if (!from)
            return from.error();
        starts = {*from};
    } else if (starts.empty()) {
        starts = {nullptr};
    }
    revision_list out;
    for (const revision* const start : starts) {
        const auto end = walk_from(g, start, t.steps, nullptr, true);
        if (!end)
            return end.error();
        if (end->to)
            out.push_back(end->to);
    }
    std::ranges::sort(out);
    const auto repeated = std::ranges::unique(out);
    out.erase(repeated.begin(), repeated.end());
    return out;
}

ids ids_of(const revision_list& all)
{
    ids out;
    for (const revision* const r : all)
        out.push_back(r->id);
    return out;
}

struct ends {
    revision_list from;
    revision_list to;
};

// Each may be so many steps from the other.
result<ends> find_ends(const revision_graph& g, const history_range& range, const ids& current)
{
    const auto from_steps = parse_relative(range.from);
    const auto to_steps = parse_relative(range.to);
    if (from_steps && to_steps && from_steps->from.empty() && to_steps->from.empty())
        return error{"22023", "both ends of the range are relative to each other"};
    const bool from_waits = from_steps && from_steps->from.empty();
    const auto find = [&](const std::string& text, const auto& steps, const revision_list& other) {
        return steps ? walk_all(g, other, *steps) : end_of(g, text, current);
    };
    ends out;
    const auto first = from_waits ? find(range.to, to_steps, {}) : find(range.from, from_steps, {});
    if (!first)
        return first.error();
    const auto second =
        from_waits ? find(range.from, from_steps, *first) : find(range.to, to_steps, *first);
    if (!second)
        return second.error();
    return from_waits ? ends{*second, *first} : ends{*first, *second};
}

} // namespace

result<history_range> parse_history_range(std::string_view text)
{
    history_range out;
    if (text.empty())
        return out;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos)
        return error{"22023", "History range requires [start]:[end], [start]:, or :[end]"};
    if (colon > 0)
        out.from = text.substr(0, colon);
    if (colon + 1 < text.size())
        out.to = text.substr(colon + 1);
    return out;
}

result<revision_list>
history(const revision_graph& g, const history_range& range, const ids& current)
{
    const auto at = find_ends(g, range, current);
    if (!at)
        return at.error();
    revision_list out = g.ancestry(ids_of(at->to));
    if (!std::ranges::includes(out, at->from))
        return error{"22023",
                     "Requested range " + range.from + ':' + range.to +
                         " does not refer to ancestor/descendant revisions along the same branch"};
    if (!at->from.empty()) {
        revision_list between;
        std::ranges::set_intersection(out,
                                      g.progeny(ids_of(at->from), edges::parents),
                                      std::back_inserter(between));
        out = std::move(between);
    }
    std::ranges::reverse(out);
    return out;
}

} // namespace weir::migrations
