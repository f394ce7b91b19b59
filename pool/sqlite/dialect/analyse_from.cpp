// FROM: tables, subqueries, functions, joins.
#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/resolve_call.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::node;
using tree::expression_ptr;

// An item of FROM with the names it brings.
struct part {
    tree::source_ptr from;
    std::vector<visible_column> columns;
    std::vector<visible_table> tables;
};

expression_ptr use_of(const tree::source& from, std::size_t index)
{
    const tree::source_column& column = from.columns[index];
    return make(
        {tree::column_use{&from, index, column.not_null}, column.type, column.modifier, -1});
}

// Makes the columns of one source visible under its alias.
part named(tree::source_ptr from, const PgQuery__Alias* alias, std::string name, const relation* of)
{
    if (alias) {
        name = alias->aliasname;
        const auto renamed = nodes::names(alias->n_colnames, alias->colnames);
        if (renamed.size() > from->columns.size())
            refuse("42P10",
                   "table \"" + name + "\" has " + std::to_string(from->columns.size()) +
                       " columns available but " + std::to_string(renamed.size()) +
                       " columns specified");
        for (std::size_t i = 0; i < renamed.size(); ++i)
            from->columns[i].name = renamed[i];
    }
    from->name = name;
    part made;
    for (std::size_t i = 0; i < from->columns.size(); ++i)
        made.columns.push_back({from->columns[i].name, name, use_of(*from, i)});
    made.tables.push_back({name, of, alias != nullptr});
    made.from = std::move(from);
    return made;
}

std::string dotted(const PgQuery__RangeVar& of)
{
    return (*of.schemaname ? std::string(of.schemaname) + "." : "") + of.relname;
}

const relation& find_relation(const analysis& all, const PgQuery__RangeVar& of)
{
    const relation* found = all.tables.find(of.schemaname, of.relname);
    if (!found)
        refuse("42P01", "relation \"" + dotted(of) + "\" does not exist", of.location);
    if (found->kind == 'i')
        refuse("42809", "cannot open relation \"" + std::string(of.relname) + "\"", of.location);
    if (found->kind != 'r' && found->kind != 'v')
        refuse_feature("reading the sequence \"" + std::string(of.relname) + "\"", of.location);
    return *found;
}

tree::source_ptr table_source(analysis& all, const relation& of)
{
    auto made = std::make_shared<tree::source>();
    made->is = tree::table_source{&of};
    made->alias = all.next_name('t');
    for (const column_definition& each : of.columns)
        made->columns.push_back(
            {each.name, each.name, each.type, each.modifier, each.not_null, of.id, each.number});
    return made;
}

part analyse_table(analysis& all, const PgQuery__RangeVar& of, const scope& names)
{
    if (*of.catalogname && of.catalogname != all.settings.database)
        refuse("0A000",
               "cross-database references are not implemented: \"" + std::string(of.catalogname) +
                   "." + dotted(of) + "\"",
               of.location);
    if (!*of.schemaname) {
        if (const visible_cte* common = find_cte(of.relname, names)) {
            auto made = std::make_shared<tree::source>();
            made->is = tree::cte_source{common->stored_as};
            made->alias = all.next_name('t');
            made->columns = common->columns;
            return named(std::move(made), of.alias, of.relname, nullptr);
        }
    }
    const relation& found = find_relation(all, of);
    return named(table_source(all, found), of.alias, of.relname, &found);
}

// What a subquery or a function in FROM may name: the queries around, but not its siblings.
scope beside(const scope& names)
{
    scope around;
    around.ctes = names.ctes;
    around.outer = names.outer;
    around.lateral = &names;
    return around;
}

part analyse_subselect(analysis& all, const PgQuery__RangeSubselect& of, const scope& names)
{
    if (of.lateral)
        refuse_feature("LATERAL");
    const scope around = beside(names);
    tree::query_ptr inner = analyse_query(all, *of.subquery, &around);
    auto made = std::make_shared<tree::source>();
    made->alias = all.next_name('t');
    for (std::size_t i = 0; i < inner->columns.size(); ++i) {
        const result_column& column = inner->columns[i];
        made->columns.push_back({column.name,
                                 'c' + std::to_string(i + 1),
                                 column.type,
                                 column.modifier,
                                 false,
                                 column.table,
                                 column.number});
    }
    made->is = tree::query_source{std::move(inner)};
    return named(std::move(made), of.alias, {}, nullptr);
}

