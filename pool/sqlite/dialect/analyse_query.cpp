// Queries: what surrounds a SELECT, VALUES, UNION and their kin.
#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/output_column.hpp"
#include "pool/sqlite/dialect/refusal.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::node;
using tree::expression_ptr;

bool is_unknown(oid of) { return of == type::none || of == type::unknown; }

// The value a column of a query has, for what its type may become: an untyped literal as itself.
expression_ptr stand_in(const result_column& of)
{
    return make_call("NULL", {}, is_unknown(of.type) ? type::unknown : of.type, -1);
}

std::string_view name_of(const PgQuery__SelectStmt& of)
{
    switch (of.op) {
    case PG_QUERY__SET_OPERATION__SETOP_INTERSECT: return "INTERSECT";
    case PG_QUERY__SET_OPERATION__SETOP_EXCEPT: return "EXCEPT";
    default: return "UNION";
    }
}

tree::set_operator operator_of(const PgQuery__SelectStmt& of)
{
    switch (of.op) {
    case PG_QUERY__SET_OPERATION__SETOP_INTERSECT:
        if (of.all)
            refuse_feature("INTERSECT ALL");
        return tree::set_operator::intersect;
    case PG_QUERY__SET_OPERATION__SETOP_EXCEPT:
        if (of.all)
            refuse_feature("EXCEPT ALL");
        return tree::set_operator::except;
    default: return of.all ? tree::set_operator::union_all : tree::set_operator::union_;
    }
}

void analyse_set(analysis& all,
                 const PgQuery__SelectStmt& of,
                 const scope& names,
                 tree::query& into,
                 literals untyped)
{
    tree::set_body body{operator_of(of),
                        analyse_query(all, *of.larg, &names, literals::keep),
                        analyse_query(all, *of.rarg, &names, literals::keep)};
    const std::string_view name = name_of(of);
    if (body.left->columns.size() != body.right->columns.size())
        refuse("42601",
               "each " + std::string(name) + " query must have the same number of columns");
    into.columns = body.left->columns;
    for (std::size_t i = 0; i < into.columns.size(); ++i) {
        result_column& column = into.columns[i];
        const result_column& left = body.left->columns[i];
        const result_column& right = body.right->columns[i];
        // Two untyped literals stay so only if somebody outside may still type them, and nobody
        // compares them here.
        const bool open =
            untyped == literals::keep && is_unknown(left.type) && is_unknown(right.type);
        if (!open) {
            const std::array both{stand_in(left), stand_in(right)};
            column.type = common_type(both, name);
            column.modifier =
                left.type == right.type && left.modifier == right.modifier ? left.modifier : -1;
            coerce_column(all, *body.left, i, column.type, name);
            coerce_column(all, *body.right, i, column.type, name);
        }
        column.table = {};
        column.number = 0;
    }
    for (const node* each : nodes::items(of.n_sort_clause, of.sort_clause)) {
        const PgQuery__SortBy& key = *each->sort_by;
        int ordinal = ordinal_of(*key.node, "ORDER BY", into.columns.size()).value_or(0);
        if (const std::string_view column = bare_name(*key.node); ordinal == 0 && !column.empty())
            ordinal = output_named(column,
                                   into.columns,
                                   nullptr,
                                   "ORDER BY",
                                   nodes::location_of(*key.node));
        if (ordinal == 0)
            refuse("0A000",
                   "invalid UNION/INTERSECT/EXCEPT ORDER BY clause",
                   nodes::location_of(*key.node),
                   "Add the expression/function to every SELECT, or move the UNION into a FROM "
                   "clause.",
                   "Only result column names can be used, not expressions or functions.");
        tree::sort_key made =
            analyse_sort_key(key, stand_in(into.columns[static_cast<std::size_t>(ordinal) - 1]));
        made.ordinal = static_cast<std::size_t>(ordinal);
        into.order.push_back(std::move(made));
    }
    into.body = std::move(body);
}

