// CREATE VIEW. A view's columns and what it depends on are rows of the catalog.
#include "pool/sqlite/definition_plan.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/dialect/nodes.hpp"

#include <sqlite3.h>

#include <set>
#include <utility>

namespace weir::sqlite {

namespace {

struct view_plan {
    std::string name;
    std::string sql;    // SQLite's words for the query
    std::string source; // PostgreSQL's
    std::vector<result_column> columns;
    bool replace = false;
};

using columns_read = std::set<std::pair<std::string, std::string>>; // table, column

int note_read(
    void* into, int action, const char* table, const char* column, const char*, const char*)
{
    if (action == SQLITE_READ && table != nullptr && column != nullptr)
        static_cast<columns_read*>(into)->emplace(table, column);
    return SQLITE_OK;
}

// What the view reads, as SQLite finds out by preparing it.
columns_read find_columns_read(catalog_edit& edit, const std::string& view)
{
    columns_read found;
    sqlite3_set_authorizer(edit.db().get(), note_read, &found);
    const auto prepared = edit.db().prepare("SELECT * FROM " + quote_identifier(view));
    sqlite3_set_authorizer(edit.db().get(), nullptr, nullptr);
    if (!prepared)
        throw refusal{prepared.error()};
    return found;
}

void note_dependencies(catalog_edit& edit, oid view, const std::string& name)
{
    for (const auto& [table, column] : find_columns_read(edit, name))
        if (table != name)
            edit.run("INSERT INTO \"pg_catalog.pg_depend\" SELECT ?1, ?2, 0, ?3, c.oid, a.attnum, "
                     "'n' FROM \"pg_catalog.pg_class\" c JOIN \"pg_catalog.pg_attribute\" a ON "
                     "a.attrelid = c.oid AND a.attname = ?5 WHERE c.relname = ?4 AND "
                     "c.relnamespace = 2200",
                     {catalog_oid::pg_rewrite, view, catalog_oid::pg_class, table, column});
}

// OR REPLACE may add columns at the end, and no more.
void require_same_columns(catalog_edit& edit, oid view, const view_plan& plan)
{
    const auto before =
        edit.rows("SELECT attname, atttypid FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1 "
                  "ORDER BY attnum",
                  {view});
    if (before.size() > plan.columns.size())
        refuse("42P16", "cannot drop columns from view");
    for (std::size_t i = 0; i < before.size(); ++i) {
        const result_column& now = plan.columns[i];
        if (before[i].text(0) != now.name)
            refuse("42P16",
                   "cannot change name of view column \"" + before[i].text(0) + "\" to \"" +
                       now.name + '"');
        if (before[i].id(1) != now.type)
            refuse("42P16",
                   "cannot change data type of view column \"" + now.name + "\" from " +
                       std::string(find_type(before[i].id(1))->sql_name) + " to " +
                       std::string(find_type(now.type)->sql_name));
    }
}

void create_view(catalog_edit& edit, const view_plan& plan)
{
    const auto existing = find_relation(edit, plan.name);
    oid view{};
    if (plan.replace && existing) {
        view = require_relation(edit, plan.name, 'v');
        require_same_columns(edit, view, plan);
        edit.run("DROP VIEW " + quote_identifier(plan.name));
        edit.run("DELETE FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1", {view});
        edit.run("DELETE FROM \"pg_catalog.pg_depend\" WHERE objid = ?1", {view});
        edit.run("DELETE FROM \"pg_catalog.weir_view\" WHERE viewrelid = ?1", {view});
        edit.run("UPDATE \"pg_catalog.pg_class\" SET relnatts = ?2 WHERE oid = ?1",
                 {view, plan.columns.size()});
    } else {
        require_free_name(edit, plan.name);
        view = add_relation(edit, plan.name, 'v', plan.columns.size());
    }
    std::vector<std::string> names;
    for (const result_column& each : plan.columns) {
        column_plan column;
        column.is.name = each.name;
        column.is.type = each.type;
        column.is.modifier = each.modifier;
        names.push_back(each.name);
        column.is.number = static_cast<std::int16_t>(names.size());
        add_column_row(edit, view, column);
    }
    edit.run("INSERT INTO \"pg_catalog.weir_view\" VALUES (?1, ?2)", {view, plan.source});
    edit.run("CREATE VIEW " + quote_identifier(plan.name) + " (" + quoted_list(names) + ") AS " +
             plan.sql);
    note_dependencies(edit, view, plan.name);
}

} // namespace

planned plan_create_view(const PgQuery__ViewStmt& tree, const definition_scope& scope)
{
    if (tree.with_check_option != PG_QUERY__VIEW_CHECK_OPTION__NO_CHECK_OPTION)
        refuse_feature("WITH CHECK OPTION");
    view_plan plan;
    plan.name = name_in_public(*tree.view);
    plan.replace = tree.replace;
    query_text query = must(emit_query(*tree.query, scope.tables, scope.settings));
    plan.sql = std::move(query.sql);
    plan.columns = std::move(query.columns);
    plan.source = must(deparse_query(*tree.query));
    const auto aliases = nodes::names(tree.n_aliases, tree.aliases);
    if (aliases.size() > plan.columns.size())
        refuse("42601", "CREATE VIEW specifies more column names than columns");
    for (std::size_t i = 0; i < aliases.size(); ++i)
        plan.columns[i].name = aliases[i];
    std::set<std::string_view> seen;
    for (result_column& column : plan.columns) {
        if (!seen.insert(column.name).second)
            refuse("42701", "column \"" + column.name + "\" specified more than once");
        if (column.type == type::unknown || column.type == type::none)
            column.type = type::text;
    }
    return {"CREATE VIEW",
            [plan = std::move(plan)](catalog_edit& edit) { create_view(edit, plan); }};
}

} // namespace weir::sqlite