part analyse_function(analysis& all, const PgQuery__RangeFunction& of, const scope& names)
{
    if (of.lateral)
        refuse_feature("LATERAL");
    if (of.ordinality)
        refuse_feature("WITH ORDINALITY");
    if (of.is_rowsfrom || of.n_functions != 1)
        refuse_feature("ROWS FROM");
    if (of.n_coldeflist > 0)
        refuse_feature("a column definition list");
    const node& called = *of.functions[0]->list->items[0];
    const std::string name = output_name(called);
    scope around = beside(names);
    around.is_lateral = true;
    clause where{"functions in FROM"};
    place at{all, around, where, {}};
    tree::function_source made;
    oid type{};
    const auto is_set = [](const function_entry& each) { return each.kind == call_kind::set; };
    const auto entry = std::ranges::find(function_table(), name, &function_entry::name);
    if (called.node_case == PG_QUERY__NODE__NODE_FUNC_CALL && entry != function_table().end() &&
        is_set(*entry)) {
        const PgQuery__FuncCall& call = *called.func_call;
        resolved_function chosen =
            resolve_function(all,
                             name,
                             analyse_all(at, nodes::items(call.n_args, call.args)),
                             call.location);
        made.sqlite = chosen.entry->sqlite;
        made.arguments = std::move(chosen.arguments);
        type = chosen.result;
    } else {
        made.value = settle(all, analyse_expression(at, called));
        type = made.value->type;
    }
    auto from = std::make_shared<tree::source>();
    from->alias = all.next_name('t');
    // A function of one column lends it its alias.
    const std::string column = of.alias ? of.alias->aliasname : name;
    from->columns.push_back({column, "c1", type});
    from->is = std::move(made);
    return named(std::move(from), of.alias, name, nullptr);
}

part analyse_item(analysis& all, const node& of, const scope& names);

// The nullable side of an outer join.
void make_nullable(part& of)
{
    for (visible_column& each : of.columns) {
        const auto* column = std::get_if<tree::column_use>(&each.value->is);
        if (!column || !column->never_null)
            continue;
        each.value = std::make_shared<tree::expression>(*each.value);
        std::get<tree::column_use>(each.value->is).never_null = false;
    }
}

visible_column& find_common(part& of, std::string_view name, std::string_view side)
{
    visible_column* found = nullptr;
    for (visible_column& each : of.columns) {
        if (each.hidden || each.name != name)
            continue;
        if (found)
            refuse("42702",
                   "common column name \"" + std::string(name) + "\" appears more than once in " +
                       std::string(side) + " table");
        found = &each;
    }
    if (!found)
        refuse("42703",
               "column \"" + std::string(name) + "\" specified in USING clause does not exist in " +
                   std::string(side) + " table");
    return *found;
}

std::vector<std::string> common_names(const part& left, const part& right)
{
    std::vector<std::string> names;
    for (const visible_column& each : left.columns) {
        const auto same = [&](const visible_column& c) { return !c.hidden && c.name == each.name; };
        if (!each.hidden && std::ranges::any_of(right.columns, same))
            names.push_back(each.name);
    }
    return names;
}

// USING (a, b): conditions, and one column for each pair.
expression_ptr merge_columns(analysis& all,
                             tree::join_kind kind,
                             const std::vector<std::string>& names,
                             part& left,
                             part& right,
                             std::vector<visible_column>& merged)
{
    std::vector<expression_ptr> conditions;
    for (const std::string& name : names) {
        visible_column& a = find_common(left, name, "left");
        visible_column& b = find_common(right, name, "right");
        conditions.push_back(resolve_operator(all, "=", a.value, b.value, -1));
        const std::array both{a.value, b.value};
        const oid common = common_type(both, "JOIN/USING");
        expression_ptr value;
        if (kind == tree::join_kind::full)
            value = make_call("coalesce(%*)",
                              {coerce_to_common(all, a.value, common, "JOIN/USING"),
                               coerce_to_common(all, b.value, common, "JOIN/USING")},
                              common,
                              -1);
        else
            value = coerce_to_common(all,
                                     kind == tree::join_kind::right ? b.value : a.value,
                                     common,
                                     "JOIN/USING");
        a.hidden = true;
        b.hidden = true;
        merged.push_back({name, {}, std::move(value)});
    }
    if (conditions.empty())
        return nullptr;
    return make({tree::junction{false, std::move(conditions)}, type::boolean, -1, -1});
}

