// The analyser's parts: expressions, FROM, queries, and statements that change rows. Each takes a
// part of the parse tree and answers with a part of the analysed tree, or throws a refusal.
#pragma once

#include "pool/sqlite/dialect/nodes.hpp"
#include "pool/sqlite/dialect/scope.hpp"
#include "pool/sqlite/dialect/tree.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace weir::sqlite {

// Where an expression stands: what it may name, in which clause.
struct place {
    analysis& all;
    const scope& names;
    clause& where;
    std::span<nodes::node* const> windows = {}; // the WINDOW clause
};

// One level of nesting within a statement; too many are 54001, as PostgreSQL's stack limit is.
class nesting {
public:
    explicit nesting(analysis& all);
    ~nesting() { --depth_; }
    nesting(const nesting&) = delete;
    nesting& operator=(const nesting&) = delete;

private:
    unsigned& depth_;
};

// analyse_expression.cpp
tree::expression_ptr analyse_expression(place& at, const nodes::node& of);
tree::expression_ptr analyse_condition(place& at, const nodes::node& of); // a boolean
std::vector<tree::expression_ptr> analyse_all(place& at, std::span<nodes::node* const> of);

// analyse_operator.cpp
tree::expression_ptr analyse_operator(place& at, const PgQuery__AExpr& of);

// analyse_call.cpp
tree::expression_ptr analyse_call(place& at, const PgQuery__FuncCall& of);
tree::sort_key analyse_sort_key(const PgQuery__SortBy& of, tree::expression_ptr value);

// analyse_subquery.cpp
tree::expression_ptr analyse_sublink(place& at, const PgQuery__SubLink& of);

// analyse_from.cpp
std::vector<tree::source_ptr>
analyse_from(analysis& all, std::span<nodes::node* const> items, scope& names);
// The table of an INSERT, UPDATE or DELETE: 42P01, or 0A000 for a view.
tree::source_ptr analyse_target(analysis& all, const PgQuery__RangeVar& of, scope& names);

// analyse_query.cpp. An unsettled query keeps literals without a type in its columns: what stands
// around it gives them one.
enum class literals : bool { settle, keep };
tree::query_ptr analyse_query(analysis& all,
                              const PgQuery__SelectStmt& of,
                              const scope* outer,
                              literals untyped = literals::settle);
tree::query_ptr analyse_query(analysis& all, const nodes::node& of, const scope* outer);

// analyse_select.cpp: the clauses of one SELECT, without WITH and LIMIT.
void analyse_select(analysis& all,
                    const PgQuery__SelectStmt& of,
                    scope& names,
                    tree::query& into,
                    literals untyped);
// The SELECT list or RETURNING, stars expanded.
std::vector<tree::target> analyse_targets(place& at, std::span<nodes::node* const> list);
std::vector<result_column> columns_of(const std::vector<tree::target>& targets);

// query_columns.cpp. Every value of one output column, wherever UNION and VALUES hide them.
void convert_column(tree::query& of,
                    std::size_t column,
                    const std::function<tree::expression_ptr(tree::expression_ptr)>& convert);
void coerce_column(
    analysis& all, tree::query& of, std::size_t column, oid to, std::string_view why);
// SELECT c1, c2 FROM (of)
tree::query_ptr wrapped(analysis& all, tree::query_ptr of);

// analyse_with.cpp
struct with_clause {
    std::vector<tree::cte> tables;
    bool recursive = false;
};
with_clause analyse_with(analysis& all, const PgQuery__WithClause* of, scope& names);

// analyse_modify.cpp
tree::insertion analyse_insert(analysis& all, const PgQuery__InsertStmt& of);
tree::update analyse_update(analysis& all, const PgQuery__UpdateStmt& of);
tree::deletion analyse_delete(analysis& all, const PgQuery__DeleteStmt& of);

// check_grouping.cpp: 42803 for a column that is neither grouped nor aggregated.
void check_grouping(const tree::query& of);

// output_name.cpp: what PostgreSQL calls a column without AS.
std::string output_name(const nodes::node& of);

} // namespace weir::sqlite
