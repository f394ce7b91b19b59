// Makes the catalog in a file: its tables, what they always hold, and descriptions of the tables
// that other programs made there.
#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/catalog_edit.hpp"
#include "pool/sqlite/catalog_tables.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

std::string quoted(std::string_view name)
{
    std::string out = "\"";
    for (const char c : name)
        out.append(c == '"' ? 2 : 1, c);
    return out + '"';
}

// Tables of ours that PostgreSQL has no names for; nobody can ask for them.
constexpr std::string_view own_tables = R"(
CREATE TABLE "pg_catalog.weir_catalog" (
    version INTEGER NOT NULL,
    next_oid INTEGER NOT NULL
);
CREATE TABLE "pg_catalog.weir_default" (    -- a column's default in SQLite's words
    adrelid INTEGER NOT NULL,
    adnum INTEGER NOT NULL,
    sql TEXT NOT NULL,
    PRIMARY KEY (adrelid, adnum)
);
CREATE TABLE "pg_catalog.weir_view" (       -- a view's query in PostgreSQL's words
    viewrelid INTEGER PRIMARY KEY,
    definition TEXT NOT NULL
);
CREATE TABLE "pg_catalog.weir_sequence" (   -- where a sequence stands
    seqrelid INTEGER PRIMARY KEY,
    last_value INTEGER NOT NULL,
    is_called INTEGER NOT NULL
);
)";

std::string system_table_sql(const system_relation& of)
{
    const std::string name = quoted(stored_name("pg_catalog", of.name));
    std::string columns;
    for (const system_column& column : columns_of(of)) {
        columns += columns.empty() ? "" : ", ";
        columns += quoted(column.name);
        if (!of.view.empty())
            continue;
        columns += ' ';
        columns += find_type(column.type)->affinity;
        if (column.name == "oid") {
            columns += " PRIMARY KEY";
            continue;
        }
        columns += column.not_null ? " NOT NULL DEFAULT " : " DEFAULT ";
        columns += column.initial;
    }
    if (!of.view.empty())
        return "CREATE VIEW " + name + " (" + columns + ") AS " + std::string(of.view) + ";\n";
    std::string sql = "CREATE TABLE " + name + " (" + columns + ");\n";
    int number = 0;
    for (std::string_view rest = of.indexes; !rest.empty();) {
        const std::string_view key = rest.substr(0, rest.find(';'));
        rest.remove_prefix(std::min(key.size() + 2, rest.size()));
        sql += "CREATE INDEX " +
               quoted(stored_name("pg_catalog", of.name) + "_" + std::to_string(++number)) +
               " ON " + name + " (" + std::string(key) + ");\n";
    }
    return sql;
}

void fill_types(catalog_edit& edit)
{
    for (const type_info& type : all_types()) {
        const bool pseudo = type.category == 'P' || type.category == 'X';
        oid element{};
        if (type.category == 'A')
            for (const type_info& each : all_types())
                if (each.array == type.id)
                    element = each.id;
        edit.run("INSERT INTO \"pg_catalog.pg_type\" (oid, typname, typlen, typbyval, typtype, "
                 "typcategory, typispreferred, typarray, typelem, typcollation) VALUES (?1, ?2, "
                 "?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                 {type.id,
                  type.name,
                  type.length,
                  type.length > 0 && type.length <= 8,
                  pseudo ? "p" : "b",
                  std::string(1, type.category),
                  type.id == type::boolean || type.id == type::text || type.id == type::float8 ||
                      type.id == type::timestamptz || type.id == type::interval ||
                      type.id == type::oid_,
                  type.array,
                  element,
                  type.category != 'S'    ? oid{0}
                  : type.id == type::name ? catalog_oid::collation_c
                                          : catalog_oid::collation_default});
    }
}

