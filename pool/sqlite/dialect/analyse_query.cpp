// SELECT, VALUES, UNION and their kin.
#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/emit.hpp"
#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/type_rules.hpp"

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

// ORDER BY 2: a number is a column of the output.
std::optional<int> ordinal_of(const node& of, std::string_view where, std::size_t columns)
{
    if (of.node_case != PG_QUERY__NODE__NODE_A_CONST || of.a_const->isnull)
        return std::nullopt;
    const PgQuery__AConst& number = *of.a_const;
    if (number.val_case != PG_QUERY__A__CONST__VAL_IVAL)
        refuse("42601", "non-integer constant in " + std::string(where), number.location);
    const int position = number.ival->ival;
    if (position < 1 || static_cast<std::size_t>(position) > columns)
        refuse("42P10",
               std::string(where) + " position " + std::to_string(position) +
                   " is not in select list",
               number.location);
    return position;
}

std::string_view bare_name(const node& of)
{
    if (of.node_case != PG_QUERY__NODE__NODE_COLUMN_REF || of.column_ref->n_fields != 1 ||
        of.column_ref->fields[0]->node_case != PG_QUERY__NODE__NODE_STRING)
        return {};
    return nodes::text_of(*of.column_ref->fields[0]);
}

// The output column of a name, from 1; 0 when there is none.
int output_named(std::string_view name,
                 const std::vector<result_column>& columns,
                 const std::vector<tree::target>* targets,
                 std::string_view where,
                 int offset)
{
    int found = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].name != name)
            continue;
        const auto same = [&] {
            return targets && emit(*(*targets)[i].value) ==
                                  emit(*(*targets)[static_cast<std::size_t>(found) - 1].value);
        };
        if (found > 0 && !same())
            refuse("42702",
                   std::string(where) + " \"" + std::string(name) + "\" is ambiguous",
                   offset);
        if (found == 0)
            found = static_cast<int>(i) + 1;
    }
    return found;
}

// A name in GROUP BY is a column of FROM first, and only then of the output.
bool is_input_column(std::string_view name, const scope& names)
{
    return std::ranges::any_of(names.columns, [&](const visible_column& each) {
        return !each.hidden && each.name == name;
    });
}

class select_analysis {
public:
    select_analysis(analysis& all, const PgQuery__SelectStmt& of, scope& names, tree::query& into)
        : all_(all), of_(of), names_(names), into_(into)
    {
    }

    void run(literals untyped)
    {
        body_.from = analyse_from(all_, nodes::items(of_.n_from_clause, of_.from_clause), names_);
        read_targets();
        if (of_.where_clause) {
            clause where{"WHERE"};
            place at{all_, names_, where, {}};
            body_.where = analyse_condition(at, *of_.where_clause);
        }
        if (of_.having_clause) {
            clause having{"HAVING", true, false};
            place at{all_, names_, having, {}};
            body_.having = analyse_condition(at, *of_.having_clause);
            found_aggregate_ |= having.found_aggregate;
        }
        read_order();
        read_groups();
        read_distinct();
        if (untyped == literals::settle)
            settle_targets();
        body_.grouped = found_aggregate_ || body_.having || !body_.group_by.empty();
        into_.body = std::move(body_);
        check_grouping(into_);
        if (!distinct_on_.empty())
            keep_first_rows();
    }

private:
    std::span<node* const> windows() const
    {
        return nodes::items(of_.n_window_clause, of_.window_clause);
    }

    void read_targets()
    {
        clause select{"SELECT", true, true};
        place at{all_, names_, select, windows()};
        body_.targets = analyse_targets(at, nodes::items(of_.n_target_list, of_.target_list));
        found_aggregate_ |= select.found_aggregate;
        into_.columns = columns_of(body_.targets);
    }

