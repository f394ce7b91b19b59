#include "daemon/console/show.hpp"

#include "daemon/console/cells.hpp"
#include "daemon/migrations/words.hpp"

#include <cmath>
#include <string>

namespace weir::console {
namespace {

// One word for an operator: what is under way, or else what clients meet.
std::string_view state_of(const migration_status& s)
{
    if (s.is != migration_status::phase::idle)
        return to_string(s.is);
    return s.is_open ? "open" : "closed";
}

template <class Number>
std::string rounded(Number value)
{
    return std::to_string(std::llround(value));
}

std::string in_microseconds(std::chrono::duration<double> time)
{
    return rounded(time.count() * 1e6);
}

} // namespace

rows show_queries(const std::map<std::string, std::vector<query_sums>>& by_backend)
{
    rows made;
    for (const auto& [backend, queries] : by_backend)
        for (const query_sums& q : queries)
            made.push_back({backend,
                            unless_empty(q.query.id),
                            rounded(q.calls),
                            in_microseconds(q.took),
                            in_microseconds(q.took / q.calls),
                            in_microseconds(q.longest),
                            in_microseconds(q.waited),
                            rounded(q.rows),
                            q.query.text});
    return made;
}

rows show_migrations(std::span<const migration_status> backends)
{
    rows made;
    for (const migration_status& s : backends) {
        const bool counts = s.total > 0;
        made.push_back({s.backend,
                        std::string(state_of(s)),
                        unless_empty(migrations::listed(s.current)),
                        unless_empty(migrations::listed(s.heads)),
                        std::to_string(s.pending),
                        unless_empty(s.revision),
                        counts ? std::optional{std::to_string(s.number)} : std::nullopt,
                        counts ? std::optional{std::to_string(s.total)} : std::nullopt,
                        utc(s.since, "+00"),
                        unless_empty(s.error)});
    }
    return made;
}

} // namespace weir::console
