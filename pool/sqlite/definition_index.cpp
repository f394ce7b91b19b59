// CREATE INDEX, and the indexes behind keys.
#include "pool/sqlite/definition_plan.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/dialect/nodes.hpp"
#include "pool/sqlite/dialect/operator_table.hpp"

#include <utility>

namespace weir::sqlite {

namespace {

using nodes::items;

// What an expression is called in a default name: lower(email) -> "lower", anything else "expr".
std::string word_of(const PgQuery__Node& expression)
{
    if (expression.node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
        return "expr";
    const PgQuery__FuncCall& call = *expression.func_call;
    return std::string(nodes::text_of(*call.funcname[call.n_funcname - 1]));
}

// text_pattern_ops compares by bytes, which text does here anyway.
void check_operator_class(const PgQuery__IndexElem& tree)
{
    if (tree.n_opclass == 0)
        return;
    const std::string name(nodes::text_of(*tree.opclass[tree.n_opclass - 1]));
    if (!name.ends_with("_pattern_ops") && name != "text_ops" && name != "varchar_ops")
        refuse_feature("operator class " + name);
}

index_plan::element
read_element(const PgQuery__IndexElem& tree, const relation& table, const definition_scope& scope)
{
    check_operator_class(tree);
    index_plan::element element;
    element.descending = tree.ordering == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
    element.nulls_first =
        tree.nulls_ordering == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST ||
        (tree.nulls_ordering != PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_LAST && element.descending);
    if (tree.expr == nullptr) {
        element.column = tree.name;
        element.word = tree.name;
        if (table.find(tree.name) == nullptr)
            refuse("42703", "column \"" + element.column + "\" does not exist");
        return element;
    }
    const expression_text text =
        must(emit_expression(*tree.expr, table, scope.tables, scope.settings));
    element.sql = text.sql;
    const comparable_type* const compared = find_comparable(text.type);
    if (compared != nullptr && !compared->collation.empty())
        element.sql = '(' + element.sql + ") COLLATE " + std::string(compared->collation);
    element.source = must(deparse_expression(*tree.expr));
    element.word = word_of(*tree.expr);
    return element;
}

} // namespace

planned plan_create_index(const PgQuery__IndexStmt& tree, const definition_scope& scope)
{
    const std::string_view method = tree.access_method;
    if (method != "btree" && method != "hash")
        refuse_feature("an index of type " + std::string(method));
    if (tree.n_index_including_params > 0)
        refuse_feature("INCLUDE");
    if (tree.nulls_not_distinct)
        refuse_feature("NULLS NOT DISTINCT");
    index_plan plan;
    plan.name = tree.idxname;
    plan.table = name_in_public(*tree.relation);
    plan.unique = tree.unique;
    plan.if_not_exists = tree.if_not_exists;
    const relation* const table = scope.tables.find("public", plan.table);
    if (table == nullptr)
        refuse("42P01", "relation \"" + plan.table + "\" does not exist", tree.relation->location);
    if (table->kind != 'r')
        refuse("42809", "cannot create index on relation \"" + plan.table + '"');
    for (const PgQuery__Node* const item : items(tree.n_index_params, tree.index_params))
        plan.elements.push_back(read_element(*item->index_elem, *table, scope));
    if (tree.where_clause != nullptr) {
        plan.condition =
            must(emit_condition(*tree.where_clause, *table, scope.tables, scope.settings)).sql;
        plan.condition_source = must(deparse_expression(*tree.where_clause));
    }
    return {"CREATE INDEX", [plan = std::move(plan)](catalog_edit& edit) {
                if (plan.if_not_exists && !plan.name.empty() && find_relation(edit, plan.name))
                    return;
                create_index(edit, plan);
            }};
}

void create_index(catalog_edit& edit, index_plan plan, bool primary)
{
    const oid table = require_relation(edit, plan.table, 'r');
    if (plan.name.empty()) {
        std::vector<std::string> words;
        for (const index_plan::element& each : plan.elements)
            words.push_back(each.word);
        plan.name = default_name(edit, plan.table, joined(words, "_"), "idx");
    }
    require_free_name(edit, plan.name);
    std::vector<std::string> keys;
    std::vector<std::string> sources;
    std::vector<std::int64_t> numbers;
    std::vector<std::int64_t> options;
    for (const index_plan::element& each : plan.elements) {
        numbers.push_back(
            each.column.empty() ? 0 : require_column(edit, table, plan.table, each.column).number);
        options.push_back((each.descending ? 1 : 0) + (each.nulls_first ? 2 : 0));
        keys.push_back((each.column.empty() ? each.sql : quote_identifier(each.column)) +
                       (each.descending ? " DESC" : ""));
        if (each.column.empty())
            sources.push_back(each.source);
    }
    const oid index = add_relation(edit, plan.name, 'i', keys.size());
    const auto nullable = [](const std::string& text) {
        return text.empty() ? std::optional<std::string>() : std::optional(text);
    };
    const std::optional<std::string> expressions = nullable(joined(sources, ", "));
    const std::optional<std::string> condition = nullable(plan.condition_source);
    edit.run("INSERT INTO \"pg_catalog.pg_index\" (indexrelid, indrelid, indnatts, indnkeyatts, "
             "indisunique, indisprimary, indkey, indoption, indexprs, indpred) VALUES (?1, ?2, ?3, "
             "?3, ?4, ?5, ?6, ?7, ?8, ?9)",
             {index,
              table,
              keys.size(),
              plan.unique,
              primary,
              number_list(numbers, ' '),
              number_list(options, ' '),
              expressions,
              condition});
    edit.run("UPDATE \"pg_catalog.pg_class\" SET relhasindex = 1 WHERE oid = ?1", {table});
    edit.run(std::string(plan.unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ") +
             quote_identifier(plan.name) + " ON " + quote_identifier(plan.table) + " (" +
             joined(keys, ", ") + ')' + (plan.condition.empty() ? "" : " WHERE " + plan.condition));
}

void drop_index(catalog_edit& edit, oid index)
{
    const auto name =
        edit.first("SELECT relname FROM \"pg_catalog.pg_class\" WHERE oid = ?1", {index});
    if (!edit.first("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?1",
                    {name->text(0)}))
        refuse_feature("changing the keys of a table that another program made");
    edit.run("DROP INDEX " + quote_identifier(name->text(0)));
    edit.run("DELETE FROM \"pg_catalog.pg_index\" WHERE indexrelid = ?1", {index});
    edit.run("DELETE FROM \"pg_catalog.pg_description\" WHERE objoid = ?1", {index});
    edit.run("DELETE FROM \"pg_catalog.pg_class\" WHERE oid = ?1", {index});
}

} // namespace weir::sqlite