    void read_order()
    {
        for (const node* each : nodes::items(of_.n_sort_clause, of_.sort_clause)) {
            const PgQuery__SortBy& key = *each->sort_by;
            const std::size_t ordinal = order_ordinal(*key.node);
            expression_ptr value =
                ordinal > 0 ? body_.targets[ordinal - 1].value : order_expression(*key.node);
            if (is_unknown(value->type))
                value = settle(all_, value);
            tree::sort_key made = analyse_sort_key(*each->sort_by, std::move(value));
            made.ordinal = ordinal > 0 ? ordinal : equal_target(*made.value);
            into_.order.push_back(std::move(made));
        }
    }

    std::size_t order_ordinal(const node& of)
    {
        if (const auto ordinal = ordinal_of(of, "ORDER BY", body_.targets.size()))
            return static_cast<std::size_t>(*ordinal);
        const std::string_view name = bare_name(of);
        if (name.empty())
            return 0;
        return static_cast<std::size_t>(
            output_named(name, into_.columns, &body_.targets, "ORDER BY", nodes::location_of(of)));
    }

    expression_ptr order_expression(const node& of)
    {
        clause order{"ORDER BY", true, true};
        place at{all_, names_, order, windows()};
        expression_ptr value = analyse_expression(at, of);
        found_aggregate_ |= order.found_aggregate;
        return value;
    }

    std::size_t equal_target(const tree::expression& of) const
    {
        const std::string text = emit(of);
        for (std::size_t i = 0; i < body_.targets.size(); ++i)
            if (emit(*body_.targets[i].value) == text)
                return i + 1;
        return 0;
    }

    void read_groups()
    {
        if (of_.group_distinct)
            refuse_feature("GROUP BY DISTINCT");
        for (const node* each : nodes::items(of_.n_group_clause, of_.group_clause)) {
            if (each->node_case == PG_QUERY__NODE__NODE_GROUPING_SET)
                refuse_feature("GROUPING SETS", each->grouping_set->location);
            expression_ptr key = settle(all_, group_key(*each));
            if (key->type == type::json)
                refuse("42883",
                       "could not identify an equality operator for type json",
                       key->offset);
            body_.group_by.push_back(std::move(key));
        }
    }

    expression_ptr group_key(const node& of)
    {
        const int offset = nodes::location_of(of);
        int ordinal = ordinal_of(of, "GROUP BY", body_.targets.size()).value_or(0);
        const std::string_view name = bare_name(of);
        if (ordinal == 0 && !name.empty() && !is_input_column(name, names_))
            ordinal = output_named(name, into_.columns, &body_.targets, "GROUP BY", offset);
        clause group{"GROUP BY"};
        if (ordinal == 0) {
            place at{all_, names_, group, {}};
            return analyse_expression(at, of);
        }
        expression_ptr& target = body_.targets[static_cast<std::size_t>(ordinal) - 1].value;
        if (std::holds_alternative<tree::aggregate>(target->is))
            refuse("42803", "aggregate functions are not allowed in GROUP BY", target->offset);
        target = settle(all_, std::move(target));
        return target;
    }

    void read_distinct()
    {
        const auto on = nodes::items(of_.n_distinct_clause, of_.distinct_clause);
        if (on.empty())
            return;
        if (on.front()->node_case != PG_QUERY__NODE__NODE__NOT_SET) {
            for (const node* each : on)
                distinct_on_.push_back(distinct_key(*each));
            return check_distinct_on();
        }
        body_.distinct = true;
        for (const tree::target& each : body_.targets)
            if (each.value->type == type::json)
                refuse("42883",
                       "could not identify an equality operator for type json",
                       each.value->offset);
        for (const tree::sort_key& each : into_.order)
            if (each.ordinal == 0)
                refuse("42P10",
                       "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
                       each.value->offset);
    }

    expression_ptr distinct_key(const node& of)
    {
        const auto ordinal = ordinal_of(of, "DISTINCT ON", body_.targets.size());
        std::size_t number = ordinal ? static_cast<std::size_t>(*ordinal) : 0;
        if (const std::string_view name = bare_name(of); number == 0 && !name.empty())
            number = static_cast<std::size_t>(output_named(name,
                                                           into_.columns,
                                                           &body_.targets,
                                                           "DISTINCT ON",
                                                           nodes::location_of(of)));
        return settle(all_, number > 0 ? body_.targets[number - 1].value : order_expression(of));
    }

