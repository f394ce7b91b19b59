// What PostgreSQL's type system says of types, beyond their names: categories, arrays, modifiers,
// how an error spells them.
#pragma once

#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/types.hpp"

#include <cstdint>
#include <string>

namespace weir::sqlite {

bool is_text(oid of);   // text, varchar, char(n), name: what a string literal becomes at once
bool is_number(oid of); // any of the numeric tower
bool is_integer(oid of);

oid array_of(oid element); // type::none when weir has no array of it
bool is_array(oid of);

char category_of(oid of);        // pg_type.typcategory
bool is_preferred(oid of);       // pg_type.typispreferred
std::string spelling_of(oid of); // "integer", "character varying", "integer[]", "unknown"

// The numbers inside a modifier: varchar(10) -> 10; numeric(10, 2) -> 10 and 2.
struct modifier_numbers {
    int first = -1;
    int second = -1;
};
modifier_numbers numbers_of(oid of, std::int32_t modifier);

// Throws a refusal (refusal.hpp); resolve_type() is its door.
type_use type_named(const PgQuery__TypeName& name);

} // namespace weir::sqlite
