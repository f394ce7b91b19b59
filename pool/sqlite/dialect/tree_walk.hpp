// Visiting the analysed tree: what stands directly under an expression or a query.
#pragma once

#include "pool/sqlite/dialect/tree.hpp"

#include <functional>

namespace weir::sqlite::tree {

using visitor = std::function<void(const expression&)>;

// The expressions one step below; those of a subquery are each_of_query()'s.
void each_child(const expression& of, const visitor& visit);

// Every topmost expression of a query, of its FROM and of the queries in there.
void each_of_query(const query& of, const visitor& visit);

// Every source with columns, those inside joins too.
void each_source(const std::vector<source_ptr>& from,
                 const std::function<void(const source&)>& visit);

} // namespace weir::sqlite::tree
