// Pieces of SQL that definitions keep: a DEFAULT, a CHECK, an index expression, a view's query,
// each analysed like any statement and turned into SQLite's words; and PostgreSQL's own spelling of
// them for the catalog.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/dialect/statement.hpp"
#include "pool/sqlite/types.hpp"

#include <pg_query/pg_query.pb-c.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

struct expression_text {
    std::string sql; // SQLite's words; columns stand alone: "a", not "t"."a"
    oid type{};
    std::int32_t modifier = -1;
};

struct query_text {
    std::string sql;
    std::vector<result_column> columns;
};

struct type_use {
    oid type{};
    std::int32_t modifier = -1;
};

// varchar(10), numeric(10, 2), pg_catalog.int4, timestamp with time zone, integer[]. serial and its
// kin are no types: 42704, like any name that is not there.
result<type_use> resolve_type(const PgQuery__TypeName& name);

// A DEFAULT: no columns, cast to the column's type as an assignment would.
result<expression_text> emit_default(const PgQuery__Node& expression,
                                     const column_definition& column,
                                     const catalog& tables,
                                     const analysis_settings& settings);

// A CHECK or the WHERE of a partial index: a boolean over the relation's columns.
result<expression_text> emit_condition(const PgQuery__Node& expression,
                                       const relation& of,
                                       const catalog& tables,
                                       const analysis_settings& settings);

// The expression of an index or of a generated column.
result<expression_text> emit_expression(const PgQuery__Node& expression,
                                        const relation& of,
                                        const catalog& tables,
                                        const analysis_settings& settings);

// A view's query, or that of CREATE TABLE AS. Parameters are refused.
result<query_text>
emit_query(const PgQuery__Node& select, const catalog& tables, const analysis_settings& settings);

// PostgreSQL's own words for an expression or a query, for pg_get_expr() and its kin.
result<std::string> deparse_expression(const PgQuery__Node& expression);
result<std::string> deparse_query(const PgQuery__Node& select);

// "users" as SQLite must see it: quotes around, quotes inside doubled.
std::string quote_identifier(std::string_view name);

} // namespace weir::sqlite
