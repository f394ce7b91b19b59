#include "daemon/migrations/selection.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <set>

namespace weir::migrations {
namespace {

using revision_set = std::set<const revision*>;

constexpr sqlstate bad_argument{"22023"};

std::vector<std::string> ids_of(const revision_list& some)
{
    std::vector<std::string> ids;
    for (const revision* r : some)
        ids.push_back(r->id);
    return ids;
}

revision_set ancestry_of(const revision_graph& graph, const revision_list& some)
{
    const std::vector<std::string> ids = ids_of(some);
    const revision_list all = graph.ancestry(ids);
    return {all.begin(), all.end()};
}

// By down_revisions alone, as all() has parents before children.
revision_set descendants_of(const revision_graph& graph, const revision_list& some)
{
    revision_set found{some.begin(), some.end()};
    for (const revision& r : graph.all())
        for (const std::string& parent : r.down_revisions)
            if (found.contains(graph.find(parent)))
                found.insert(&r);
    return found;
}

// In the graph's order, turned round.
revision_list newest_first(const revision_graph& graph, const revision_set& wanted)
{
    revision_list out;
    for (const revision& r : graph.all())
        if (wanted.contains(&r))
            out.push_back(&r);
    std::ranges::reverse(out);
    return out;
}

struct relative {
    std::string_view from; // empty: from the other end of the range
    int steps = 0;
};

// "+2", "-3", "REV+2", "REV-3".
std::optional<relative> parse_relative(std::string_view text)
{
    const std::size_t sign = text.find_last_of("+-");
    if (sign == std::string_view::npos)
        return std::nullopt;
    const bool up = text[sign] == '+';
    const std::string_view digits = text.substr(sign + 1);
    int steps = 0;
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), steps);
    if (digits.empty() || wrong != std::errc{} || end != digits.data() + digits.size() ||
        steps < 0) // "--3"
        return std::nullopt;
    return relative{text.substr(0, sign), up ? steps : -steps};
}

result<revision_list> named(const revision_graph& graph, const std::vector<std::string>& ids)
{
    revision_list out;
    for (const std::string& id : ids) {
        const auto found = graph.resolve(id);
        if (!found)
            return found.error();
        out.push_back(*found);
    }
    return out;
}

// None: below the first, or above the last. A walk stops there.
result<revision_list> walk(const revision_graph& graph, revision_list from, int steps)
{
    const auto next = [&](const revision_list& here) {
        if (here.empty())
            return named(graph, steps > 0 ? graph.bases() : std::vector<std::string>{});
        return named(graph,
                     steps > 0 ? graph.children(here.front()->id) : here.front()->down_revisions);
    };
    for (int i = 0; i < std::abs(steps); ++i) {
        if (from.size() > 1)
            return error{bad_argument, "Ambiguous walk"};
        auto there = next(from);
        if (!there)
            return there;
        if (there->empty() && steps > 0)
            break;
        from = std::move(*there);
    }
    if (from.size() > 1)
        return error{bad_argument, "Ambiguous walk"};
    return from;
}

// One end of a range, which may be "REV+2" or "REV-2".
result<revision_list>
range_end(const revision_graph& graph, std::string_view text, const std::vector<std::string>& rows)
{
    const auto step = parse_relative(text);
    if (!step || graph.find(text)) // an id may hold a sign
        return select(graph, text, rows);
    if (step->from.empty())
        return error{bad_argument,
                     "Relative revision " + std::string{text} + " didn't produce " +
                         std::to_string(std::abs(step->steps)) + " migrations"};
    auto from = select(graph, step->from, rows);
    if (!from)
        return from;
    return walk(graph, std::move(*from), step->steps);
}

} // namespace

revision_list heads_of(const revision_graph& graph, bool resolve_dependencies)
{
    std::set<std::string_view> needed;
    if (resolve_dependencies)
        for (const revision& r : graph.all())
            needed.insert(r.depends_on.begin(), r.depends_on.end());
    revision_list out;
    for (const std::string& id : graph.heads())
        if (!needed.contains(id))
            out.push_back(graph.find(id));
    return out;
}

revision_list branch_points_of(const revision_graph& graph)
{
    revision_set points;
    for (const std::string& id : graph.branch_points())
        points.insert(graph.find(id));
    return newest_first(graph, points);
}

result<revision_list> all_current(const revision_graph& graph, const std::vector<std::string>& rows)
{
    const auto top = named(graph, rows);
    if (!top)
        return top.error();
    const revision_set all = ancestry_of(graph, *top);
    revision_list tips;
    for (const revision* r : all)
        if (std::ranges::none_of(graph.children(r->id), [&](const std::string& child) {
                return all.contains(graph.find(child));
            }))
            tips.push_back(r);
    return newest_first(graph, {tips.begin(), tips.end()});
}

bool names_current(std::string_view text)
{
    const std::size_t colon = text.find(':');
    return text.substr(0, colon) == "current" ||
           (colon != std::string_view::npos && text.substr(colon + 1) == "current");
}

result<revision_list>
select(const revision_graph& graph, std::string_view text, const std::vector<std::string>& rows)
{
    if (text == "heads")
        return heads_of(graph, true);
    if (text == "current")
        return named(graph, rows);
    if (text == "base" || (text == "head" && graph.is_empty()))
        return revision_list{};
    const auto one = graph.resolve(text);
    if (!one)
        return one.error();
    return revision_list{*one};
}

result<revision_list> select_range(const revision_graph& graph,
                                   std::string_view range,
                                   const std::vector<std::string>& rows)
{
    const std::size_t colon = range.find(':');
    if (colon == std::string_view::npos || range.find(':', colon + 1) != std::string_view::npos)
        return error{bad_argument, "History range requires [start]:[end], [start]:, or :[end]"};
    const std::string start{colon == 0 ? "base" : range.substr(0, colon)};
    const std::string end{colon + 1 == range.size() ? "heads" : range.substr(colon + 1)};

    // A bare "-N" counts down from the end, a bare "+N" up from the start.
    const auto down = parse_relative(start);
    const auto up = parse_relative(end);
    const bool counts_down = down && down->from.empty() && down->steps < 0;
    const bool counts_up = up && up->from.empty() && up->steps > 0 && !counts_down;
    const auto standing = range_end(graph, counts_up ? start : end, rows);
    if (!standing)
        return standing.error();
    const auto other = counts_down ? walk(graph, *standing, down->steps)
                       : counts_up ? walk(graph, *standing, up->steps)
                                   : range_end(graph, start, rows);
    if (!other)
        return other.error();
    const revision_list& lower = counts_up ? *standing : *other;
    const revision_list& upper = counts_up ? *other : *standing;

    revision_set wanted = ancestry_of(graph, upper);
    if (!std::ranges::all_of(lower, [&](const revision* r) { return wanted.contains(r); }))
        return error{bad_argument,
                     "Requested range " + start + ":" + end +
                         " does not refer to ancestor/descendant revisions along the same branch"};
    if (lower.empty())
        return newest_first(graph, wanted);
    const revision_set below = ancestry_of(graph, lower);
    const revision_set above = descendants_of(graph, lower);
    const revision_set edge{lower.begin(), lower.end()};
    std::erase_if(wanted, [&](const revision* r) {
        return !edge.contains(r) && (below.contains(r) || !above.contains(r));
    });
    return newest_first(graph, wanted);
}

} // namespace weir::migrations