void describe_column(catalog_edit& edit,
                     oid relation,
                     std::int64_t number,
                     std::string_view name,
                     oid type,
                     std::int32_t modifier,
                     bool not_null,
                     bool has_default = false)
{
    const type_info& info = *find_type(type);
    edit.run(
        "INSERT INTO \"pg_catalog.pg_attribute\" (attrelid, attname, atttypid, attlen, attnum, "
        "atttypmod, attnotnull, atthasdef, attcollation) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
        "?8, ?9)",
        {relation,
         name,
         type,
         info.length,
         number,
         modifier,
         not_null,
         has_default,
         info.category == 'S' ? catalog_oid::collation_default : oid{0}});
}

void fill_system_relations(catalog_edit& edit)
{
    for (const system_relation& each : system_relations()) {
        const std::vector<system_column> columns = columns_of(each);
        edit.run("INSERT INTO \"pg_catalog.pg_class\" (oid, relname, relnamespace, relkind, "
                 "relnatts) VALUES (?1, ?2, ?3, ?4, ?5)",
                 {each.id,
                  each.name,
                  catalog_oid::schema_pg_catalog,
                  each.view.empty() ? "r" : "v",
                  columns.size()});
        std::int64_t number = 0;
        for (const system_column& column : columns)
            describe_column(edit, each.id, ++number, column.name, column.type, -1, column.not_null);
    }
}

void create(catalog_edit& edit)
{
    must(edit.db().execute(own_tables));
    for (const system_relation& each : system_relations())
        must(edit.db().execute(system_table_sql(each)));
    edit.run("INSERT INTO \"pg_catalog.weir_catalog\" VALUES (?1, ?2)",
             {catalog_version, catalog_oid::first_of_users});
    edit.run("INSERT INTO \"pg_catalog.pg_namespace\" (oid, nspname) VALUES "
             "(11, 'pg_catalog'), (2200, 'public')");
    edit.run("INSERT INTO \"pg_catalog.pg_am\" (oid, amname, amtype) VALUES "
             "(2, 'heap', 't'), (403, 'btree', 'i')");
    edit.run("INSERT INTO \"pg_catalog.pg_collation\" (oid, collname, collprovider, collcollate, "
             "collctype) VALUES (100, 'default', 'd', NULL, NULL), (950, 'C', 'c', 'C', 'C'), "
             "(951, 'POSIX', 'c', 'POSIX', 'POSIX')");
    fill_types(edit);
    fill_system_relations(edit);
}

// --- Tables that other programs made. ---

struct declared_type {
    oid type{};
    std::int32_t modifier = -1;
};

std::string upper(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return out;
}

// What a declared type means to those who write it for SQLite. Integers may be of any size there,
// and NUMERIC holds floats and integers, so neither may be called more than that.
declared_type type_declared(std::string_view declaration)
{
    const std::string text = upper(declaration);
    const auto says = [&text](std::string_view word) { return text.find(word) != text.npos; };
    int length = 0;
    if (const std::size_t open = text.find('('); open != std::string::npos)
        std::from_chars(text.data() + open + 1, text.data() + text.size(), length);
    if (says("BOOL"))
        return {type::boolean};
    if (says("SMALLINT") || says("INT2"))
        return {type::int2};
    if (says("INTERVAL"))
        return {type::interval};
    if (says("INT"))
        return {type::int8};
    if (says("CHAR") || says("CLOB") || says("TEXT"))
        return length > 0 ? declared_type{type::varchar, length + 4} : declared_type{type::text};
    if (says("TIMESTAMP") || says("DATETIME"))
        return {says("WITH TIME ZONE") || says("TIMESTAMPTZ") ? type::timestamptz
                                                              : type::timestamp};
    if (says("DATE"))
        return {type::date};
    if (says("TIME"))
        return {type::time};
    if (says("JSON"))
        return {type::json};
    if (says("UUID"))
        return {type::uuid};
    if (says("BLOB") || says("BINARY") || says("BYTEA"))
        return {type::bytea};
    if (says("REAL") || says("FLOA") || says("DOUB") || says("NUMERIC") || says("DECIMAL"))
        return {type::float8};
    return {type::text};
}

