// What tables there are, as PostgreSQL's catalog would say it. The truth is in ordinary tables of
// the file (named "pg_catalog.pg_class" and so on), written in the transaction of the DDL itself,
// so a rolled back CREATE TABLE leaves nothing behind; this is their image in memory.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/types.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::sqlite {

struct column_definition {
    std::string name;
    oid type{};
    std::int32_t modifier =
        -1; // atttypmod: varchar(10) is 14, numeric(10,2) is ((10 << 16) | 2) + 4
    bool not_null = false;
    bool has_default = false;
    std::string default_sql;       // in PostgreSQL's words, for pg_get_expr; empty when none
    std::string emitted_default;   // in SQLite's words, for INSERT; nextval() calls a function
    std::int16_t number = 0;       // attnum, from 1; survives DROP COLUMN of another
    bool generated_always = false; // GENERATED ALWAYS AS IDENTITY: takes no value but DEFAULT
};

struct relation {
    oid id{};
    std::string schema; // "public", "pg_catalog", "information_schema"
    std::string name;
    std::string stored_as; // SQLite's name: "users", "pg_catalog.pg_class"
    char kind = 'r';       // pg_class.relkind: r table, v view, i index, S sequence
    std::vector<column_definition> columns;
    std::vector<std::vector<std::string>> unique_keys; // primary key first, by column names
    bool has_primary_key = false;

    const column_definition* find(std::string_view column) const;
};

// An immutable image; sessions share it.
class catalog {
public:
    // Creates the catalog tables where they are missing (on the writer, in a transaction of its
    // own) and describes tables that were made without weir.
    static result<void> install(connection& writer);
    // Reads the image; inside a transaction it holds the transaction's own changes.
    static result<std::shared_ptr<const catalog>> load(connection& from);

    // search_path order when `schema` is empty: pg_catalog, public.
    const relation* find(std::string_view schema, std::string_view name) const;
    const relation* find(oid id) const;

private:
    std::vector<std::unique_ptr<relation>> relations_;
    std::unordered_map<std::string, const relation*> by_name_; // "public.users"
    std::unordered_map<std::uint32_t, const relation*> by_id_;
};

} // namespace weir::sqlite
