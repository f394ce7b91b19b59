// Which function or operator a call means: PostgreSQL's rules for overloads (documentation, 10.2
// and 10.3; parse_func.c and parse_oper.c) over weir's tables.
#pragma once

#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/scope.hpp"
#include "pool/sqlite/dialect/tree.hpp"

#include <string_view>
#include <vector>

namespace weir::sqlite {

// left may be empty (a prefix operator). 42883 and 42725 as PostgreSQL says.
tree::expression_ptr resolve_operator(analysis& all,
                                      std::string_view name,
                                      tree::expression_ptr left,
                                      tree::expression_ptr right,
                                      int offset);

struct resolved_function {
    const function_entry* entry = nullptr;
    std::vector<tree::expression_ptr> arguments; // coerced to the signature
    oid result{};
};

// False when no function has the name at all.
bool is_function_name(std::string_view name);

resolved_function resolve_function(analysis& all,
                                   std::string_view name,
                                   std::vector<tree::expression_ptr> arguments,
                                   int offset);

} // namespace weir::sqlite
