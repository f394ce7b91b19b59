// JSON where it lies: members and elements as slices of the text. The text is known to be JSON
// (values.hpp checks it when it comes in), so reading cannot fail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite::json_text {

enum class kind : std::uint8_t { object, array, string, number, boolean, null };

struct member {
    std::string key; // without quotes and escapes
    std::string_view value;
};

std::string_view trimmed(std::string_view json);
kind kind_of(std::string_view json);
std::vector<member> members(std::string_view object);
std::vector<std::string_view> elements(std::string_view array);
std::string unquoted(std::string_view string); // "a\nb" -> the characters
std::string quoted(std::string_view text);     // and back, as PostgreSQL prints it

// A member by its key (the last of equals), an element by its number (negative: from the end).
std::optional<std::string_view> find(std::string_view json, std::string_view key);
std::optional<std::string_view> find(std::string_view json, std::int64_t index);
// The step of a path: a key, or for an array a number.
std::optional<std::string_view> find_step(std::string_view json, std::string_view step);

} // namespace weir::sqlite::json_text
