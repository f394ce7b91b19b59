#include "config/change_setting.hpp"

#include "config/knobs.hpp"
#include "config/pool_check.hpp"

#include <algorithm>
#include <string_view>

namespace weir {

namespace {

template <class Target>
bool turn_in(std::span<const knob<Target>> knobs,
             std::string_view name,
             const raw_value& value,
             const std::string& path,
             Target& target,
             complaints& wrong)
{
    const auto k = std::ranges::find(knobs, name, &knob<Target>::path);
    if (k == knobs.end())
        return false;
    turn(*k, value, path, target, wrong);
    return true;
}

// A name may have dots itself.
bool turn_of_backend(backend_settings& b,
                     const std::string& path,
                     const raw_value& value,
                     complaints& wrong)
{
    const auto name_below = [&](const std::string& section) -> std::string_view {
        const std::string prefix = "backends." + b.name + section;
        return path.starts_with(prefix) ? std::string_view{path}.substr(prefix.size())
                                        : std::string_view{};
    };
    return turn_in(pool_knobs(), name_below(".pool."), value, path, b.pool, wrong) ||
           turn_in(migration_knobs(), name_below(".migrations."), value, path, b.migrations, wrong);
}

} // namespace

checked<settings> change_setting(settings in_use, const std::string& path, const std::string& value)
{
    complaints wrong;
    const raw_value given{.is = raw_value::kind::text, .text = value};
    bool found = turn_in(daemon_knobs(), path, given, path, in_use, wrong);
    for (backend_settings& b : in_use.backends) {
        found = found || turn_of_backend(b, path, given, wrong);
        check_pool(b, wrong);
    }
    if (!found)
        wrong.push_back({path, "is not a setting that can be named here"});
    if (!wrong.empty())
        return wrong;
    return in_use;
}

} // namespace weir