void analyse_values(analysis& all,
                    const PgQuery__SelectStmt& of,
                    const scope& names,
                    tree::query& into,
                    literals untyped)
{
    clause where{"VALUES"};
    place at{all, names, where, {}};
    tree::values_body body;
    for (const node* each : nodes::items(of.n_values_lists, of.values_lists)) {
        body.rows.push_back(analyse_all(at, nodes::items(*each->list)));
        if (body.rows.back().size() != body.rows.front().size())
            refuse("42601",
                   "VALUES lists must all be the same length",
                   nodes::location_of(*each->list->items[0]));
    }
    for (std::size_t i = 0; i < body.rows.front().size(); ++i) {
        std::vector<expression_ptr> values;
        for (const auto& row : body.rows)
            values.push_back(row[i]);
        const bool open =
            untyped == literals::keep && std::ranges::all_of(values, [](const expression_ptr& v) {
                return is_unknown(v->type);
            });
        const oid common = open ? type::unknown : common_type(values, "VALUES");
        if (!open)
            for (auto& row : body.rows)
                row[i] = coerce_to_common(all, std::move(row[i]), common, "VALUES");
        into.columns.push_back(
            {"column" + std::to_string(i + 1), common, open ? -1 : common_modifier(values)});
    }
    into.body = std::move(body);
    for (const node* each : nodes::items(of.n_sort_clause, of.sort_clause)) {
        const auto ordinal = ordinal_of(*each->sort_by->node, "ORDER BY", into.columns.size());
        const int number = ordinal ? *ordinal
                                   : output_named(bare_name(*each->sort_by->node),
                                                  into.columns,
                                                  nullptr,
                                                  "ORDER BY",
                                                  -1);
        if (number == 0)
            refuse_feature("ORDER BY of an expression over VALUES",
                           nodes::location_of(*each->sort_by->node));
        tree::sort_key made =
            analyse_sort_key(*each->sort_by,
                             stand_in(into.columns[static_cast<std::size_t>(number) - 1]));
        made.ordinal = static_cast<std::size_t>(number);
        into.order.push_back(std::move(made));
    }
}

void analyse_limit(analysis& all,
                   const PgQuery__SelectStmt& of,
                   const scope* outer,
                   tree::query& into)
{
    if (of.limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES)
        refuse_feature("FETCH FIRST WITH TIES");
    scope around; // no columns: a limit is one number for all rows
    around.outer = outer;
    const auto count = [&](const node* number, std::string_view name) -> expression_ptr {
        if (!number)
            return nullptr;
        clause where{name};
        place at{all, around, where, {}};
        expression_ptr value = coerce_to_count(all, analyse_expression(at, *number), name);
        const auto* written = std::get_if<tree::constant>(&value->is);
        const bool is_null = written && std::holds_alternative<std::monostate>(written->stored);
        return is_null ? nullptr : value; // LIMIT ALL, LIMIT NULL
    };
    into.limit = count(of.limit_count, "LIMIT");
    into.offset = count(of.limit_offset, "OFFSET");
}

} // namespace

tree::query_ptr
analyse_query(analysis& all, const PgQuery__SelectStmt& of, const scope* outer, literals untyped)
{
    const nesting level{all};
    if (of.into_clause)
        refuse_feature("SELECT INTO");
    scope names;
    names.outer = outer;
    auto made = std::make_shared<tree::query>();
    with_clause with = analyse_with(all, of.with_clause, names);
    made->with = std::move(with.tables);
    made->recursive = with.recursive;
    if (of.n_values_lists > 0)
        analyse_values(all, of, names, *made, untyped);
    else if (of.op != PG_QUERY__SET_OPERATION__SETOP_NONE)
        analyse_set(all, of, names, *made, untyped);
    else
        analyse_select(all, of, names, *made, untyped);
    analyse_limit(all, of, outer, *made);
    if (of.n_locking_clause > 0)
        all.needs_writer = true; // there is one writer: whoever has it has every lock
    return made;
}

tree::query_ptr analyse_query(analysis& all, const node& of, const scope* outer)
{
    if (of.node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        refuse_feature(nodes::feature_of(of));
    return analyse_query(all, *of.select_stmt, outer);
}

} // namespace weir::sqlite
