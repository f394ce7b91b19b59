// The steps that definitions are carried out in, on the catalog's rows and on SQLite's schema.
#include "pool/sqlite/definition_plan.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/dialect/operator_table.hpp"
#include "pool/sqlite/table_text.hpp"

#include <algorithm>
#include <utility>

namespace weir::sqlite {

namespace {

constexpr std::size_t name_size_max = 63; // PostgreSQL's NAMEDATALEN, less the end's zero

// Cuts whole characters of UTF-8.
void cut_to(std::string& text, std::size_t size)
{
    if (text.size() <= size)
        return;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80)
        --size;
    text.resize(size);
}

// "users" + "email" + "key"; the longer of the first two gives way.
std::string object_name(std::string table, std::string columns, std::string_view label)
{
    const std::size_t fixed = label.size() + 1 + (columns.empty() ? 0 : 1);
    while (table.size() + columns.size() + fixed > name_size_max) {
        std::string& longer = table.size() > columns.size() ? table : columns;
        cut_to(longer, longer.size() - 1);
    }
    std::string out = std::move(table);
    if (!columns.empty())
        out += '_' + columns;
    return out + '_' + std::string(label);
}

void require_free_constraint(catalog_edit& edit,
                             oid table,
                             std::string_view table_name,
                             std::string_view name)
{
    if (edit.first(
            "SELECT 1 FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1 AND conname = ?2",
            {table, name}))
        refuse("42710",
               "constraint \"" + std::string(name) + "\" for relation \"" +
                   std::string(table_name) + "\" already exists");
}

std::string array_of(const std::vector<std::int64_t>& numbers)
{
    return '{' + number_list(numbers, ',') + '}';
}

std::vector<known_column> require_columns(catalog_edit& edit,
                                          oid table,
                                          std::string_view table_name,
                                          const std::vector<std::string>& names)
{
    std::vector<known_column> out;
    for (const std::string& name : names)
        out.push_back(require_column(edit, table, table_name, name));
    return out;
}

std::vector<std::int64_t> numbers_of(const std::vector<known_column>& columns)
{
    std::vector<std::int64_t> out;
    for (const known_column& each : columns)
        out.push_back(each.number);
    return out;
}

// The columns of the primary key, by name.
std::vector<std::string> primary_key_of(catalog_edit& edit, oid table, std::string_view name)
{
    const auto key = edit.first(
        "SELECT indkey FROM \"pg_catalog.pg_index\" WHERE indrelid = ?1 AND indisprimary",
        {table});
    if (!key)
        refuse("42704",
               "there is no primary key for referenced table \"" + std::string(name) + '"');
    std::vector<std::string> out;
    for (const auto& row :
         edit.rows("SELECT a.attname FROM json_each('[' || replace(?2, ' ', ',') || ']') k JOIN "
                   "\"pg_catalog.pg_attribute\" a ON a.attrelid = ?1 AND a.attnum = k.value ORDER "
                   "BY k.key",
                   {table, key->text(0)}))
        out.push_back(row.text(0));
    return out;
}

// The unique index over just these columns, in any order.
oid unique_index_over(catalog_edit& edit,
                      oid table,
                      std::string_view table_name,
                      std::vector<std::int64_t> numbers)
{
    std::ranges::sort(numbers);
    for (const auto& row :
         edit.rows("SELECT indexrelid, (SELECT group_concat(value, ' ') FROM (SELECT value FROM "
                   "json_each('[' || replace(indkey, ' ', ',') || ']') ORDER BY value)) FROM "
                   "\"pg_catalog.pg_index\" WHERE indrelid = ?1 AND indisunique AND indpred IS "
                   "NULL AND indexprs IS NULL ORDER BY indisprimary DESC, indexrelid",
                   {table}))
        if (row.text(1) == number_list(numbers, ' '))
            return row.id(0);
    refuse("42830",
           "there is no unique constraint matching given keys for referenced table \"" +
               std::string(table_name) + '"');
}

void require_comparable(const foreign_key_plan& key,
                        const std::vector<known_column>& from,
                        const std::vector<known_column>& to)
{
    for (std::size_t i = 0; i < from.size(); ++i) {
        const type_info* const a = find_type(from[i].type);
        const type_info* const b = find_type(to[i].type);
        if (a->category != b->category)
            refuse("42804",
                   "foreign key constraint \"" + key.name + "\" cannot be implemented",
                   -1,
                   {},
                   "Key columns \"" + key.columns[i] + "\" and \"" + key.referenced_columns[i] +
                       "\" are of incompatible types: " + std::string(a->sql_name) + " and " +
                       std::string(b->sql_name) + '.');
    }
}

std::string_view action_words(char action)
{
    switch (action) {
    case 'r': return "RESTRICT";
    case 'c': return "CASCADE";
    case 'n': return "SET NULL";
    case 'd': return "SET DEFAULT";
    default: return "NO ACTION";
    }
}

} // namespace

