// A length of time as an operator writes it: 30, 30s, 5min, 250ms, 1h, 1d (PostgreSQL's units).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

// A bare number counts seconds. Nothing when the text is no duration, or one beyond 100 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// The shortest form that parse_duration reads back: 90'000 ms is "90s", 120'000 ms is "2min".
std::string to_text(std::chrono::milliseconds duration);

} // namespace weir
