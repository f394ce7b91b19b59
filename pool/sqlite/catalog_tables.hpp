// The relations of schema pg_catalog that the file holds: PostgreSQL's columns, as far as drivers,
// SQLAlchemy and psql ask for them. A later version of this list needs a higher catalog_version.
#pragma once

#include "pool/sqlite/types.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

inline constexpr int catalog_version = 1;

// Oids of PostgreSQL's own that others refer to.
namespace catalog_oid {
inline constexpr oid pg_class{1259}, pg_rewrite{2618}, schema_pg_catalog{11}, heap{2}, btree{403},
    collation_default{100}, collation_c{950};
inline constexpr std::uint32_t first_of_users = 16'384;
} // namespace catalog_oid

struct system_relation {
    std::string_view name;
    oid id;
    // "relname name, relkind char=r, relacl _aclitem?": name, type, the value of a row that does
    // not say (=), and whether it may be NULL (?).
    std::string_view columns;
    std::string_view indexes = {}; // keys of SQLite indexes: "relname, relnamespace; relkind"
    std::string_view view = {};    // its query, when it is one
};
std::span<const system_relation> system_relations();

struct system_column {
    std::string_view name;
    oid type{};
    bool not_null = true;
    std::string_view initial = {}; // in SQLite's words
};
std::vector<system_column> columns_of(const system_relation& of);

// SQLite has no schemas within a file: "users" for public, "pg_catalog.pg_class" for the others.
std::string stored_name(std::string_view schema, std::string_view name);

} // namespace weir::sqlite