std::string joined(const std::vector<std::string>& names, std::string_view between)
{
    std::string out;
    for (const std::string& name : names) {
        out += out.empty() ? "" : between;
        out += name;
    }
    return out;
}

std::string quoted_list(const std::vector<std::string>& names)
{
    std::vector<std::string> quoted;
    for (const std::string& name : names)
        quoted.push_back(quote_identifier(name));
    return joined(quoted, ", ");
}

std::string number_list(const std::vector<std::int64_t>& numbers, char between)
{
    std::string out;
    for (const std::int64_t number : numbers) {
        if (!out.empty())
            out.push_back(between);
        out += std::to_string(number);
    }
    return out;
}

std::optional<known_relation> find_relation(catalog_edit& edit, std::string_view name)
{
    const auto found =
        edit.first("SELECT oid, relkind FROM \"pg_catalog.pg_class\" WHERE relname = "
                   "?1 AND relnamespace = 2200",
                   {name});
    if (!found)
        return std::nullopt;
    return known_relation{found->id(0), found->text(1).front()};
}

oid require_relation(catalog_edit& edit, std::string_view name, char kind)
{
    const auto found = find_relation(edit, name);
    if (!found)
        refuse("42P01", "relation \"" + std::string(name) + "\" does not exist");
    if (found->kind != kind) {
        const std::string_view wanted = kind == 'r'   ? "a table"
                                        : kind == 'v' ? "a view"
                                        : kind == 'i' ? "an index"
                                                      : "a sequence";
        refuse("42809", '"' + std::string(name) + "\" is not " + std::string(wanted));
    }
    return found->id;
}

void require_free_name(catalog_edit& edit, std::string_view name)
{
    const auto other =
        edit.first("SELECT relname FROM \"pg_catalog.pg_class\" WHERE lower(relname) "
                   "= lower(?1) AND relnamespace = 2200 ORDER BY relname <> ?1",
                   {name});
    if (other && other->text(0) == name)
        refuse("42P07", "relation \"" + std::string(name) + "\" already exists");
    if (other)
        refuse_feature("a name that differs from \"" + other->text(0) + "\" by case alone");
    constexpr std::string_view reserved[] = {"sqlite_", "pg_catalog."};
    for (const std::string_view prefix : reserved)
        if (name.starts_with(prefix))
            refuse("42939",
                   "unacceptable name \"" + std::string(name) + '"',
                   -1,
                   {},
                   "The prefix \"" + std::string(prefix) + "\" is reserved.");
}

known_column
require_column(catalog_edit& edit, oid table, std::string_view table_name, std::string_view column)
{
    const auto found =
        edit.first("SELECT attnum, atttypid, attnotnull FROM "
                   "\"pg_catalog.pg_attribute\" WHERE attrelid = ?1 AND attname = ?2 "
                   "AND NOT attisdropped",
                   {table, column});
    if (!found)
        refuse("42703",
               "column \"" + std::string(column) + "\" of relation \"" + std::string(table_name) +
                   "\" does not exist");
    return {found->integer(0), found->id(1), found->integer(2) != 0};
}

std::string default_name(catalog_edit& edit,
                         std::string_view table,
                         std::string_view columns,
                         std::string_view label)
{
    std::string name = object_name(std::string(table), std::string(columns), label);
    for (int n = 1; edit.first("SELECT 1 FROM \"pg_catalog.pg_class\" WHERE lower(relname) = "
                               "lower(?1) AND relnamespace = 2200 UNION ALL SELECT 1 FROM "
                               "\"pg_catalog.pg_constraint\" WHERE conname = ?1",
                               {name});
         ++n)
        name = object_name(std::string(table),
                           std::string(columns),
                           std::string(label) + std::to_string(n));
    return name;
}

oid add_relation(catalog_edit& edit, std::string_view name, char kind, std::size_t columns)
{
    const oid id = edit.next_oid();
    const oid method = kind == 'r' ? catalog_oid::heap : kind == 'i' ? catalog_oid::btree : oid{0};
    edit.run("INSERT INTO \"pg_catalog.pg_class\" (oid, relname, relkind, relam, relnatts) VALUES "
             "(?1, ?2, ?3, ?4, ?5)",
             {id, name, std::string(1, kind), method, columns});
    return id;
}

