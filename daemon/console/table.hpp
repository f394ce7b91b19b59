// What the console answers: rows, with the columns that were promised for the command. Types are
// those of PgBouncer, which monitoring agents expect.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::console {

struct column {
    enum class kind : std::uint8_t { text, bytea, int4, int8, numeric }; // PostgreSQL's
    std::string_view name;
    kind is = kind::text;
};

using row = std::vector<std::optional<std::string>>; // nothing: NULL; numbers in decimal digits
using rows = std::vector<row>;

} // namespace weir::console
