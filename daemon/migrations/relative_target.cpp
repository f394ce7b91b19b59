#include "daemon/migrations/relative_target.hpp"

#include "daemon/migrations/words.hpp"

#include <charconv>
#include <cstdlib>

namespace weir::migrations {

// An id holds no sign, so the first one begins the number.
std::optional<relative_target> parse_relative(std::string_view text)
{
    relative_target out;
    std::string_view rest = text;
    if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
        out.branch = rest.substr(0, at);
        rest.remove_prefix(at + 1);
    }
    const std::size_t sign = rest.find_first_of("+-");
    if (sign == std::string_view::npos)
        return {};
    out.from = rest.substr(0, sign);
    out.text = rest.substr(sign);
    const char* const end = out.text.data() + out.text.size();
    const auto [stop, failed] = std::from_chars(out.text.data() + 1, end, out.steps);
    if (failed != std::errc{} || stop != end || out.steps < 0)
        return {};
    if (out.text.front() == '-')
        out.steps = -out.steps;
    return out;
}

result<walk> walk_from(const revision_graph& g,
                       const revision* from,
                       int steps,
                       const revision* branch,
                       bool may_stop_early)
{
    const revision* here = from;
    for (int left = std::abs(steps); left > 0; --left) {
        const bool is_at_base = here == nullptr;
        std::vector<std::string> ways;
        if (steps < 0 && !is_at_base)
            ways = here->down_revisions;
        else if (steps > 0)
            ways = is_at_base ? g.bases() : g.children(here->id);
        if (branch && steps > 0)
            std::erase_if(ways, [&](const std::string& id) {
                return !g.share_lineage(*g.find(id), *branch);
            });
        if (ways.size() > 1)
            return error{"22023", "Ambiguous walk", "It could go to any of " + listed(ways) + '.'};
        if (!ways.empty())
            here = g.find(ways.front());
        else if (steps < 0 && !is_at_base)
            here = nullptr;
        else
            return walk{here, !may_stop_early};
    }
    return walk{here, false};
}

error too_few_migrations(const relative_target& t)
{
    return {"22023",
            "Relative revision " + t.text + " didn't produce " + std::to_string(std::abs(t.steps)) +
                " migrations"};
}

} // namespace weir::migrations
