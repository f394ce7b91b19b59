#include "pool/sqlite/dialect/expression_text.hpp"

#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/emit.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/tree_walk.hpp"
#include "pool/sqlite/dialect/type_rules.hpp"

#include <pg_query.h>

#include <cstring>
#include <utility>

namespace weir::sqlite {

namespace {

using tree::expression_ptr;

// A relation whose columns an expression may name, as CHECK and indexes do.
struct table_scope {
    explicit table_scope(const relation& of) : from(std::make_shared<tree::source>())
    {
        from->is = tree::table_source{&of};
        from->name = of.name;
        for (const column_definition& each : of.columns)
            from->columns.push_back({each.name,
                                     each.name,
                                     each.type,
                                     each.modifier,
                                     each.not_null,
                                     of.id,
                                     each.number});
        for (std::size_t i = 0; i < of.columns.size(); ++i) {
            const column_definition& column = of.columns[i];
            names.columns.push_back({column.name,
                                     of.name,
                                     make({tree::column_use{from.get(), i, column.not_null},
                                           column.type,
                                           column.modifier,
                                           -1})});
        }
        names.tables.push_back({of.name, &of, false});
    }

    tree::source_ptr from;
    scope names;
};

void refuse_subqueries(const tree::expression& of, const char* where)
{
    if (std::holds_alternative<tree::subquery>(of.is))
        refuse("0A000", std::string("cannot use subquery in ") + where, of.offset);
    tree::each_child(of, [&](const tree::expression& child) { refuse_subqueries(child, where); });
}

analysis definition_analysis(const catalog& tables, const analysis_settings& settings)
{
    analysis all{tables, settings, {}};
    all.parameters_allowed = false;
    return all;
}

expression_text text_of(const tree::expression& of)
{
    return {emit(of, column_style::bare), of.type, of.modifier};
}

// One statement of libpg_query's, built around a part of another, as text again.
result<std::string> deparse(PgQuery__Node& statement)
{
    PgQuery__RawStmt raw;
    pg_query__raw_stmt__init(&raw);
    raw.stmt = &statement;
    PgQuery__RawStmt* statements[] = {&raw};
    PgQuery__ParseResult parsed;
    pg_query__parse_result__init(&parsed);
    parsed.version = PG_VERSION_NUM;
    parsed.n_stmts = 1;
    parsed.stmts = statements;
    std::string packed(pg_query__parse_result__get_packed_size(&parsed), '\0');
    pg_query__parse_result__pack(&parsed, reinterpret_cast<std::uint8_t*>(packed.data()));
    PgQueryDeparseResult answer = pg_query_deparse_protobuf({packed.size(), packed.data()});
    result<std::string> text =
        answer.error ? result<std::string>(error{sqlstate{"XX000"}, answer.error->message})
                     : result<std::string>(std::string(answer.query));
    pg_query_free_deparse_result(answer);
    return text;
}

} // namespace

result<type_use> resolve_type(const PgQuery__TypeName& name)
{
    return refusing({}, [&] { return type_named(name); });
}

result<expression_text> emit_default(const PgQuery__Node& expression,
                                     const column_definition& column,
                                     const catalog& tables,
                                     const analysis_settings& settings)
{
    return refusing({}, [&] {
        analysis all = definition_analysis(tables, settings);
        const scope names;
        clause where{"DEFAULT expressions"};
        place at{all, names, where, {}};
        if (expression.node_case == PG_QUERY__NODE__NODE_COLUMN_REF)
            refuse("0A000", "cannot use column reference in DEFAULT expression");
        expression_ptr value = analyse_expression(at, expression);
        refuse_subqueries(*value, "DEFAULT expression");
        const oid from = value->type;
        value = coerce(all, std::move(value), column.type, cast_context::assignment);
        if (!value)
            refuse("42804",
                   "column \"" + column.name + "\" is of type " + spelling_of(column.type) +
                       " but default expression is of type " + spelling_of(from),
                   -1,
                   "You will need to rewrite or cast the expression.");
        return text_of(*apply_modifier(std::move(value), column.modifier, true));
    });
}

result<expression_text> emit_condition(const PgQuery__Node& expression,
                                       const relation& of,
                                       const catalog& tables,
                                       const analysis_settings& settings)
{
    return refusing({}, [&] {
        analysis all = definition_analysis(tables, settings);
        const table_scope table{of};
        clause where{"check constraints"};
        place at{all, table.names, where, {}};
        const expression_ptr value =
            coerce_to_boolean(all, analyse_expression(at, expression), "CHECK");
        refuse_subqueries(*value, "check constraint");
        return text_of(*value);
    });
}

result<expression_text> emit_expression(const PgQuery__Node& expression,
                                        const relation& of,
                                        const catalog& tables,
                                        const analysis_settings& settings)
{
    return refusing({}, [&] {
        analysis all = definition_analysis(tables, settings);
        const table_scope table{of};
        clause where{"index expressions"};
        place at{all, table.names, where, {}};
        const expression_ptr value = settle(all, analyse_expression(at, expression));
        refuse_subqueries(*value, "index expression");
        return text_of(*value);
    });
}

result<query_text>
emit_query(const PgQuery__Node& select, const catalog& tables, const analysis_settings& settings)
{
    return refusing({}, [&] {
        analysis all = definition_analysis(tables, settings);
        const tree::query_ptr query = analyse_query(all, select, nullptr);
        return query_text{emit(*query, column_names::named), query->columns};
    });
}

result<std::string> deparse_query(const PgQuery__Node& select)
{
    // The tree is only read, but the C structures have no word for that.
    return deparse(const_cast<PgQuery__Node&>(select));
}

// libpg_query writes statements only: the expression goes in as SELECT's and loses that word again.
result<std::string> deparse_expression(const PgQuery__Node& expression)
{
    PgQuery__ResTarget target;
    pg_query__res_target__init(&target);
    target.val = const_cast<PgQuery__Node*>(&expression);
    PgQuery__Node target_node;
    pg_query__node__init(&target_node);
    target_node.node_case = PG_QUERY__NODE__NODE_RES_TARGET;
    target_node.res_target = &target;
    PgQuery__Node* targets[] = {&target_node};
    PgQuery__SelectStmt select;
    pg_query__select_stmt__init(&select);
    select.n_target_list = 1;
    select.target_list = targets;
    select.limit_option = PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_DEFAULT;
    select.op = PG_QUERY__SET_OPERATION__SETOP_NONE;
    PgQuery__Node statement;
    pg_query__node__init(&statement);
    statement.node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
    statement.select_stmt = &select;
    result<std::string> text = deparse(statement);
    if (text)
        text->erase(0, std::strlen("SELECT "));
    return text;
}

} // namespace weir::sqlite
