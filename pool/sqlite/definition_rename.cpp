// RENAME and COMMENT ON: definitions that change words alone.
#include "pool/sqlite/definition_plan.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/dialect/nodes.hpp"

#include <utility>

namespace weir::sqlite {

namespace {

// SQLite follows the new name into its own views, indexes and constraints.
void rename_table(catalog_edit& edit,
                  const std::string& from,
                  const std::string& to,
                  bool if_exists)
{
    const auto known = find_relation(edit, from);
    if (!known && if_exists)
        return;
    const oid table = require_relation(edit, from, 'r');
    require_free_name(edit, to);
    edit.run("ALTER TABLE " + quote_identifier(from) + " RENAME TO " + quote_identifier(to));
    edit.run("UPDATE \"pg_catalog.pg_class\" SET relname = ?2 WHERE oid = ?1", {table, to});
}

void rename_column(catalog_edit& edit,
                   const std::string& table_name,
                   const std::string& from,
                   const std::string& to)
{
    const oid table = require_relation(edit, table_name, 'r');
    const known_column column = require_column(edit, table, table_name, from);
    if (edit.first(
            "SELECT 1 FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1 AND lower(attname) "
            "= lower(?2) AND attname <> ?3 AND NOT attisdropped",
            {table, to, from}))
        refuse("42701", "column \"" + to + "\" of relation \"" + table_name + "\" already exists");
    edit.run("ALTER TABLE " + quote_identifier(table_name) + " RENAME COLUMN " +
             quote_identifier(from) + " TO " + quote_identifier(to));
    edit.run("UPDATE \"pg_catalog.pg_attribute\" SET attname = ?3 WHERE attrelid = ?1 AND attnum = "
             "?2",
             {table, column.number, to});
}

void rename_sequence(catalog_edit& edit, const std::string& from, const std::string& to)
{
    const oid sequence = require_relation(edit, from, 'S');
    require_free_name(edit, to);
    edit.run("UPDATE \"pg_catalog.pg_class\" SET relname = ?2 WHERE oid = ?1", {sequence, to});
}

void set_comment(
    catalog_edit& edit, oid object, oid kind, std::int64_t column, const std::string& comment)
{
    edit.run("DELETE FROM \"pg_catalog.pg_description\" WHERE objoid = ?1 AND classoid = ?2 AND "
             "objsubid = ?3",
             {object, kind, column});
    if (!comment.empty())
        edit.run("INSERT INTO \"pg_catalog.pg_description\" VALUES (?1, ?2, ?3, ?4)",
                 {object, kind, column, comment});
}

} // namespace

planned plan_rename(const PgQuery__RenameStmt& tree)
{
    const std::string to = tree.newname;
    switch (tree.rename_type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
        return {"ALTER TABLE",
                [from = name_in_public(*tree.relation), to, if_exists = tree.missing_ok != 0](
                    catalog_edit& edit) { rename_table(edit, from, to, if_exists); }};
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN:
        if (tree.relation_type != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
            refuse_feature("renaming a column of anything but a table");
        return {"ALTER TABLE",
                [table = name_in_public(*tree.relation), from = std::string(tree.subname), to](
                    catalog_edit& edit) { rename_column(edit, table, from, to); }};
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
        return {"ALTER SEQUENCE", [from = name_in_public(*tree.relation), to](catalog_edit& edit) {
                    rename_sequence(edit, from, to);
                }};
    default: refuse_feature("this kind of RENAME");
    }
}

planned plan_comment(const PgQuery__CommentStmt& tree)
{
    const std::string comment = tree.comment;
    const PgQuery__List* const list =
        tree.object != nullptr && tree.object->node_case == PG_QUERY__NODE__NODE_LIST
            ? tree.object->list
            : nullptr;
    const auto of_relation = [&](char kind) -> planned {
        return {
            "COMMENT",
            [name = name_in_public(list->n_items, list->items), kind, comment](catalog_edit& edit) {
                set_comment(edit,
                            require_relation(edit, name, kind),
                            catalog_oid::pg_class,
                            0,
                            comment);
            }};
    };
    switch (tree.objtype) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE: return of_relation('r');
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW: return of_relation('v');
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX: return of_relation('i');
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE: return of_relation('S');
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN:
        return {"COMMENT",
                [table = name_in_public(list->n_items - 1, list->items),
                 column = std::string(nodes::text_of(*list->items[list->n_items - 1])),
                 comment](catalog_edit& edit) {
                    const auto known = find_relation(edit, table);
                    const oid id =
                        require_relation(edit, table, known && known->kind == 'v' ? 'v' : 'r');
                    const known_column found = require_column(edit, id, table, column);
                    set_comment(edit, id, catalog_oid::pg_class, found.number, comment);
                }};
    default: refuse_feature("COMMENT ON anything but a relation or column");
    }
}

} // namespace weir::sqlite