void add_column_row(catalog_edit& edit, oid table, const column_plan& column)
{
    const type_info& type = *find_type(column.is.type);
    edit.run(
        "INSERT INTO \"pg_catalog.pg_attribute\" (attrelid, attname, atttypid, attlen, attnum, "
        "attndims, atttypmod, attnotnull, atthasdef, attidentity, attcollation) VALUES (?1, "
        "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        {table,
         column.is.name,
         column.is.type,
         type.length,
         column.is.number,
         type.category == 'A' ? 1 : 0,
         column.is.modifier,
         column.is.not_null,
         !column.is.default_sql.empty(), // identity has a default but none to show
         column.identity == 0 ? std::string() : std::string(1, column.identity),
         type.category == 'S' ? catalog_oid::collation_default : oid{0}});
    if (column.is.has_default)
        add_default_rows(edit, table, column.is);
}

void add_default_rows(catalog_edit& edit, oid table, const column_definition& column)
{
    edit.run("DELETE FROM \"pg_catalog.pg_attrdef\" WHERE adrelid = ?1 AND adnum = ?2",
             {table, column.number});
    edit.run("DELETE FROM \"pg_catalog.weir_default\" WHERE adrelid = ?1 AND adnum = ?2",
             {table, column.number});
    edit.run("UPDATE \"pg_catalog.pg_attribute\" SET atthasdef = ?3 WHERE attrelid = ?1 AND attnum "
             "= ?2",
             {table, column.number, !column.default_sql.empty()});
    if (!column.has_default)
        return;
    if (!column.default_sql.empty())
        edit.run("INSERT INTO \"pg_catalog.pg_attrdef\" VALUES (?1, ?2, ?3, ?4)",
                 {edit.next_oid(), table, column.number, column.default_sql});
    edit.run("INSERT INTO \"pg_catalog.weir_default\" VALUES (?1, ?2, ?3)",
             {table, column.number, column.emitted_default});
}

std::string column_element(const column_definition& column)
{
    std::string out = quote_identifier(column.name) + ' ';
    out += find_type(column.type)->affinity;
    const comparable_type* const compared = find_comparable(column.type);
    if (compared != nullptr && !compared->collation.empty())
        out += " COLLATE " + std::string(compared->collation);
    return column.not_null ? out + " NOT NULL" : out;
}

void add_key(catalog_edit& edit, oid table, std::string_view table_name, key_plan key)
{
    const std::vector<known_column> columns = require_columns(edit, table, table_name, key.columns);
    if (key.primary &&
        edit.first("SELECT 1 FROM \"pg_catalog.pg_index\" WHERE indrelid = ?1 AND indisprimary",
                   {table}))
        refuse("42P16",
               "multiple primary keys for table \"" + std::string(table_name) +
                   "\" are not allowed");
    index_plan index;
    index.name = std::move(key.name);
    if (index.name.empty())
        index.name = key.primary ? default_name(edit, table_name, {}, "pkey")
                                 : default_name(edit, table_name, joined(key.columns, "_"), "key");
    index.table = table_name;
    index.unique = true;
    for (const std::string& column : key.columns) {
        index_plan::element& element = index.elements.emplace_back();
        element.column = column;
    }
    const std::string name = index.name;
    create_index(edit, std::move(index), key.primary);
    edit.run(
        "INSERT INTO \"pg_catalog.pg_constraint\" (oid, conname, contype, conrelid, conindid, "
        "conkey) VALUES (?1, ?2, ?3, ?4, (SELECT oid FROM \"pg_catalog.pg_class\" WHERE relname "
        "= ?2 AND relnamespace = 2200), ?5)",
        {edit.next_oid(), name, key.primary ? "p" : "u", table, array_of(numbers_of(columns))});
}

std::string add_check(catalog_edit& edit, oid table, std::string_view table_name, check_plan check)
{
    if (check.name.empty())
        check.name = default_name(edit,
                                  table_name,
                                  check.columns.size() == 1 ? check.columns.front() : "",
                                  "check");
    else
        require_free_constraint(edit, table, table_name, check.name);
    const auto columns = require_columns(edit, table, table_name, check.columns);
    edit.run("INSERT INTO \"pg_catalog.pg_constraint\" (oid, conname, contype, conrelid, "
             "connoinherit, conkey, conbin) VALUES (?1, ?2, 'c', ?3, 0, ?4, ?5)",
             {edit.next_oid(), check.name, table, array_of(numbers_of(columns)), check.source});
    edit.run("UPDATE \"pg_catalog.pg_class\" SET relchecks = relchecks + 1 WHERE oid = ?1",
             {table});
    return "CONSTRAINT " + quote_identifier(check.name) + " CHECK (" + check.sql + ')';
}

