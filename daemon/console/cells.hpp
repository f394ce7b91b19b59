// PURE. What stands in one cell of an answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace weir::console {

inline std::string text(std::uint64_t number) { return std::to_string(number); }

inline std::optional<std::string> unless_empty(std::string words)
{
    return words.empty() ? std::nullopt : std::optional{std::move(words)};
}

// "2026-11-23 01:47:27" and whatever says that it is UTC.
std::string utc(std::chrono::system_clock::time_point when, const char* zone);

} // namespace weir::console
