// CREATE TABLE: reading its columns and constraints, and making the table.
#include "pool/sqlite/definition_plan.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/dialect/nodes.hpp"
#include "pool/sqlite/table_text.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::items;
using nodes::names;

std::string_view last_name(const PgQuery__TypeName& type)
{
    return type.n_names == 0 ? std::string_view{} : nodes::text_of(*type.names[type.n_names - 1]);
}

// serial, bigserial and smallserial are no types but an integer with a sequence.
std::optional<oid> serial_type(const PgQuery__TypeName& type)
{
    static const std::map<std::string_view, oid> known{{"serial", type::int4},
                                                       {"serial4", type::int4},
                                                       {"bigserial", type::int8},
                                                       {"serial8", type::int8},
                                                       {"smallserial", type::int2},
                                                       {"serial2", type::int2}};
    const auto found = known.find(last_name(type));
    if (found == known.end() || type.n_names > 1 || type.n_array_bounds > 0)
        return std::nullopt;
    return found->second;
}

sequence_plan sequence_for(oid type)
{
    sequence_plan plan;
    plan.type = type;
    if (type == type::int4)
        plan.largest = std::numeric_limits<std::int32_t>::max();
    else if (type == type::int2)
        plan.largest = std::numeric_limits<std::int16_t>::max();
    return plan;
}

std::vector<std::string> owned_names(std::size_t count, PgQuery__Node* const* list)
{
    std::vector<std::string> out;
    for (const std::string_view name : names(count, list))
        out.emplace_back(name);
    return out;
}

