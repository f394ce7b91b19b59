// How deep a statement may nest, seen before it is parsed: libpg_query recurses through its tree
// without a limit, and a client's `1+1+1...` must not end the process.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::sqlite {

// An upper bound of the depth of the text's parse tree: brackets, and in each the operators of one
// expression. Lists, AND and OR do not nest.
std::size_t nesting_of(std::string_view text);

// What the parser's thread can hold with room to spare: half of where 8 MB of stack end.
inline constexpr std::size_t deepest_nesting = 1'000;

} // namespace weir::sqlite
