// One statement of PostgreSQL's dialect, understood: what it takes, what it returns, and what
// SQLite is to run for it. Parse tree -> analysed tree (types) -> this.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/types.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

class parse_tree; // dialect/parse_tree.hpp: libpg_query's answer for one text of statements

struct result_column {
    std::string name;
    oid type{};
    std::int32_t modifier = -1;
    oid table{};             // where it comes from, 0 when computed
    std::int16_t number = 0; // attnum there
};

enum class statement_kind : std::uint8_t {
    select,      // returns rows, changes nothing
    modify,      // INSERT, UPDATE, DELETE; may return rows
    define,      // DDL: `apply` does it, on the writer
    begin,       // BEGIN, START TRANSACTION
    commit,      // COMMIT, END
    rollback,    // ROLLBACK, ABORT
    savepoint,   // SAVEPOINT name
    release,     // RELEASE name
    rollback_to, // ROLLBACK TO name
    set,         // SET name = value, SET LOCAL
    reset,       // RESET name, RESET ALL ("all")
    show,        // SHOW name, SHOW ALL
    discard,     // DISCARD ALL and its kind
    deallocate,  // DEALLOCATE
    declare,     // DECLARE name CURSOR FOR the rows of `sql`
    fetch,       // FETCH from cursor `name`, which knows the columns
    close,       // CLOSE name, CLOSE ALL ("all")
    nothing,     // accepted without effect (LOCK TABLE, ANALYZE, ...): the tag is the answer
};

struct analysed_statement {
    statement_kind kind{};
    std::string tag; // "SELECT", "INSERT 0", "UPDATE", "CREATE TABLE": a row count follows where
                     // PostgreSQL adds one
    bool tag_counts = false;
    std::vector<oid> parameters; // one for each $n
    std::vector<result_column>
        columns; // of the rows it returns; empty with returns_rows = SELECT without columns
    bool returns_rows = false;
    bool needs_writer = false; // also SELECT ... FOR UPDATE and nextval()
    std::string sql;           // SQLite's words; parameter $n is ?n. select and modify only
    oid target{};              // the table that a modify changes
    std::function<result<void>(connection& writer)> apply; // define only

    std::string name;                // savepoint's or setting's name
    std::vector<std::string> values; // SET's values; BEGIN's isolation level, if it names one
    bool local = false;              // SET LOCAL
    bool read_only = false;          // BEGIN READ ONLY
    bool repeatable = false;         // BEGIN ISOLATION LEVEL REPEATABLE READ or SERIALIZABLE
    bool chain = false;              // COMMIT AND CHAIN
    std::size_t limit = 0;           // FETCH: how many rows, 0 for all
};

// What analysis may depend on besides the catalog.
struct analysis_settings {
    std::string time_zone = "UTC";
    std::string user = "weir";
    std::string database = "database";
};

// Analyses the `index`th statement of the text. `parameter_types` holds what the client said in
// Parse (type::none where it left the choice to us). Refuses what it cannot do exactly as
// PostgreSQL would with 0A000 and the feature's name; other errors carry PostgreSQL's SQLSTATE and
// position.
result<std::shared_ptr<const analysed_statement>> analyse(const parse_tree& tree,
                                                          std::size_t index,
                                                          std::span<const oid> parameter_types,
                                                          const catalog& tables,
                                                          const analysis_settings& settings);

} // namespace weir::sqlite