std::string
add_foreign_key(catalog_edit& edit, oid table, std::string_view table_name, foreign_key_plan key)
{
    if (key.name.empty())
        key.name = default_name(edit, table_name, joined(key.columns, "_"), "fkey");
    else
        require_free_constraint(edit, table, table_name, key.name);
    const oid referenced = require_relation(edit, key.referenced_table, 'r');
    if (key.referenced_columns.empty())
        key.referenced_columns = primary_key_of(edit, referenced, key.referenced_table);
    if (key.referenced_columns.size() != key.columns.size())
        refuse("42830", "number of referencing and referenced columns for foreign key disagree");
    const auto from = require_columns(edit, table, table_name, key.columns);
    const auto to = require_columns(edit, referenced, key.referenced_table, key.referenced_columns);
    const oid index = unique_index_over(edit, referenced, key.referenced_table, numbers_of(to));
    require_comparable(key, from, to);
    edit.run("INSERT INTO \"pg_catalog.pg_constraint\" (oid, conname, contype, condeferrable, "
             "condeferred, conrelid, conindid, confrelid, confupdtype, confdeltype, confmatchtype, "
             "conkey, confkey) VALUES (?1, ?2, 'f', ?3, ?4, ?5, ?6, ?7, ?8, ?9, 's', ?10, ?11)",
             {edit.next_oid(),
              key.name,
              key.deferrable,
              key.deferred,
              table,
              index,
              referenced,
              std::string(1, key.on_update),
              std::string(1, key.on_delete),
              array_of(numbers_of(from)),
              array_of(numbers_of(to))});
    std::string out = "CONSTRAINT " + quote_identifier(key.name) + " FOREIGN KEY (" +
                      quoted_list(key.columns) + ") REFERENCES " +
                      quote_identifier(key.referenced_table) + " (" +
                      quoted_list(key.referenced_columns) + ") ON UPDATE ";
    out += action_words(key.on_update);
    out += " ON DELETE ";
    out += action_words(key.on_delete);
    if (key.deferrable)
        out += key.deferred ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE INITIALLY IMMEDIATE";
    return out;
}

void drop_constraint(catalog_edit& edit, oid constraint, std::string_view table_name)
{
    const auto found = edit.first("SELECT conname, contype, conindid, conrelid FROM "
                                  "\"pg_catalog.pg_constraint\" WHERE oid = ?1",
                                  {constraint});
    const bool is_key = found->text(1) == "p" || found->text(1) == "u";
    edit.run("DELETE FROM \"pg_catalog.pg_description\" WHERE objoid = ?1", {constraint});
    edit.run("DELETE FROM \"pg_catalog.pg_constraint\" WHERE oid = ?1", {constraint});
    if (is_key)
        return drop_index(edit, found->id(2));
    if (found->text(1) == "c")
        edit.run("UPDATE \"pg_catalog.pg_class\" SET relchecks = relchecks - 1 WHERE oid = ?1",
                 {found->id(3)});
    table_text text = table_text::of(edit, table_name);
    if (!text.drop_constraint(found->text(0)))
        refuse_feature("changing the constraints of a table that another program made");
    text.store(edit, table_name);
}

void deal_with_views(catalog_edit& edit,
                     oid table,
                     std::optional<std::int64_t> column,
                     std::string_view what,
                     bool cascade)
{
    for (const auto& view :
         edit.rows("SELECT DISTINCT c.oid, c.relname FROM \"pg_catalog.pg_depend\" d JOIN "
                   "\"pg_catalog.pg_class\" c ON c.oid = d.objid AND c.relkind = 'v' WHERE "
                   "d.refobjid = ?1 AND (?2 = 0 OR d.refobjsubid = ?2)",
                   {table, column.value_or(0)})) {
        if (!cascade)
            refuse("2BP01",
                   "cannot drop " + std::string(what) + " because other objects depend on it",
                   -1,
                   "Use DROP ... CASCADE to drop the dependent objects too.",
                   "view " + view.text(1) + " depends on " + std::string(what));
        deal_with_views(edit, view.id(0), std::nullopt, "view " + view.text(1), true);
        edit.run("DROP VIEW IF EXISTS " + quote_identifier(view.text(1)));
        forget_relation(edit, view.id(0));
    }
}

} // namespace weir::sqlite
