// DROP TABLE, INDEX, VIEW and SEQUENCE, with what depends on them.
#include "pool/sqlite/definition_plan.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/dialect/nodes.hpp"

#include <algorithm>
#include <utility>

namespace weir::sqlite {

namespace {

constexpr auto cascade_hint = "Use DROP ... CASCADE to drop the dependent objects too.";

struct doomed {
    oid id{};
    std::string name;
};

// References from tables that stay; those among the doomed go with them.
void drop_references(catalog_edit& edit,
                     const std::vector<doomed>& tables,
                     const doomed& table,
                     bool cascade)
{
    for (const auto& row : edit.rows(
             "SELECT k.oid, k.conname, c.oid, c.relname FROM \"pg_catalog.pg_constraint\" k "
             "JOIN \"pg_catalog.pg_class\" c ON c.oid = k.conrelid WHERE k.confrelid = ?1 AND "
             "k.contype = 'f' AND k.conrelid <> ?1",
             {table.id})) {
        const bool goes_too = std::ranges::find(tables, row.id(2), &doomed::id) != tables.end();
        if (!cascade && !goes_too)
            refuse("2BP01",
                   "cannot drop table " + table.name + " because other objects depend on it",
                   -1,
                   cascade_hint,
                   "constraint " + row.text(1) + " on table " + row.text(3) + " depends on table " +
                       table.name);
        drop_constraint(edit, row.id(0), row.text(3));
    }
}

void drop_tables(catalog_edit& edit, const std::vector<doomed>& tables, bool cascade)
{
    for (const doomed& each : tables) {
        deal_with_views(edit, each.id, std::nullopt, "table " + each.name, cascade);
        drop_references(edit, tables, each, cascade);
    }
    for (const doomed& each : tables) {
        drop_sequences_of(edit, each.id, std::nullopt);
        edit.run("DROP TABLE " + quote_identifier(each.name));
        forget_relation(edit, each.id);
    }
}

void drop_views(catalog_edit& edit, const std::vector<doomed>& views, bool cascade)
{
    for (const doomed& each : views) {
        if (!find_relation(edit, each.name))
            continue; // gone with one before it
        deal_with_views(edit, each.id, std::nullopt, "view " + each.name, cascade);
        edit.run("DROP VIEW " + quote_identifier(each.name));
        forget_relation(edit, each.id);
    }
}

void drop_indexes(catalog_edit& edit, const std::vector<doomed>& indexes)
{
    for (const doomed& each : indexes) {
        const auto constraint =
            edit.first("SELECT k.conname, c.relname FROM \"pg_catalog.pg_constraint\" k JOIN "
                       "\"pg_catalog.pg_class\" c ON c.oid = k.conrelid WHERE k.conindid = ?1 AND "
                       "k.contype IN ('p', 'u')",
                       {each.id});
        if (constraint) {
            const std::string what =
                "constraint " + constraint->text(0) + " on table " + constraint->text(1);
            refuse("2BP01",
                   "cannot drop index " + each.name + " because " + what + " requires it",
                   -1,
                   "You can drop " + what + " instead.");
        }
        drop_index(edit, each.id);
    }
}

void drop_sequences(catalog_edit& edit, const std::vector<doomed>& sequences, bool cascade)
{
    for (const doomed& each : sequences) {
        const auto user =
            edit.first("SELECT a.attname, c.relname, a.attrelid, a.attnum FROM "
                       "\"pg_catalog.weir_default\" w JOIN \"pg_catalog.pg_attribute\" a ON "
                       "a.attrelid = w.adrelid AND a.attnum = w.adnum JOIN \"pg_catalog.pg_class\" "
                       "c ON c.oid = a.attrelid WHERE w.sql = 'pg_nextval(' || ?1 || ')'",
                       {each.id});
        if (user && !cascade)
            refuse("2BP01",
                   "cannot drop sequence " + each.name + " because other objects depend on it",
                   -1,
                   cascade_hint,
                   "default value for column " + user->text(0) + " of table " + user->text(1) +
                       " depends on sequence " + each.name);
        if (user) {
            column_definition none;
            none.number = static_cast<std::int16_t>(user->integer(3));
            add_default_rows(edit, user->id(2), none);
        }
        forget_relation(edit, each.id);
    }
}

std::pair<char, std::string_view> kind_of(PgQuery__ObjectType type)
{
    switch (type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE: return {'r', "table"};
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW: return {'v', "view"};
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX: return {'i', "index"};
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE: return {'S', "sequence"};
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA: refuse_feature("DROP SCHEMA");
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE: refuse_feature("DROP TYPE");
    case PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION: refuse_feature("DROP EXTENSION");
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION: refuse_feature("DROP FUNCTION");
    default: refuse_feature("this kind of DROP");
    }
}

} // namespace

planned plan_drop(const PgQuery__DropStmt& tree)
{
    const auto [kind, word] = kind_of(tree.remove_type);
    std::vector<std::string> names;
    for (const PgQuery__Node* const item : nodes::items(tree.n_objects, tree.objects))
        names.push_back(name_in_public(item->list->n_items, item->list->items));
    std::string tag = "DROP ";
    for (const char c : word)
        tag.push_back(static_cast<char>(c - 'a' + 'A'));
    return {tag,
            [kind = kind, // clang 14 cannot capture a structured binding by its name alone
             word = word,
             names,
             if_exists = tree.missing_ok != 0,
             cascade = tree.behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE](catalog_edit& edit) {
                std::vector<doomed> found;
                for (const std::string& name : names) {
                    const auto known = find_relation(edit, name);
                    if (!known && if_exists)
                        continue;
                    if (!known)
                        refuse("42P01", std::string(word) + " \"" + name + "\" does not exist");
                    if (std::ranges::find(found, known->id, &doomed::id) == found.end())
                        found.push_back({require_relation(edit, name, kind), name});
                }
                switch (kind) {
                case 'r': return drop_tables(edit, found, cascade);
                case 'v': return drop_views(edit, found, cascade);
                case 'i': return drop_indexes(edit, found);
                default: return drop_sequences(edit, found, cascade);
                }
            }};
}

} // namespace weir::sqlite
