// SELECT: its clauses in the order in which PostgreSQL looks at them.
#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/emit.hpp"
#include "pool/sqlite/dialect/output_column.hpp"
#include "pool/sqlite/dialect/refusal.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::node;
using tree::expression_ptr;

bool is_unknown(oid of) { return of == type::none || of == type::unknown; }

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
        if (body_.having && body_.group_by.empty() && !found_aggregate_)
            refuse_feature("HAVING without GROUP BY or an aggregate");
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

} // namespace

void analyse_select(
    analysis& all, const PgQuery__SelectStmt& of, scope& names, tree::query& into, literals untyped)
{
    select_analysis{all, of, names, into}.run(untyped);
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
