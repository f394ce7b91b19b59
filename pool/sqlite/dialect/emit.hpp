// The analysed tree as SQLite's SQL. Every name is quoted or made here, every piece that could bind
// differently stands in parentheses, and nothing of the client's text is copied.
#pragma once

#include "pool/sqlite/dialect/tree.hpp"

#include <string>

namespace weir::sqlite {

// How columns are written: "t1"."a", or "a" alone where SQLite knows one table only (CHECK, index
// expressions, RETURNING).
enum class column_style : bool { qualified, bare };

std::string emit(const tree::expression& of, column_style style = column_style::qualified);

// What the columns of a query are called: c1, c2 ... inside a statement, PostgreSQL's names for a
// view.
enum class column_names : bool { numbered, named };

std::string emit(const tree::query& of, column_names names = column_names::numbered);
std::string emit(const tree::insertion& of);
std::string emit(const tree::update& of);
std::string emit(const tree::deletion& of);

} // namespace weir::sqlite
