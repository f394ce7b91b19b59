#include "config/change_setting.hpp"

#include "config/knobs.hpp"
#include "config/pool_check.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace weir {

namespace {

constexpr std::array<std::string_view, 5> of_the_daemon{"client_idle_timeout",
                                                        "client_login_timeout",
                                                        "log.level",
                                                        "max_client_conn",
                                                        "shutdown_timeout"};

template <class Target>
const knob<Target>* find(std::span<const knob<Target>> knobs, std::string_view path)
{
    const auto found = std::ranges::find(knobs, path, &knob<Target>::path);
    return found == knobs.end() ? nullptr : &*found;
}

// A name may have dots itself.
const knob<pool_settings>* pool_knob(const backend_settings& b, std::string_view path)
{
    const std::string prefix = "backends." + b.name + ".pool.";
    return path.starts_with(prefix) ? find(pool_knobs(), path.substr(prefix.size())) : nullptr;
}

// A list is in JSON, as SHOW CONFIG prints it; anything else is a text.
raw_value given(const std::string& value)
{
    const auto parsed = nlohmann::json::parse(value, nullptr, false);
    if (parsed.is_array() &&
        std::ranges::all_of(parsed, [](const auto& j) { return j.is_string(); }))
        return {.is = raw_value::kind::list, .list = parsed.get<std::vector<std::string>>()};
    return {.is = raw_value::kind::text, .text = value};
}

} // namespace

bool is_changeable(const settings& in_use, std::string_view path)
{
    return std::ranges::find(of_the_daemon, path) != of_the_daemon.end() ||
           std::ranges::any_of(in_use.backends,
                               [&](const backend_settings& b) { return pool_knob(b, path); });
}

checked<settings> change_setting(settings in_use, const std::string& path, const std::string& value)
{
    if (!is_changeable(in_use, path))
        return complaints{{path, "cannot be changed while weir runs"}};
    complaints wrong;
    if (const auto* const k = find(daemon_knobs(), path))
        turn(*k, given(value), path, in_use, wrong);
    for (backend_settings& b : in_use.backends) {
        if (const auto* const k = pool_knob(b, path))
            turn(*k, given(value), path, b.pool, wrong);
        check_pool(b, wrong);
    }
    if (!wrong.empty())
        return wrong;
    return in_use;
}

} // namespace weir