    // ORDER BY may say which row of a group is first, but only after it has said the groups.
    void check_distinct_on() const
    {
        const std::size_t count = std::min(distinct_on_.size(), into_.order.size());
        for (std::size_t i = 0; i < count; ++i) {
            const std::string key = emit(*into_.order[i].value);
            if (std::ranges::none_of(distinct_on_,
                                     [&](const expression_ptr& on) { return emit(*on) == key; }))
                refuse("42P10",
                       "SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
                       into_.order[i].value->offset);
        }
    }

    // The first row of each group, as the rows numbered 1 of a query that numbers them.
    void keep_first_rows()
    {
        auto inner = std::make_shared<tree::query>();
        auto& body = std::get<tree::select_body>(into_.body);
        const std::size_t width = body.targets.size();
        std::vector<tree::sort_key> order = std::move(into_.order);
        into_.order.clear();
        for (tree::sort_key& each : order) {
            if (each.ordinal == 0) {
                body.targets.push_back({each.value, {}});
                each.ordinal = body.targets.size();
            }
        }
        tree::aggregate number{"row_number()", {}};
        number.over.emplace();
        number.over->partition = distinct_on_;
        for (tree::sort_key each : order) {
            each.ordinal = 0; // in a window a number is a number
            number.over->order.push_back(std::move(each));
        }
        body.targets.push_back({make({std::move(number), type::int8, -1, -1}), {}});
        inner->columns = columns_of(body.targets);
        inner->body = std::move(body);
        std::vector<result_column> columns = std::move(into_.columns);

        const tree::query_ptr outer = wrapped(all_, std::move(inner));
        auto& kept = std::get<tree::select_body>(outer->body);
        kept.where = make_call("(%1 = 1)", {kept.targets.back().value}, type::boolean, -1);
        for (tree::sort_key& each : order) {
            each.value = kept.targets[each.ordinal - 1].value;
            if (each.ordinal > width)
                each.ordinal = 0;
        }
        kept.targets.resize(width);
        into_.body = std::move(outer->body);
        into_.order = std::move(order);
        into_.columns = std::move(columns);
    }

    void settle_targets()
    {
        for (std::size_t i = 0; i < body_.targets.size(); ++i) {
            body_.targets[i].value = settle(all_, body_.targets[i].value);
            into_.columns[i].type = body_.targets[i].value->type;
        }
    }

    analysis& all_;
    const PgQuery__SelectStmt& of_;
    scope& names_;
    tree::query& into_;
    tree::select_body body_;
    std::vector<expression_ptr> distinct_on_;
    bool found_aggregate_ = false;
};

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
        select_analysis{all, of, names, *made}.run(untyped);
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

std::vector<tree::target> analyse_targets(place& at, std::span<node* const> list)
{
    std::vector<tree::target> targets;
    for (const node* each : list) {
        const PgQuery__ResTarget& asked = *each->res_target;
        const node& value = *asked.val;
        if (value.node_case == PG_QUERY__NODE__NODE_COLUMN_REF) {
            const PgQuery__ColumnRef& column = *value.column_ref;
            if (column.fields[column.n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR) {
                const auto table = nodes::names(column.n_fields - 1, column.fields);
                for (visible_column& found : star_columns(table, at.names, column.location))
                    targets.push_back({found.value, found.name});
                continue;
            }
        }
        expression_ptr made = analyse_expression(at, value);
        targets.push_back({std::move(made), *asked.name ? asked.name : output_name(value)});
    }
    return targets;
}

std::vector<result_column> columns_of(const std::vector<tree::target>& targets)
{
    std::vector<result_column> columns;
    for (const tree::target& each : targets) {
        result_column made{each.name, each.value->type, each.value->modifier};
        if (const auto* column = std::get_if<tree::column_use>(&each.value->is)) {
            made.table = column->from->columns[column->index].table;
            made.number = column->from->columns[column->index].number;
        }
        columns.push_back(std::move(made));
    }
    return columns;
}

} // namespace weir::sqlite
