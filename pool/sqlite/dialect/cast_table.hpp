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

// What makes a value obey a type modifier: varchar(10), numeric(10, 2), timestamp(3). %2 and %3 are
// the modifier's numbers.
struct modifier_entry {
    oid of;
    std::string_view stored; // in a column: what does not fit is an error
    std::string_view asked;  // with CAST: varchar and char are cut
};

std::span<const modifier_entry> modifier_table();
const cast_entry* find_cast(oid from, oid to);

} // namespace weir::sqlite