void describe_key(catalog_edit& edit,
                  oid table,
                  std::string_view name,
                  const std::string& numbers, // "1 2"
                  bool unique,
                  bool primary)
{
    const oid index = edit.next_oid();
    const auto size = std::ranges::count(numbers, ' ') + 1;
    edit.run("INSERT INTO \"pg_catalog.pg_class\" (oid, relname, relkind, relam, relnatts) VALUES "
             "(?1, ?2, 'i', 403, ?3)",
             {index, name, size});
    edit.run("INSERT INTO \"pg_catalog.pg_index\" (indexrelid, indrelid, indnatts, indnkeyatts, "
             "indisunique, indisprimary, indkey) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)",
             {index, table, size, unique, primary, numbers});
    if (!primary)
        return;
    std::string key = '{' + numbers + '}';
    std::ranges::replace(key, ' ', ',');
    edit.run("INSERT INTO \"pg_catalog.pg_constraint\" (oid, conname, contype, conrelid, conindid, "
             "conkey) VALUES (?1, ?2, 'p', ?3, ?4, ?5)",
             {edit.next_oid(), name, table, index, key});
}

void describe_keys(catalog_edit& edit, oid table, const std::string& name)
{
    const auto key = edit.first("SELECT group_concat(cid + 1, ' ') FROM (SELECT cid FROM "
                                "pragma_table_info(?1) WHERE pk > 0 ORDER BY pk)",
                                {name});
    if (key && !key->is_null(0))
        describe_key(edit, table, name + "_pkey", key->text(0), true, true);
    for (const auto& index : edit.rows("SELECT name, \"unique\" FROM pragma_index_list(?1) WHERE "
                                       "origin <> 'pk' AND NOT partial ORDER BY seq DESC",
                                       {name})) {
        const auto numbers =
            edit.first("SELECT group_concat(cid + 1, ' '), min(cid), group_concat(name, '_') FROM "
                       "(SELECT cid, name FROM pragma_index_info(?1) ORDER BY seqno)",
                       {index.text(0)});
        if (!numbers || numbers->is_null(0) || numbers->integer(1) < 0)
            continue; // over expressions
        const bool automatic = index.text(0).starts_with("sqlite_autoindex_");
        describe_key(edit,
                     table,
                     automatic ? name + '_' + numbers->text(2) + "_key" : index.text(0),
                     numbers->text(0),
                     index.integer(1) != 0,
                     false);
    }
}

void describe(catalog_edit& edit, const std::string& name, bool is_view)
{
    const oid id = edit.next_oid();
    // The rowid under its own name: SQLite numbers new rows when it is given NULL.
    const bool has_rowid = edit.first("SELECT count(*) = 1 AND max(upper(type)) = 'INTEGER' FROM "
                                      "pragma_table_info(?1) WHERE pk > 0",
                                      {name})
                               ->integer(0) != 0;
    std::int64_t count = 0;
    for (const auto& column : edit.rows("SELECT cid, name, type, \"notnull\", dflt_value, pk FROM "
                                        "pragma_table_info(?1) ORDER BY cid",
                                        {name})) {
        const declared_type declared = type_declared(column.text(2));
        const bool is_rowid = has_rowid && column.integer(5) > 0;
        const bool has_default = is_rowid || !column.is_null(4);
        const std::int64_t number = ++count;
        describe_column(edit,
                        id,
                        number,
                        column.text(1),
                        declared.type,
                        declared.modifier,
                        column.integer(3) != 0 || column.integer(5) > 0,
                        has_default);
        if (!has_default)
            continue;
        edit.run("INSERT INTO \"pg_catalog.pg_attrdef\" (oid, adrelid, adnum, adbin) VALUES (?1, "
                 "?2, ?3, ?4)",
                 {edit.next_oid(),
                  id,
                  number,
                  is_rowid ? "nextval('" + name + '_' + column.text(1) + "_seq'::regclass)"
                           : column.text(4)});
        edit.run("INSERT INTO \"pg_catalog.weir_default\" VALUES (?1, ?2, ?3)",
                 {id, number, is_rowid ? "NULL" : '(' + column.text(4) + ')'});
    }
    edit.run("INSERT INTO \"pg_catalog.pg_class\" (oid, relname, relkind, relam, relnatts) VALUES "
             "(?1, ?2, ?3, ?4, ?5)",
             {id, name, is_view ? "v" : "r", is_view ? 0 : 2, count});
    if (!is_view)
        describe_keys(edit, id, name);
}

