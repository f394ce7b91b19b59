// How ORDER BY, GROUP BY and DISTINCT ON name a column of the output: by its number or its name.
#pragma once

#include "pool/sqlite/dialect/nodes.hpp"
#include "pool/sqlite/dialect/tree.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace weir::sqlite {

// ORDER BY 2; nothing when it is no constant, 42P10 when there is no such column.
std::optional<int> ordinal_of(const nodes::node& of, std::string_view where, std::size_t columns);

// The name when the expression is nothing but one; or empty.
std::string_view bare_name(const nodes::node& of);

// The output column of a name, from 1; 0 when there is none. Two columns of one name are ambiguous
// unless `targets` shows that they are the same.
int output_named(std::string_view name,
                 const std::vector<result_column>& columns,
                 const std::vector<tree::target>* targets,
                 std::string_view where,
                 int offset);

} // namespace weir::sqlite
