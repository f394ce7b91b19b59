// PostgreSQL's casts between the types that weir has, with SQLite's words for each.
#pragma once

#include "pool/sqlite/types.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace weir::sqlite {

// Where PostgreSQL applies a cast without being asked; each includes the ones before it.
enum class cast_context : std::uint8_t {
    implicit,   // an argument of an operator or a function
    assignment, // a value stored in a column
    explicit_,  // CAST and ::
};

struct cast_entry {
    oid from;
    oid to;
    cast_context allowed;
    std::string_view sqlite; // placeholders as in function_table.hpp; "%1" costs nothing
};

std::span<const cast_entry> cast_table();
const cast_entry* find_cast(oid from, oid to);

} // namespace weir::sqlite
