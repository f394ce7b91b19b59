// What the kinds of DDL share: definitions as plain values, which outlive the parse tree, and the
// steps that carry them out. All of it refuses by throwing (dialect/refusal.hpp).
#pragma once

#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/catalog_edit.hpp"
#include "pool/sqlite/definition.hpp"
#include "pool/sqlite/types.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

// What translating a definition's expressions depends on.
struct definition_scope {
    const catalog& tables;
    const analysis_settings& settings;
};

// A definition's work; runs later and elsewhere, so it holds no part of the tree.
struct planned {
    std::string tag;
    std::function<void(catalog_edit&)> work;
};

struct sequence_plan {
    oid type = type::int8;
    std::int64_t start = 1;
    std::int64_t increment = 1;
    std::int64_t largest = std::numeric_limits<std::int64_t>::max();
    std::int64_t smallest = 1;
    bool cycles = false;
};

struct column_plan {
    column_definition is;
    std::optional<sequence_plan> sequence; // serial, or GENERATED AS IDENTITY
    char identity = 0;                     // a always, d by default; 0 for serial
};

struct key_plan {
    std::string name; // empty: PostgreSQL's default
    bool primary = false;
    std::vector<std::string> columns;
};

struct check_plan {
    std::string name;
    std::string sql;                  // SQLite's words
    std::string source;               // PostgreSQL's
    std::vector<std::string> columns; // that it speaks of
};

struct foreign_key_plan {
    std::string name;
    std::vector<std::string> columns;
    std::string referenced_table;
    std::vector<std::string> referenced_columns; // empty: its primary key
    char on_update = 'a'; // as in pg_constraint: a no action, r restrict, c cascade, n null,
    char on_delete = 'a'; // d default
    bool deferrable = false;
    bool deferred = false;
};

struct constraint_plans {
    std::vector<key_plan> keys;
    std::vector<check_plan> checks;
    std::vector<foreign_key_plan> foreign_keys;
};

struct index_plan {
    struct element {
        std::string column; // empty: an expression
        std::string sql;    // of the expression
        std::string source;
        std::string word; // what it adds to a default name
        bool descending = false;
        bool nulls_first = false;
    };
    std::string name;
    std::string table;
    std::vector<element> elements;
    std::string condition;        // SQLite's words; empty = all rows
    std::string condition_source; // PostgreSQL's
    bool unique = false;
    bool if_not_exists = false;
};

// --- Reading the tree: definition_table.cpp, definition_index.cpp ... each plans one statement.
// ---
planned plan_create_table(const PgQuery__CreateStmt& tree, const definition_scope& scope);
planned plan_alter_table(const PgQuery__AlterTableStmt& tree, const definition_scope& scope);
planned plan_rename(const PgQuery__RenameStmt& tree);
planned plan_drop(const PgQuery__DropStmt& tree);
planned plan_create_index(const PgQuery__IndexStmt& tree, const definition_scope& scope);
planned plan_create_view(const PgQuery__ViewStmt& tree, const definition_scope& scope);
planned plan_create_sequence(const PgQuery__CreateSeqStmt& tree);
planned plan_comment(const PgQuery__CommentStmt& tree);

// Schema public alone can be changed; returns the relation's name.
std::string name_in_public(const PgQuery__RangeVar& range);
std::string name_in_public(std::size_t count, PgQuery__Node* const* names);

// One column definition with its constraints; table constraints are added to `constraints` too.
column_plan read_column(const PgQuery__ColumnDef& tree,
                        relation& table, // the columns so far; grows by this one
                        constraint_plans& constraints,
                        const definition_scope& scope);
void read_constraint(const PgQuery__Constraint& tree,
                     const relation& table,
                     constraint_plans& constraints,
                     const definition_scope& scope);
sequence_plan
read_sequence_options(std::size_t count, PgQuery__Node* const* options, oid type = type::int8);
// Default expressions may name no column, so only the column itself is in scope.
void read_default(const PgQuery__Node& expression,
                  column_definition& column,
                  const definition_scope& scope);

// --- Carrying out: definition_steps.cpp, definition_index.cpp, definition_sequence.cpp. ---

// A relation of schema public as the catalog has it now.
struct known_relation {
    oid id{};
    char kind = 0;
};
std::optional<known_relation> find_relation(catalog_edit& edit, std::string_view name);
// 42P01 when there is none, 42809 when it is not of this kind.
oid require_relation(catalog_edit& edit, std::string_view name, char kind);
// 42P07; 0A000 when SQLite, which folds case, could not tell it from another.
void require_free_name(catalog_edit& edit, std::string_view name);

struct known_column {
    std::int64_t number = 0;
    oid type{};
    bool not_null = false;
};
known_column
require_column(catalog_edit& edit, oid table, std::string_view table_name, std::string_view column);

// PostgreSQL's default names: users_email_key, cut to 63 bytes and numbered until it is free.
std::string default_name(catalog_edit& edit,
                         std::string_view table,
                         std::string_view columns,
                         std::string_view label);

oid add_relation(catalog_edit& edit, std::string_view name, char kind, std::size_t columns);
void add_column_row(catalog_edit& edit, oid table, const column_plan& column);
void add_default_rows(catalog_edit& edit, oid table, const column_definition& column);
oid create_sequence(catalog_edit& edit, std::string_view name, const sequence_plan& plan);
void own_sequence(catalog_edit& edit, oid sequence, oid table, std::int64_t column, char how);
// serial and identity: a sequence named after the column, owned by it, and the default that asks
// it.
void give_sequence(catalog_edit& edit, oid table, std::string_view table_name, column_plan& column);

// Each checks what PostgreSQL would, names the constraint, writes its rows, and returns its element
// of SQLite's CREATE TABLE; keys become unique indexes, which keep their names in SQLite.
void add_key(catalog_edit& edit, oid table, std::string_view table_name, key_plan key);
std::string add_check(catalog_edit& edit, oid table, std::string_view table_name, check_plan check);
std::string
add_foreign_key(catalog_edit& edit, oid table, std::string_view table_name, foreign_key_plan key);
void create_index(catalog_edit& edit, index_plan plan, bool primary = false);

// A column's element of SQLite's CREATE TABLE.
std::string column_element(const column_definition& column);

void drop_index(catalog_edit& edit, oid index);
void drop_constraint(catalog_edit& edit, oid constraint, std::string_view table_name);
void drop_sequences_of(catalog_edit& edit, oid table, std::optional<std::int64_t> column);
// 2BP01 when views depend on the table (or its column), or drops them with CASCADE.
void deal_with_views(catalog_edit& edit,
                     oid table,
                     std::optional<std::int64_t> column,
                     std::string_view what,
                     bool cascade);

std::string joined(const std::vector<std::string>& names, std::string_view between);
std::string quoted_list(const std::vector<std::string>& names); // for SQLite: "a", "b"
std::string number_list(const std::vector<std::int64_t>& numbers, char between);

} // namespace weir::sqlite