// The columns that an expression speaks of, in the order of the tree.
void collect_columns(const ProtobufCMessage& message, std::vector<std::string>& into)
{
    if (message.descriptor == &pg_query__column_ref__descriptor) {
        const auto& reference = reinterpret_cast<const PgQuery__ColumnRef&>(message);
        const PgQuery__Node& last = *reference.fields[reference.n_fields - 1];
        if (last.node_case == PG_QUERY__NODE__NODE_STRING &&
            std::ranges::find(into, nodes::text_of(last)) == into.end())
            into.emplace_back(nodes::text_of(last));
        return;
    }
    const auto* const base = reinterpret_cast<const char*>(&message);
    for (unsigned i = 0; i < message.descriptor->n_fields; ++i) {
        const ProtobufCFieldDescriptor& field = message.descriptor->fields[i];
        if (field.type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (field.label == PROTOBUF_C_LABEL_REPEATED) {
            const auto count =
                *reinterpret_cast<const std::size_t*>(base + field.quantifier_offset);
            auto* const* const each =
                *reinterpret_cast<ProtobufCMessage* const* const*>(base + field.offset);
            for (std::size_t n = 0; n < count; ++n)
                collect_columns(*each[n], into);
            continue;
        }
        const bool is_chosen =
            (field.flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 ||
            *reinterpret_cast<const std::uint32_t*>(base + field.quantifier_offset) == field.id;
        const auto* const child =
            *reinterpret_cast<const ProtobufCMessage* const*>(base + field.offset);
        if (is_chosen && child != nullptr)
            collect_columns(*child, into);
    }
}

void refuse_deferrable(const PgQuery__Constraint& tree)
{
    if (tree.deferrable || tree.initdeferred)
        refuse_feature("a DEFERRABLE unique constraint", tree.location);
}

check_plan
read_check(const PgQuery__Constraint& tree, const relation& table, const definition_scope& scope)
{
    check_plan plan;
    plan.name = tree.conname;
    plan.sql = must(emit_condition(*tree.raw_expr, table, scope.tables, scope.settings)).sql;
    plan.source = must(deparse_expression(*tree.raw_expr));
    collect_columns(tree.raw_expr->base, plan.columns);
    return plan;
}

char action_of(const char* text) { return text[0] == 0 ? 'a' : text[0]; }

foreign_key_plan read_foreign_key(const PgQuery__Constraint& tree, std::vector<std::string> columns)
{
    if (tree.n_fk_del_set_cols > 0)
        refuse_feature("ON DELETE SET NULL (columns)", tree.location);
    if (tree.fk_matchtype[0] == 'p' || (tree.fk_matchtype[0] == 'f' && columns.size() > 1))
        refuse_feature(tree.fk_matchtype[0] == 'p' ? "MATCH PARTIAL" : "MATCH FULL", tree.location);
    foreign_key_plan plan;
    plan.name = tree.conname;
    plan.columns = std::move(columns);
    plan.referenced_table = name_in_public(*tree.pktable);
    plan.referenced_columns = owned_names(tree.n_pk_attrs, tree.pk_attrs);
    plan.on_update = action_of(tree.fk_upd_action);
    plan.on_delete = action_of(tree.fk_del_action);
    plan.deferrable = tree.deferrable || tree.initdeferred;
    plan.deferred = tree.initdeferred;
    if (!plan.referenced_columns.empty() && plan.referenced_columns.size() != plan.columns.size())
        refuse("42830",
               "number of referencing and referenced columns for foreign key disagree",
               tree.location);
    return plan;
}

void read_column_constraints(const PgQuery__ColumnDef& tree,
                             column_plan& column,
                             relation& table,
                             constraint_plans& constraints,
                             const definition_scope& scope)
{
    const std::string name = tree.colname;
    foreign_key_plan* last_foreign_key = nullptr; // what DEFERRABLE speaks of
    bool says_null = false;
    for (const PgQuery__Node* const item : items(tree.n_constraints, tree.constraints)) {
        const PgQuery__Constraint& each = *item->constraint;
        switch (each.contype) {
        case PG_QUERY__CONSTR_TYPE__CONSTR_NULL: says_null = true; break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL: column.is.not_null = true; break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
            if (column.sequence || column.is.has_default)
                refuse("42601",
                       "multiple default values specified for column \"" + name + "\" of table \"" +
                           table.name + '"',
                       each.location);
            read_default(*each.raw_expr, column.is, scope);
            break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
            if (column.is.type != type::int2 && column.is.type != type::int4 &&
                column.is.type != type::int8)
                refuse("22023", "identity column type must be smallint, integer, or bigint");
            if (column.sequence || column.is.has_default)
                refuse("42601",
                       "both default and identity specified for column \"" + name +
                           "\" of table \"" + table.name + '"',
                       each.location);
            column.identity = each.generated_when[0];
            column.sequence = read_sequence_options(each.n_options, each.options, column.is.type);
            column.is.not_null = true;
            break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
            refuse_feature("a generated column", each.location);
        case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
        case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
            refuse_deferrable(each);
            constraints.keys.push_back(
                {each.conname, each.contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY, {name}});
            break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK: break; // below, when the column is complete
        case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
            constraints.foreign_keys.push_back(read_foreign_key(each, {name}));
            last_foreign_key = &constraints.foreign_keys.back();
            break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE:
        case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED:
            if (last_foreign_key == nullptr)
                refuse_feature("a DEFERRABLE unique constraint", each.location);
            last_foreign_key->deferrable = true;
            last_foreign_key->deferred =
                last_foreign_key->deferred ||
                each.contype == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED;
            break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_NOT_DEFERRABLE:
        case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_IMMEDIATE: break;
        default: refuse_feature("this kind of column constraint", each.location);
        }
    }
    if (says_null && column.is.not_null)
        refuse("42601",
               "conflicting NULL/NOT NULL declarations for column \"" + name + "\" of table \"" +
                   table.name + '"',
               tree.location);
}

// The primary key's columns are NOT NULL, and there is one primary key.
void settle_keys(std::vector<column_plan>& columns,
                 const relation& table,
                 const constraint_plans& constraints)
{
    bool seen_primary = false;
    for (const key_plan& key : constraints.keys) {
        if (key.primary && std::exchange(seen_primary, true))
            refuse("42P16",
                   "multiple primary keys for table \"" + table.name + "\" are not allowed");
        for (const std::string& name : key.columns) {
            const auto column = std::ranges::find(columns, name, [](const column_plan& each) {
                return each.is.name;
            });
            if (column == columns.end())
                refuse("42703", "column \"" + name + "\" named in key does not exist");
            column->is.not_null = column->is.not_null || key.primary;
        }
    }
}

void make_table(catalog_edit& edit,
                const std::string& name,
                std::vector<column_plan> columns,
                const constraint_plans& constraints)
{
    require_free_name(edit, name);
    const oid table = add_relation(edit, name, 'r', columns.size());
    std::vector<std::string> elements;
    for (column_plan& column : columns) {
        if (column.sequence)
            give_sequence(edit, table, name, column);
        add_column_row(edit, table, column);
        elements.push_back(column_element(column.is));
    }
    for (const check_plan& check : constraints.checks)
        elements.push_back(add_check(edit, table, name, check));
    edit.run("CREATE TABLE " + quote_identifier(name) + " (\n    " + joined(elements, ",\n    ") +
             "\n)");
    for (const key_plan& key : constraints.keys)
        add_key(edit, table, name, key);
    if (constraints.foreign_keys.empty())
        return;
    // Last, since a table may refer to itself: its keys must be there.
    table_text text = table_text::of(edit, name);
    for (const foreign_key_plan& key : constraints.foreign_keys)
        text.add(add_foreign_key(edit, table, name, key));
    text.store(edit, name);
}

} // namespace

std::string name_in_public(const PgQuery__RangeVar& range)
{
    if (range.relpersistence[0] == 't')
        refuse_feature("a temporary table", range.location);
    if (range.catalogname[0] != 0)
        refuse("0A000", "cross-database references are not implemented", range.location);
    const std::string_view schema = range.schemaname;
    if (schema == "pg_catalog" || schema == "information_schema")
        refuse("42501", "permission denied for schema " + std::string(schema), range.location);
    if (!schema.empty() && schema != "public")
        refuse("3F000", "schema \"" + std::string(schema) + "\" does not exist", range.location);
    return range.relname;
}

std::string name_in_public(std::size_t count, PgQuery__Node* const* list)
{
    const std::vector<std::string_view> parts = names(count, list);
    if (count == 2 && parts[0] != "public")
        refuse("3F000", "schema \"" + std::string(parts[0]) + "\" does not exist");
    if (count == 0 || count > 2)
        refuse("0A000", "cross-database references are not implemented");
    return std::string(parts.back());
}

void read_default(const PgQuery__Node& expression,
                  column_definition& column,
                  const definition_scope& scope)
{
    const bool is_null =
        expression.node_case == PG_QUERY__NODE__NODE_A_CONST && expression.a_const->isnull != 0;
    if (is_null) // says nothing new
        return;
    column.emitted_default =
        must(emit_default(expression, column, scope.tables, scope.settings)).sql;
    column.default_sql = must(deparse_expression(expression));
    column.has_default = true;
}

column_plan read_column(const PgQuery__ColumnDef& tree,
                        relation& table,
                        constraint_plans& constraints,
                        const definition_scope& scope)
{
    column_plan column;
    column.is.name = tree.colname;
    column.is.number = static_cast<std::int16_t>(table.columns.size() + 1);
    for (const column_definition& other : table.columns) {
        if (other.name == column.is.name)
            refuse("42701",
                   "column \"" + column.is.name + "\" specified more than once",
                   tree.location);
        if (sqlite3_stricmp(other.name.c_str(), tree.colname) == 0)
            refuse_feature("a column name that differs from \"" + other.name + "\" by case alone",
                           tree.location);
    }
    if (const auto serial = serial_type(*tree.type_name)) {
        column.is.type = *serial;
        column.is.not_null = true;
        column.sequence = sequence_for(*serial);
    } else {
        const type_use use = must(resolve_type(*tree.type_name));
        column.is.type = use.type;
        column.is.modifier = use.modifier;
    }
    if (tree.coll_clause != nullptr) {
        const auto words = names(tree.coll_clause->n_collname, tree.coll_clause->collname);
        if (words.back() != "C" && words.back() != "POSIX" && words.back() != "default")
            refuse_feature("a COLLATE other than \"C\"", tree.coll_clause->location);
    }
    read_column_constraints(tree, column, table, constraints, scope);
    table.columns.push_back(column.is);
    for (const PgQuery__Node* const item : items(tree.n_constraints, tree.constraints))
        if (item->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_CHECK)
            constraints.checks.push_back(read_check(*item->constraint, table, scope));
    return column;
}

void read_constraint(const PgQuery__Constraint& tree,
                     const relation& table,
                     constraint_plans& constraints,
                     const definition_scope& scope)
{
    switch (tree.contype) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
        refuse_deferrable(tree);
        if (tree.n_including > 0)
            refuse_feature("INCLUDE", tree.location);
        if (tree.nulls_not_distinct)
            refuse_feature("NULLS NOT DISTINCT", tree.location);
        if (tree.indexname[0] != 0)
            refuse_feature("a constraint USING INDEX", tree.location);
        constraints.keys.push_back({tree.conname,
                                    tree.contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY,
                                    owned_names(tree.n_keys, tree.keys)});
        return;
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
        constraints.checks.push_back(read_check(tree, table, scope));
        return;
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
        constraints.foreign_keys.push_back(
            read_foreign_key(tree, owned_names(tree.n_fk_attrs, tree.fk_attrs)));
        return;
    case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
        refuse_feature("an EXCLUDE constraint", tree.location);
    default: refuse_feature("this kind of constraint", tree.location);
    }
}

