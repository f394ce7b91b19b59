// What the console answers: rows, with the columns that were promised for the command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::console {

struct column {
    enum class kind : std::uint8_t { text, number };
    std::string_view name;
    kind is = kind::text;
};

using row = std::vector<std::optional<std::string>>; // nothing: NULL; a number in decimal digits
using rows = std::vector<row>;

} // namespace weir::console
