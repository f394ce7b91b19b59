// Which names an expression may use: the columns of FROM, of the queries around it, and the tables
// of WITH. And what the whole analysis of one statement shares.
#pragma once

#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/dialect/statement.hpp"
#include "pool/sqlite/dialect/tree.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

struct analysis {
    const catalog& tables;
    const analysis_settings& settings;
    std::vector<oid> parameters;    // by number, from $1; none until a context says
    bool parameters_allowed = true; // not in a definition
    bool needs_writer = false;
    unsigned names_given = 0;
    unsigned depth = 0; // of the recursion, against a stack overflow

    std::string next_name(char kind) { return kind + std::to_string(++names_given); }
};

// A column as a name finds it. JOIN USING hides the two it merges and adds one of its own.
struct visible_column {
    std::string name;
    std::string table; // the alias before the dot; empty for a merged column
    tree::expression_ptr value;
    bool hidden = false; // only reachable with its table
};

struct visible_table {
    std::string name;
    const relation* of = nullptr; // for public.users.id
    bool aliased = false;
};

struct visible_cte {
    std::string name;
    std::string stored_as;
    std::vector<tree::source_column> columns;
};

struct scope {
    std::vector<visible_column> columns; // in the order of SELECT *
    std::vector<visible_table> tables;
    std::vector<visible_cte> ctes;
    const scope* outer = nullptr;
    // What stands to the left in FROM: a subquery may name it with LATERAL only, a function always
    // may.
    const scope* lateral = nullptr;
    bool is_lateral = false;
};

// Which clause is being analysed, for "aggregate functions are not allowed in WHERE".
struct clause {
    std::string_view name;
    bool aggregates = false;
    bool windows = false;
    bool found_aggregate = false;
};

// id, users.id, public.users.id: 42703, 42702 or 42P01 as PostgreSQL says.
tree::expression_ptr
find_column(const std::vector<std::string_view>& parts, const scope& in, int offset);

// The columns of `*` or, with a table, of `users.*`.
std::vector<visible_column>
star_columns(const std::vector<std::string_view>& table, const scope& in, int offset);

const visible_cte* find_cte(std::string_view name, const scope& in);

} // namespace weir::sqlite