planned plan_create_table(const PgQuery__CreateStmt& tree, const definition_scope& scope)
{
    if (tree.n_inh_relations > 0)
        refuse_feature(tree.partbound != nullptr ? "a partition" : "INHERITS");
    if (tree.partspec != nullptr)
        refuse_feature("PARTITION BY");
    if (tree.of_typename != nullptr)
        refuse_feature("CREATE TABLE OF");
    relation table;
    table.schema = "public";
    table.name = name_in_public(*tree.relation);
    std::vector<column_plan> columns;
    constraint_plans constraints;
    // Table constraints may stand before the columns they speak of.
    for (const PgQuery__Node* const item : items(tree.n_table_elts, tree.table_elts)) {
        if (item->node_case == PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE)
            refuse_feature("LIKE in CREATE TABLE");
        if (item->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
            columns.push_back(read_column(*item->column_def, table, constraints, scope));
    }
    for (const PgQuery__Node* const item : items(tree.n_table_elts, tree.table_elts))
        if (item->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
            read_constraint(*item->constraint, table, constraints, scope);
    if (columns.empty())
        refuse_feature("a table without columns");
    settle_keys(columns, table, constraints);
    return {"CREATE TABLE",
            [name = table.name,
             columns = std::move(columns),
             constraints = std::move(constraints),
             if_not_exists = tree.if_not_exists != 0](catalog_edit& edit) {
                if (if_not_exists && find_relation(edit, name))
                    return;
                make_table(edit, name, columns, constraints);
            }};
}

} // namespace weir::sqlite
