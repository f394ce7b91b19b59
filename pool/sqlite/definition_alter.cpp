// ALTER TABLE: columns, constraints and defaults. What SQLite cannot alter is edited in the text of
// its CREATE TABLE (table_text.hpp), after the rows were checked.
#include "pool/sqlite/definition_plan.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/dialect/nodes.hpp"
#include "pool/sqlite/table_text.hpp"

#include <algorithm>
#include <utility>

namespace weir::sqlite {

namespace {

// One step of ALTER TABLE, on the table with this oid and name.
using step = std::function<void(catalog_edit&, oid, const std::string&)>;

bool has_rows(catalog_edit& edit, const std::string& table, const std::string& condition = "1")
{
    return edit
        .first("SELECT 1 FROM " + quote_identifier(table) + " WHERE " + condition + " LIMIT 1")
        .has_value();
}

void require_no_nulls(catalog_edit& edit, const std::string& table, const std::string& column)
{
    if (has_rows(edit, table, quote_identifier(column) + " IS NULL"))
        refuse("23502",
               "column \"" + column + "\" of relation \"" + table + "\" contains null values");
}

// The column as the catalog has it now, to write its element anew.
column_definition
stored_column(catalog_edit& edit, oid table, const std::string& table_name, const std::string& name)
{
    const known_column known = require_column(edit, table, table_name, name);
    column_definition out;
    out.name = name;
    out.type = known.type;
    out.not_null = known.not_null;
    out.number = static_cast<std::int16_t>(known.number);
    return out;
}

void store_column(catalog_edit& edit, const std::string& table, const column_definition& column)
{
    table_text text = table_text::of(edit, table);
    if (!text.replace_column(column.name, column_element(column)))
        refuse("42703",
               "column \"" + column.name + "\" of relation \"" + table + "\" does not exist");
    text.store(edit, table);
}

void add_constraints(catalog_edit& edit,
                     oid table,
                     const std::string& name,
                     const constraint_plans& constraints)
{
    for (const key_plan& key : constraints.keys) {
        if (key.primary)
            for (const std::string& column : key.columns) {
                column_definition is = stored_column(edit, table, name, column);
                if (is.not_null)
                    continue;
                require_no_nulls(edit, name, column);
                is.not_null = true;
                store_column(edit, name, is);
                edit.run(
                    "UPDATE \"pg_catalog.pg_attribute\" SET attnotnull = 1 WHERE attrelid = ?1 "
                    "AND attnum = ?2",
                    {table, is.number});
            }
        add_key(edit, table, name, key);
    }
    if (constraints.checks.empty() && constraints.foreign_keys.empty())
        return;
    table_text text = table_text::of(edit, name);
    for (const check_plan& check : constraints.checks) {
        const std::string element = add_check(edit, table, name, check);
        if (has_rows(edit, name, "NOT (" + check.sql + ')'))
            refuse("23514",
                   "check constraint \"" + check.name + "\" of relation \"" + name +
                       "\" is violated by some row");
        text.add(element);
    }
    for (const foreign_key_plan& key : constraints.foreign_keys)
        text.add(add_foreign_key(edit, table, name, key));
    text.store(edit, name);
    if (!constraints.foreign_keys.empty() &&
        edit.first("SELECT 1 FROM pragma_foreign_key_check(?1)", {name}))
        refuse("23503",
               "insert or update on table \"" + name + "\" violates foreign key constraint \"" +
                   constraints.foreign_keys.front().name + '"');
}

void add_column(catalog_edit& edit,
                oid table,
                const std::string& name,
                column_plan column,
                const constraint_plans& constraints)
{
    const auto number =
        edit.first("SELECT relnatts + 1 FROM \"pg_catalog.pg_class\" WHERE oid = ?1", {table})
            ->integer(0);
    column.is.number = static_cast<std::int16_t>(number);
    if (edit.first(
            "SELECT 1 FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1 AND lower(attname) "
            "= lower(?2) AND NOT attisdropped",
            {table, column.is.name}))
        refuse("42701",
               "column \"" + column.is.name + "\" of relation \"" + name + "\" already exists");
    if (column.sequence)
        give_sequence(edit, table, name, column);
    add_column_row(edit, table, column);
    edit.run("UPDATE \"pg_catalog.pg_class\" SET relnatts = ?2 WHERE oid = ?1", {table, number});
    column_definition bare = column.is;
    bare.not_null = false;
    edit.run("ALTER TABLE " + quote_identifier(name) + " ADD COLUMN " + column_element(bare));
    if (column.is.has_default)
        edit.run("UPDATE " + quote_identifier(name) + " SET " + quote_identifier(column.is.name) +
                 " = " + column.is.emitted_default);
    if (column.is.not_null) {
        require_no_nulls(edit, name, column.is.name);
        store_column(edit, name, column.is);
    }
    add_constraints(edit, table, name, constraints);
}

// Constraints and indexes that speak of the column go with it; other tables' references to it and
// views need CASCADE.
void drop_column(
    catalog_edit& edit, oid table, const std::string& name, const std::string& column, bool cascade)
{
    const known_column known = require_column(edit, table, name, column);
    const std::string what = "column " + column + " of table " + name;
    deal_with_views(edit, table, known.number, what, cascade);
    constexpr std::string_view speaks_of =
        "EXISTS (SELECT 1 FROM json_each('[' || trim(replace(KEY, ' ', ','), '{}') || ']') WHERE "
        "value = ?2)";
    const auto among = [&](std::string_view key) {
        std::string out(speaks_of);
        return out.replace(out.find("KEY"), 3, key);
    };
    for (const auto& row :
         edit.rows("SELECT k.oid, k.conname, c.relname FROM \"pg_catalog.pg_constraint\" k JOIN "
                   "\"pg_catalog.pg_class\" c ON c.oid = k.conrelid WHERE k.confrelid = ?1 AND "
                   "k.conrelid <> ?1 AND k.contype = 'f' AND " +
                       among("k.confkey"),
                   {table, known.number})) {
        if (!cascade)
            refuse("2BP01",
                   "cannot drop " + what + " because other objects depend on it",
                   -1,
                   "Use DROP ... CASCADE to drop the dependent objects too.",
                   "constraint " + row.text(1) + " on table " + row.text(2) + " depends on " +
                       what);
        drop_constraint(edit, row.id(0), row.text(2));
    }
    for (const auto& row :
         edit.rows("SELECT oid FROM \"pg_catalog.pg_constraint\" WHERE conrelid = "
                   "?1 AND (" +
                       among("conkey") + " OR confrelid = ?1 AND " +
                       among("coalesce(confkey, '')") + ") ORDER BY contype = 'f' DESC",
                   {table, known.number}))
        drop_constraint(edit, row.id(0), name);
    for (const auto& row :
         edit.rows("SELECT indexrelid FROM \"pg_catalog.pg_index\" WHERE indrelid = ?1 AND " +
                       among("indkey"),
                   {table, known.number}))
        drop_index(edit, row.id(0));
    drop_sequences_of(edit, table, known.number);
    column_definition none;
    none.number = static_cast<std::int16_t>(known.number);
    add_default_rows(edit, table, none);
    edit.run("ALTER TABLE " + quote_identifier(name) + " DROP COLUMN " + quote_identifier(column));
    edit.run("UPDATE \"pg_catalog.pg_attribute\" SET attisdropped = 1, attname = "
             "'........pg.dropped.' || ?2 || '........', atttypid = 0, attnotnull = 0 WHERE "
             "attrelid = ?1 AND attnum = ?2",
             {table, known.number});
    edit.run("DELETE FROM \"pg_catalog.pg_description\" WHERE objoid = ?1 AND classoid = 1259 AND "
             "objsubid = ?2",
             {table, known.number});
}

void set_not_null(
    catalog_edit& edit, oid table, const std::string& name, const std::string& column, bool to)
{
    column_definition is = stored_column(edit, table, name, column);
    if (is.not_null == to)
        return;
    if (to)
        require_no_nulls(edit, name, column);
    else if (edit.first(
                 "SELECT 1 FROM \"pg_catalog.pg_index\" WHERE indrelid = ?1 AND indisprimary "
                 "AND EXISTS (SELECT 1 FROM json_each('[' || replace(indkey, ' ', ',') || "
                 "']') WHERE value = ?2)",
                 {table, is.number}))
        refuse("42P16", "column \"" + column + "\" is in a primary key");
    is.not_null = to;
    store_column(edit, name, is);
    edit.run(
        "UPDATE \"pg_catalog.pg_attribute\" SET attnotnull = ?3 WHERE attrelid = ?1 AND attnum "
        "= ?2",
        {table, is.number, to});
}

step plan_column_default(const PgQuery__AlterTableCmd& tree,
                         const relation& table,
                         const definition_scope& scope)
{
    const column_definition* const found = table.find(tree.name);
    if (found == nullptr)
        refuse("42703",
               "column \"" + std::string(tree.name) + "\" of relation \"" + table.name +
                   "\" does not exist");
    column_definition column = *found;
    column.has_default = false;
    column.default_sql.clear();
    column.emitted_default.clear();
    if (tree.def != nullptr)
        read_default(*tree.def, column, scope);
    return [column](catalog_edit& edit, oid id, const std::string& name) {
        require_column(edit, id, name, column.name);
        add_default_rows(edit, id, column);
    };
}

step plan_add_column(const PgQuery__AlterTableCmd& tree,
                     relation& table,
                     const definition_scope& scope)
{
    constraint_plans constraints;
    const bool is_there = table.find(tree.def->column_def->colname) != nullptr;
    if (is_there && tree.missing_ok)
        return [](catalog_edit&, oid, const std::string&) {};
    if (is_there)
        refuse("42701",
               "column \"" + std::string(tree.def->column_def->colname) + "\" of relation \"" +
                   table.name + "\" already exists");
    const column_plan column = read_column(*tree.def->column_def, table, constraints, scope);
    for (const key_plan& key : constraints.keys)
        if (key.primary)
            table.columns.back().not_null = true;
    return [column, constraints](catalog_edit& edit, oid id, const std::string& name) {
        add_column(edit, id, name, column, constraints);
    };
}

step plan_step(const PgQuery__AlterTableCmd& tree, relation& table, const definition_scope& scope)
{
    const bool cascade = tree.behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    const std::string name = tree.name;
    switch (tree.subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn: return plan_add_column(tree, table, scope);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn: {
        const bool if_exists = tree.missing_ok;
        return [name, cascade, if_exists](catalog_edit& edit, oid id, const std::string& of) {
            if (if_exists &&
                !edit.first("SELECT 1 FROM \"pg_catalog.pg_attribute\" WHERE attrelid = "
                            "?1 AND attname = ?2 AND NOT attisdropped",
                            {id, name}))
                return;
            drop_column(edit, id, of, name, cascade);
        };
    }
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault:
        return plan_column_default(tree, table, scope);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropNotNull: {
        const bool to = tree.subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull;
        return [name, to](catalog_edit& edit, oid id, const std::string& of) {
            set_not_null(edit, id, of, name, to);
        };
    }
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint: {
        constraint_plans constraints;
        read_constraint(*tree.def->constraint, table, constraints, scope);
        return [constraints](catalog_edit& edit, oid id, const std::string& of) {
            add_constraints(edit, id, of, constraints);
        };
    }
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint: {
        const bool if_exists = tree.missing_ok;
        return [name, cascade, if_exists](catalog_edit& edit, oid id, const std::string& of) {
            const auto found =
                edit.first("SELECT oid, conindid, contype FROM \"pg_catalog.pg_constraint\" WHERE "
                           "conrelid = ?1 AND conname = ?2",
                           {id, name});
            if (!found && if_exists)
                return;
            if (!found)
                refuse("42704",
                       "constraint \"" + name + "\" of relation \"" + of + "\" does not exist");
            if (found->text(2) != "f")
                for (const auto& user : edit.rows(
                         "SELECT k.oid, k.conname, c.relname FROM \"pg_catalog.pg_constraint\" "
                         "k JOIN \"pg_catalog.pg_class\" c ON c.oid = k.conrelid WHERE "
                         "k.contype = 'f' AND k.conindid = ?1 AND ?1 <> 0",
                         {found->id(1)})) {
                    if (!cascade)
                        refuse("2BP01",
                               "cannot drop constraint " + name + " on table " + of +
                                   " because other objects depend on it",
                               -1,
                               "Use DROP ... CASCADE to drop the dependent objects too.",
                               "constraint " + user.text(1) + " on table " + user.text(2) +
                                   " depends on index " + name);
                    drop_constraint(edit, user.id(0), user.text(2));
                }
            drop_constraint(edit, found->id(0), of);
        };
    }
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType: refuse_feature("ALTER COLUMN TYPE");
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner: // there is one owner
        return [](catalog_edit&, oid, const std::string&) {};
    default: refuse_feature("this kind of ALTER TABLE");
    }
}

} // namespace

planned plan_alter_table(const PgQuery__AlterTableStmt& tree, const definition_scope& scope)
{
    if (tree.objtype != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
        refuse_feature("ALTER of anything but a table");
    const std::string name = name_in_public(*tree.relation);
    const relation* const known = scope.tables.find("public", name);
    if (known == nullptr && tree.missing_ok)
        return {"ALTER TABLE", [](catalog_edit&) {}};
    if (known == nullptr)
        refuse("42P01", "relation \"" + name + "\" does not exist", tree.relation->location);
    if (known->kind != 'r')
        refuse("42809", '"' + name + "\" is not a table");
    relation table = *known; // grows with each step, as later ones may speak of earlier ones
    std::vector<step> steps;
    for (const PgQuery__Node* const item : nodes::items(tree.n_cmds, tree.cmds))
        steps.push_back(plan_step(*item->alter_table_cmd, table, scope));
    return {"ALTER TABLE", [name, steps = std::move(steps)](catalog_edit& edit) {
                const oid id = require_relation(edit, name, 'r');
                for (const step& each : steps)
                    each(edit, id, name);
            }};
}

} // namespace weir::sqlite
