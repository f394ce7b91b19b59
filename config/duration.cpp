#include "config/duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>

namespace weir {

using std::chrono::milliseconds;

namespace {

struct unit {
    std::string_view name;
    milliseconds length;
};

constexpr std::array units{
    unit{"d", std::chrono::days{1}},
    unit{"h", std::chrono::hours{1}},
    unit{"min", std::chrono::minutes{1}},
    unit{"s", std::chrono::seconds{1}},
    unit{"ms", milliseconds{1}},
};

constexpr milliseconds longest = std::chrono::days{36'500};

} // namespace

std::optional<milliseconds> parse_duration(std::string_view text)
{
    std::int64_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, count);
    if (failure != std::errc{})
        return std::nullopt;
    const std::string_view name = stop == end ? "s" : std::string_view(stop, end - stop);
    for (const unit& u : units) {
        if (name != u.name)
            continue;
        if (count > longest / u.length || count < -(longest / u.length))
            return std::nullopt;
        return count * u.length;
    }
    return std::nullopt;
}

std::string to_text(milliseconds duration)
{
    for (const unit& u : units)
        if (duration.count() != 0 && duration % u.length == milliseconds{0})
            return std::to_string(duration / u.length) + std::string(u.name);
    return "0";
}

} // namespace weir
