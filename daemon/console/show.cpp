#include "daemon/console/show.hpp"

#include "daemon/migrations/words.hpp"

#include <array>
#include <ctime>
#include <string>

namespace weir::console {
namespace {

std::optional<std::string> unless_empty(std::string text)
{
    return text.empty() ? std::nullopt : std::optional{std::move(text)};
}

// One word for an operator: what is under way, or else what clients meet.
std::string_view state_of(const migration_status& s)
{
    if (s.is != migration_status::phase::idle)
        return to_string(s.is);
    return s.is_open ? "open" : "closed";
}

std::string as_text(std::chrono::system_clock::time_point when)
{
    const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S+00", &parts)};
}

} // namespace

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
                        as_text(s.since),
                        unless_empty(s.error)});
    }
    return made;
}

} // namespace weir::console