tree::join_kind kind_of(const PgQuery__JoinExpr& of)
{
    switch (of.jointype) {
    case PG_QUERY__JOIN_TYPE__JOIN_INNER: return tree::join_kind::inner;
    case PG_QUERY__JOIN_TYPE__JOIN_LEFT: return tree::join_kind::left;
    case PG_QUERY__JOIN_TYPE__JOIN_RIGHT: return tree::join_kind::right;
    case PG_QUERY__JOIN_TYPE__JOIN_FULL: return tree::join_kind::full;
    default: refuse_feature("a join of this kind");
    }
}

void check_distinct_tables(const std::vector<visible_table>& known,
                           const std::vector<visible_table>& added)
{
    for (const visible_table& each : added) {
        const auto same = std::ranges::find(known, each.name, &visible_table::name);
        if (!each.name.empty() && same != known.end() &&
            (each.aliased || same->aliased || !each.of || !same->of ||
             each.of->schema == same->of->schema))
            refuse("42712", "table name \"" + each.name + "\" specified more than once");
    }
}

part analyse_join(analysis& all, const PgQuery__JoinExpr& of, const scope& names)
{
    if (of.alias || of.join_using_alias)
        refuse_feature("an alias for a join");
    part left = analyse_item(all, *of.larg, names);
    part right = analyse_item(all, *of.rarg, names);
    check_distinct_tables(left.tables, right.tables);
    const tree::join_kind kind = kind_of(of);
    if (kind == tree::join_kind::left || kind == tree::join_kind::full)
        make_nullable(right);
    if (kind == tree::join_kind::right || kind == tree::join_kind::full)
        make_nullable(left);

    std::vector<std::string> using_;
    for (const std::string_view each : nodes::names(of.n_using_clause, of.using_clause))
        using_.emplace_back(each);
    if (of.is_natural)
        using_ = common_names(left, right);
    std::vector<visible_column> merged;
    expression_ptr on = merge_columns(all, kind, using_, left, right, merged);

    part made;
    made.columns = std::move(merged);
    std::ranges::move(left.columns, std::back_inserter(made.columns));
    std::ranges::move(right.columns, std::back_inserter(made.columns));
    made.tables = std::move(left.tables);
    std::ranges::move(right.tables, std::back_inserter(made.tables));
    if (of.quals) {
        scope both;
        both.columns = made.columns;
        both.tables = made.tables;
        both.ctes = names.ctes;
        both.outer = names.outer;
        clause where{"JOIN conditions"};
        place at{all, both, where, {}};
        on = coerce_to_boolean(all, analyse_expression(at, *of.quals), "JOIN/ON");
    }
    auto joined = std::make_shared<tree::source>();
    const bool cross = !on && kind == tree::join_kind::inner;
    joined->is = tree::join_source{cross ? tree::join_kind::cross : kind,
                                   std::move(left.from),
                                   std::move(right.from),
                                   std::move(on)};
    made.from = std::move(joined);
    return made;
}

part analyse_item(analysis& all, const node& of, const scope& names)
{
    switch (of.node_case) {
    case PG_QUERY__NODE__NODE_RANGE_VAR: return analyse_table(all, *of.range_var, names);
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
        return analyse_subselect(all, *of.range_subselect, names);
    case PG_QUERY__NODE__NODE_RANGE_FUNCTION:
        return analyse_function(all, *of.range_function, names);
    case PG_QUERY__NODE__NODE_JOIN_EXPR: return analyse_join(all, *of.join_expr, names);
    default: refuse_feature(nodes::feature_of(of), nodes::location_of(of));
    }
}

} // namespace

std::vector<tree::source_ptr>
analyse_from(analysis& all, std::span<node* const> items, scope& names)
{
    std::vector<tree::source_ptr> from;
    for (const node* each : items) {
        part made = analyse_item(all, *each, names);
        check_distinct_tables(names.tables, made.tables);
        from.push_back(std::move(made.from));
        std::ranges::move(made.columns, std::back_inserter(names.columns));
        std::ranges::move(made.tables, std::back_inserter(names.tables));
    }
    return from;
}

tree::source_ptr analyse_target(analysis& all, const PgQuery__RangeVar& of, scope& names)
{
    const relation& found = find_relation(all, of);
    if (found.kind != 'r')
        refuse_feature("changing the view \"" + found.name + "\"", of.location);
    if (found.schema == "pg_catalog" || found.schema == "information_schema")
        refuse("42501", "permission denied for table " + found.name, of.location);
    part made = named(table_source(all, found), of.alias, of.relname, &found);
    std::ranges::move(made.columns, std::back_inserter(names.columns));
    std::ranges::move(made.tables, std::back_inserter(names.tables));
    return made.from;
}

} // namespace weir::sqlite
