#include "daemon/migrations/selection.hpp"

#include "daemon/migrations/relative_target.hpp"

#include <algorithm>

namespace weir::migrations {
namespace {

constexpr sqlstate bad_argument{"22023"};

// Several by their ids, in the order of all().
result<revision_list> named(const revision_graph& graph, const std::vector<std::string>& ids)
{
    revision_list out;
    for (const std::string& id : ids) {
        const revision* const found = graph.find(id);
        if (!found)
            return cannot_locate(id);
        out.push_back(found);
    }
    std::ranges::sort(out);
    return out;
}

// Stops at the base, which is no revision, and at a head.
result<revision_list> walk_list(const revision_graph& graph, const revision_list& from, int steps)
{
    if (from.size() > 1)
        return error{bad_argument, "Ambiguous walk"};
    const auto there =
        walk_from(graph, from.empty() ? nullptr : from.front(), steps, nullptr, true);
    if (!there)
        return there.error();
    return there->to ? revision_list{there->to} : revision_list{};
}

// One end of a range that does not count from the other: it may be "REV+2".
result<revision_list>
range_end(const revision_graph& graph, std::string_view text, const std::vector<std::string>& rows)
{
    const auto step = parse_relative(text);
    if (!step)
        return select(graph, text, rows);
    if (step->from.empty())
        return too_few_migrations(*step);
    const auto from = select(graph, step->from, rows);
    if (!from)
        return from;
    return walk_list(graph, *from, step->steps);
}

struct ends {
    revision_list lower;
    revision_list upper;
};

// A bare "-N" counts down from the end, a bare "+N" up from the start.
result<ends> find_ends(const revision_graph& graph,
                       std::string_view start,
                       std::string_view end,
                       const std::vector<std::string>& rows)
{
    const auto down = parse_relative(start);
    const auto up = parse_relative(end);
    if (up && up->from.empty() && up->steps > 0) {
        auto lower = range_end(graph, start, rows);
        if (!lower)
            return lower.error();
        auto upper = walk_list(graph, *lower, up->steps);
        if (!upper)
            return upper.error();
        return ends{std::move(*lower), std::move(*upper)};
    }
    auto upper = range_end(graph, end, rows);
    if (!upper)
        return upper.error();
    auto lower = down && down->from.empty() && down->steps < 0
                     ? walk_list(graph, *upper, down->steps)
                     : range_end(graph, start, rows);
    if (!lower)
        return lower.error();
    return ends{std::move(*lower), std::move(*upper)};
}

} // namespace

bool names_current(std::string_view text)
{
    const std::size_t colon = text.find(':');
    return text.substr(0, colon) == "current" ||
           (colon != std::string_view::npos && text.substr(colon + 1) == "current");
}

result<revision_list>
select(const revision_graph& graph, std::string_view text, const std::vector<std::string>& rows)
{
    return text == "current" ? named(graph, rows) : graph.resolve_all(text);
}

result<revision_list> select_range(const revision_graph& graph,
                                   std::string_view range,
                                   const std::vector<std::string>& rows)
{
    const std::size_t colon = range.find(':');
    if (colon == std::string_view::npos || range.find(':', colon + 1) != std::string_view::npos)
        return error{bad_argument, "History range requires [start]:[end], [start]:, or :[end]"};
    const std::string_view start = colon == 0 ? "base" : range.substr(0, colon);
    const std::string_view end = colon + 1 == range.size() ? "heads" : range.substr(colon + 1);
    const auto found = find_ends(graph, start, end, rows);
    if (!found)
        return found.error();
    const revision_list wanted = graph.ancestry(ids_of(found->upper));
    if (found->lower.empty())
        return wanted;
    if (!std::ranges::includes(wanted, found->lower))
        return error{bad_argument,
                     "Requested range " + std::string{start} + ':' + std::string{end} +
                         " does not refer to ancestor/descendant revisions along the same branch"};

    // What the lower end led to, by the lines that history draws, and the lower end itself.
    const revision_list above = graph.progeny(ids_of(found->lower), edges::parents);
    const revision_list below = graph.ancestry(ids_of(found->lower));
    revision_list out;
    for (const revision* r : wanted)
        if (contains(found->lower, r) || (contains(above, r) && !contains(below, r)))
            out.push_back(r);
    return out;
}

result<revision_list> select_current(const revision_graph& graph,
                                     const std::vector<std::string>& rows)
{
    const auto top = named(graph, rows);
    if (!top)
        return top;
    const revision_list all = graph.ancestry(rows);
    revision_list tips;
    for (const revision* r : all)
        if (std::ranges::none_of(graph.children(r->id), [&](const std::string& child) {
                return contains(all, graph.find(child));
            }))
            tips.push_back(r);
    return tips;
}

} // namespace weir::migrations
