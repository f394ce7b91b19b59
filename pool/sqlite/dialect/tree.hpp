// The analysed tree: a statement whose every name is resolved and every expression has a type.
// The analyser builds it from PostgreSQL's parse tree; the emitter turns it into SQLite's SQL.
#pragma once

#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/dialect/statement.hpp"
#include "pool/sqlite/types.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir::sqlite::tree {

struct expression;
struct query;
struct source;

// Shared because desugaring uses a part twice: x BETWEEN a AND b is x >= a AND x <= b.
using expression_ptr = std::shared_ptr<expression>;
using query_ptr = std::shared_ptr<query>;
using source_ptr = std::shared_ptr<source>;

// A value as SQLite stores it (values.hpp). Of type unknown it is the text of a literal whose
// context has not spoken yet.
struct constant {
    std::variant<std::monostate, std::int64_t, double, std::string, std::vector<char>> stored;
};

struct parameter {
    int number = 0;
};

struct column_use {
    const source* from = nullptr; // lives as long as the statement's tree
    std::size_t index = 0;
    bool never_null = false; // NOT NULL, and no outer join on the way
};

// An operator, function or cast of the tables, or a form of the grammar: SQLite's words with a
// place for each argument (function_table.hpp).
struct call {
    std::string_view sqlite;
    std::vector<expression_ptr> arguments;
};

// Both sides have one type, which says what collation SQLite needs: = <> < <= > >=, and IS and
// IS NOT for IS [NOT] DISTINCT FROM.
struct comparison {
    std::string_view operator_;
    expression_ptr left;
    expression_ptr right;
};

struct greatest { // GREATEST and LEAST, which skip NULLs
    bool least = false;
    std::vector<expression_ptr> arguments;
};

struct sort_key {
    expression_ptr value;
    std::size_t ordinal = 0; // the output column it is, from 1; 0 = none
    bool descending = false;
    bool nulls_first = false;
};

struct frame_bound {
    enum class at : std::uint8_t {
        unbounded_preceding,
        preceding,
        current_row,
        following,
        unbounded_following
    } is;
    expression_ptr distance; // preceding, following
};

struct window {
    std::vector<expression_ptr> partition;
    std::vector<sort_key> order;
    std::string_view frame_unit; // ROWS, RANGE, GROUPS; empty = the default frame
    frame_bound start{};
    frame_bound end{};
    std::string_view exclusion; // CURRENT ROW, GROUP, TIES or nothing
};

struct aggregate {
    std::string_view sqlite;
    std::vector<expression_ptr> arguments;
    bool distinct = false;
    expression_ptr filter = nullptr;
    std::optional<window> over = std::nullopt;
};

struct junction { // AND, OR
    bool is_or = false;
    std::vector<expression_ptr> terms;
};

struct case_when {
    std::vector<std::pair<expression_ptr, expression_ptr>> branches; // condition, value
    expression_ptr otherwise;
};

struct in_list {
    expression_ptr value;
    std::vector<expression_ptr> members;
    bool negated = false;
};

struct subquery {
    enum class form : std::uint8_t { scalar, exists, in, not_in, array } is = form::scalar;
    query_ptr inner;
    expression_ptr value; // in, not_in: what is looked for
};

// value = ANY (array), value <> ALL (array)
struct in_array {
    expression_ptr value;
    expression_ptr array;
    bool negated = false;
};

struct row { // ROW(a, b); only where it is compared or assigned
    std::vector<expression_ptr> fields;
};

// A column's DEFAULT, which the catalog keeps in SQLite's words.
struct verbatim {
    std::string_view sql;
};

struct expression {
    std::variant<constant,
                 parameter,
                 column_use,
                 call,
                 comparison,
                 greatest,
                 aggregate,
                 junction,
                 case_when,
                 in_list,
                 subquery,
                 in_array,
                 row,
                 verbatim>
        is;
    oid type{};
    std::int32_t modifier = -1;
    int offset = -1; // in the text, for errors
};

struct source_column {
    std::string name;      // as PostgreSQL resolves it
    std::string stored_as; // as SQLite does
    oid type{};
    std::int32_t modifier = -1;
    bool not_null = false;
    oid table{}; // where its values come from, for RowDescription
    std::int16_t number = 0;
};

struct table_source {
    const relation* of = nullptr;
};

struct query_source { // a subquery in FROM
    query_ptr inner;
};

struct cte_source {
    std::string stored_as;
};

struct function_source {
    std::string_view sqlite; // a SELECT of one column, for set-returning functions
    expression_ptr value;    // or a scalar: one row
    std::vector<expression_ptr> arguments;
};

enum class join_kind : std::uint8_t { inner, left, right, full, cross };

struct join_source {
    join_kind kind{};
    source_ptr left;
    source_ptr right;
    expression_ptr on;
};

struct source {
    std::variant<table_source, query_source, cte_source, function_source, join_source> is;
    std::string alias;     // SQLite's: t1, t2 ... never the client's, so nothing can be captured
    std::string name = {}; // PostgreSQL's, for errors
    std::vector<source_column> columns; // empty for joins
};

struct cte {
    std::string stored_as;
    query_ptr inner;
};

struct target {
    expression_ptr value;
    std::string name;
};

struct select_body {
    bool distinct = false;
    std::vector<target> targets;
    std::vector<source_ptr> from; // comma-separated
    expression_ptr where;
    std::vector<expression_ptr> group_by;
    bool grouped = false; // GROUP BY, HAVING or an aggregate
    expression_ptr having;
};

enum class set_operator : std::uint8_t { union_, union_all, intersect, except };

struct set_body {
    set_operator is{};
    query_ptr left;
    query_ptr right;
};

struct values_body {
    std::vector<std::vector<expression_ptr>> rows;
};

struct query {
    std::vector<cte> with;
    bool recursive = false;
    std::variant<select_body, set_body, values_body> body;
    std::vector<result_column> columns;
    std::vector<sort_key> order;
    expression_ptr limit;
    expression_ptr offset;
};

struct assignment {
    std::string column;
    expression_ptr value;
};

struct conflict_clause {
    // Columns or index expressions that must collide; none and no columns: any unique key.
    std::vector<expression_ptr> arbiter;
    std::vector<std::string> columns; // those of ON CONSTRAINT
    expression_ptr index_condition;
    bool update = false;
    source_ptr excluded; // the row that could not go in
    std::vector<assignment> set;
    expression_ptr where;
};

struct modification {
    std::vector<cte> with;
    bool recursive = false;
    source_ptr into; // a table_source
    std::vector<target> returning;
};

struct insertion : modification {
    std::vector<std::string> columns; // empty: DEFAULT VALUES
    query_ptr rows;
    std::optional<conflict_clause> on_conflict;
};

struct update : modification {
    std::vector<assignment> set;
    std::vector<source_ptr> from;
    expression_ptr where;
};

struct deletion : modification {
    std::vector<source_ptr> using_;
    expression_ptr where;
};

} // namespace weir::sqlite::tree
