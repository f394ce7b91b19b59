// PostgreSQL's operators as far as weir has them, with SQLite's words for each. Comparisons are not
// here: comparable_types() has them for whole types at once.
#pragma once

#include "pool/sqlite/types.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace weir::sqlite {

struct operator_entry {
    std::string_view name;
    oid left; // type::none: a prefix operator
    oid right;
    oid result;
    std::string_view sqlite; // as in function_table.hpp
};

std::span<const operator_entry> operator_table();

// A type with = <> < <= > >= and the collation with which SQLite compares what is stored of it.
struct comparable_type {
    oid type;
    std::string_view collation; // empty: storage order is PostgreSQL's order
    bool ordered = true;        // false: only = and <>
};

std::span<const comparable_type> comparable_types();
const comparable_type* find_comparable(oid of);

} // namespace weir::sqlite
