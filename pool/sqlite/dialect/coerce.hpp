// From one type to another, as PostgreSQL's parse_coerce.c does it: what an unknown literal or a
// parameter becomes, which casts apply unasked, what several values have in common.
#pragma once

#include "pool/sqlite/dialect/cast_table.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/dialect/scope.hpp"
#include "pool/sqlite/dialect/tree.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir::sqlite {

bool can_coerce(oid from, oid to, cast_context allowed);

// Nullptr when there is no such cast. A literal that is no value of the type is 22P02 and so on.
tree::expression_ptr
coerce(analysis& all, tree::expression_ptr value, oid to, cast_context allowed);

// Makes the value obey varchar(10), numeric(10, 2); `stored` says how (cast_table.hpp).
tree::expression_ptr apply_modifier(tree::expression_ptr value, std::int32_t modifier, bool stored);

// CAST(value AS to).
tree::expression_ptr cast(analysis& all, tree::expression_ptr value, type_use to, int offset);

// A value on its way into a column: 42804 when it cannot get there.
tree::expression_ptr assign(analysis& all,
                            tree::expression_ptr value,
                            std::string_view column,
                            oid type,
                            std::int32_t modifier);

// A condition: 42804 "argument of WHERE must be type boolean, not type integer".
tree::expression_ptr
coerce_to_boolean(analysis& all, tree::expression_ptr value, std::string_view where);

// LIMIT and OFFSET: an int8.
tree::expression_ptr
coerce_to_count(analysis& all, tree::expression_ptr value, std::string_view where);

// A type for all of them: "UNION types integer and text cannot be matched". `context` is that first
// word. Text when nothing but literals and parameters is there.
oid common_type(std::span<const tree::expression_ptr> values, std::string_view context);

// To the type that common_type() found.
tree::expression_ptr
coerce_to_common(analysis& all, tree::expression_ptr value, oid to, std::string_view context);

// A literal or parameter that nothing else gave a type is text.
tree::expression_ptr settle(analysis& all, tree::expression_ptr value);

// The modifier that all have, or -1.
std::int32_t common_modifier(std::span<const tree::expression_ptr> values);

tree::expression_ptr make(tree::expression of);
tree::expression_ptr make_call(std::string_view sqlite,
                               std::vector<tree::expression_ptr> arguments,
                               oid type,
                               int offset,
                               std::int32_t modifier = -1);
tree::expression_ptr make_integer(std::int64_t number, oid type, int offset = -1);
tree::expression_ptr make_null(oid type, int offset = -1);

} // namespace weir::sqlite