// A view may speak of tables that are gone; SQLite says so only when it is asked for its columns.
bool is_whole(catalog_edit& edit, const std::string& view)
{
    return edit.db().prepare("SELECT * FROM " + quoted(view)).has_value();
}

// What the file holds and the catalog says are compared by names: other programs may have made,
// dropped or changed tables since.
void describe_foreign_tables(catalog_edit& edit)
{
    constexpr std::string_view columns_there =
        "(SELECT group_concat(name, char(0)) FROM (SELECT name FROM pragma_table_info(s.name) "
        "ORDER BY cid))";
    constexpr std::string_view columns_described =
        "(SELECT group_concat(attname, char(0)) FROM (SELECT attname FROM "
        "\"pg_catalog.pg_attribute\" a WHERE a.attrelid = c.oid AND NOT a.attisdropped ORDER BY "
        "a.attnum))";
    for (const auto& gone :
         edit.rows("SELECT c.oid FROM \"pg_catalog.pg_class\" c LEFT JOIN sqlite_schema s ON "
                   "s.name = c.relname AND s.type IN ('table', 'view') WHERE c.relnamespace = 2200 "
                   "AND c.relkind IN ('r', 'v') AND (s.name IS NULL OR (s.type = 'table' AND " +
                   std::string(columns_there) + " IS NOT " + std::string(columns_described) + "))"))
        forget_relation(edit, gone.id(0));
    for (const auto& found :
         edit.rows("SELECT s.name, s.type = 'view' FROM sqlite_schema s WHERE s.type IN ('table', "
                   "'view') AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND s.name NOT LIKE "
                   "'pg\\_catalog.%' ESCAPE '\\' AND NOT EXISTS (SELECT 1 FROM "
                   "\"pg_catalog.pg_class\" c WHERE c.relname = s.name AND c.relnamespace = 2200 "
                   "AND c.relkind IN ('r', 'v'))"))
        if (found.integer(1) == 0)
            describe(edit, found.text(0), false);
        else if (is_whole(edit, found.text(0)))
            describe(edit, found.text(0), true);
}

void install_within_transaction(catalog_edit& edit)
{
    if (!edit.first("SELECT 1 FROM sqlite_schema WHERE name = 'pg_catalog.weir_catalog'"))
        create(edit);
    const std::int64_t found =
        edit.first("SELECT version FROM \"pg_catalog.weir_catalog\"")->integer(0);
    if (found != catalog_version)
        refuse("55000",
               "the file's catalog has version " + std::to_string(found) +
                   ", this weir knows version " + std::to_string(catalog_version),
               -1,
               "The file was last used by a newer weir; use that one.");
    describe_foreign_tables(edit);
}

} // namespace

result<void> catalog::install(connection& writer)
{
    try {
        catalog_edit edit(writer);
        edit.run("BEGIN IMMEDIATE");
        install_within_transaction(edit);
        edit.run("COMMIT");
    } catch (const refusal& why) {
        if (writer.in_transaction())
            static_cast<void>(writer.execute("ROLLBACK")); // `why` is the error to report
        return why.what;
    }
    return {};
}

} // namespace weir::sqlite
