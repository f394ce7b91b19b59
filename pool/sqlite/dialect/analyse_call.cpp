// Functions, aggregates and window functions.
#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/resolve_call.hpp"
#include "pool/sqlite/dialect/type_rules.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::node;
using tree::expression_ptr;

// The bits of WindowDef.frame_options (PostgreSQL's parsenodes.h).
enum frame_option : int {
    frame_given = 0x1,
    frame_range = 0x2,
    frame_rows = 0x4,
    frame_groups = 0x8,
    start_unbounded_preceding = 0x20,
    start_current_row = 0x200,
    end_current_row = 0x400,
    end_unbounded_following = 0x100,
    start_preceding = 0x800,
    end_preceding = 0x1000,
    start_following = 0x2000,
    end_following = 0x4000,
    exclude_current_row = 0x8000,
    exclude_group = 0x10000,
    exclude_ties = 0x20000,
};

// Aggregates whose answer depends on the order of their rows.
constexpr std::array<std::string_view, 6> ordered_aggregates{
    "string_agg", "array_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg"};

std::string function_name(const PgQuery__FuncCall& of)
{
    const auto parts = nodes::names(of.n_funcname, of.funcname);
    if (parts.size() > 1 && parts[0] != "pg_catalog")
        refuse("42883",
               "function " + std::string(parts[0]) + "." + std::string(parts.back()) +
                   " does not exist",
               of.location);
    return std::string(parts.back());
}

expression_ptr distance_of(place& at, const node& of, std::string_view unit)
{
    expression_ptr distance = analyse_expression(at, of);
    const int offset = distance->offset;
    distance = coerce(at.all, std::move(distance), type::int8, cast_context::implicit);
    if (!distance)
        refuse_feature(std::string(unit) + " with an offset that is no integer", offset);
    return distance;
}

void read_frame(place& at, const PgQuery__WindowDef& of, tree::window& into)
{
    using at_bound = tree::frame_bound::at;
    const int options = of.frame_options;
    if (!(options & frame_given))
        return;
    into.frame_unit = options & frame_rows ? "ROWS" : options & frame_groups ? "GROUPS" : "RANGE";
    const auto start = options & start_unbounded_preceding ? at_bound::unbounded_preceding
                       : options & start_current_row       ? at_bound::current_row
                       : options & start_preceding         ? at_bound::preceding
                                                           : at_bound::following;
    const auto end = options & end_unbounded_following ? at_bound::unbounded_following
                     : options & end_current_row       ? at_bound::current_row
                     : options & end_preceding         ? at_bound::preceding
                                                       : at_bound::following;
    into.start.is = start;
    into.end.is = end;
    if (of.start_offset)
        into.start.distance = distance_of(at, *of.start_offset, into.frame_unit);
    if (of.end_offset)
        into.end.distance = distance_of(at, *of.end_offset, into.frame_unit);
    const bool has_offset = of.start_offset || of.end_offset;
    if (has_offset && into.frame_unit == "RANGE" &&
        (into.order.size() != 1 || !is_integer(into.order[0].value->type)))
        refuse_feature("RANGE with an offset over anything but one integer", of.location);
    into.exclusion = options & exclude_current_row ? "CURRENT ROW"
                     : options & exclude_group     ? "GROUP"
                     : options & exclude_ties      ? "TIES"
                                                   : "";
}

const PgQuery__WindowDef& find_window(place& at, std::string_view name, int offset)
{
    for (const node* each : at.windows)
        if (each->window_def->name == name)
            return *each->window_def;
    refuse("42704", "window \"" + std::string(name) + "\" does not exist", offset);
}

void read_window(place& at, const PgQuery__WindowDef& of, tree::window& into)
{
    if (*of.refname)
        read_window(at, find_window(at, of.refname, of.location), into);
    for (const node* each : nodes::items(of.n_partition_clause, of.partition_clause))
        into.partition.push_back(settle(at.all, analyse_expression(at, *each)));
    for (const node* each : nodes::items(of.n_order_clause, of.order_clause)) {
        expression_ptr value = settle(at.all, analyse_expression(at, *each->sort_by->node));
        into.order.push_back(analyse_sort_key(*each->sort_by, std::move(value)));
    }
    read_frame(at, of, into);
}

tree::window analyse_window(place& at, const PgQuery__WindowDef& over)
{
    if (!at.where.windows)
        refuse("42P20",
               "window functions are not allowed in " + std::string(at.where.name),
               over.location);
    clause inside{"window definitions", at.where.aggregates, false};
    place within{at.all, at.names, inside, at.windows};
    tree::window made;
    // OVER w names a window; OVER (...) defines one, and may build on a name.
    if (*over.name)
        read_window(within, find_window(at, over.name, over.location), made);
    else
        read_window(within, over, made);
    at.where.found_aggregate |= inside.found_aggregate;
    return made;
}

void check_kind(place& at, const PgQuery__FuncCall& of, const function_entry& entry)
{
    const std::string name{entry.name};
    const bool aggregate = entry.kind == call_kind::aggregate;
    if (entry.kind == call_kind::set)
        refuse_feature("a set of rows from " + name + " outside FROM", of.location);
    if (entry.kind == call_kind::window && !of.over)
        refuse("42809", "window function " + name + " requires an OVER clause", of.location);
    if (of.over && !aggregate && entry.kind != call_kind::window)
        refuse("42809",
               "OVER specified, but " + name +
                   " is not a window function nor an aggregate function",
               of.location);
    if (!aggregate && (of.agg_distinct || of.agg_star || of.n_agg_order > 0 || of.agg_filter))
        refuse("42809",
               std::string(of.agg_distinct  ? "DISTINCT"
                           : of.agg_star    ? "(*)"
                           : of.n_agg_order ? "ORDER BY"
                                            : "FILTER") +
                   " specified, but " + name + " is not an aggregate function",
               of.location);
    if (!aggregate || of.over)
        return;
    if (!at.where.aggregates) {
        if (at.where.name == "an aggregate function")
            refuse("42803", "aggregate function calls cannot be nested", of.location);
        refuse("42803",
               "aggregate functions are not allowed in " + std::string(at.where.name),
               of.location);
    }
    at.where.found_aggregate = true;
}

expression_ptr analyse_aggregate(place& at, const PgQuery__FuncCall& of, resolved_function chosen)
{
    tree::aggregate made{chosen.entry->sqlite, std::move(chosen.arguments)};
    made.distinct = of.agg_distinct;
    if (of.agg_distinct && made.arguments.size() > 1)
        refuse_feature("DISTINCT in " + std::string(chosen.entry->name), of.location);
    if (of.agg_distinct && of.over)
        refuse_feature("DISTINCT in a window function", of.location);
    if (of.n_agg_order > 0 &&
        std::ranges::find(ordered_aggregates, chosen.entry->name) != ordered_aggregates.end())
        refuse_feature("ORDER BY in " + std::string(chosen.entry->name), of.location);
    if (of.agg_filter) {
        clause inside{"FILTER"};
        place within{at.all, at.names, inside, {}};
        made.filter = analyse_condition(within, *of.agg_filter);
    }
    if (of.over)
        made.over = analyse_window(at, *of.over);
    return make({std::move(made), chosen.result, -1, of.location});
}

// int4(x), date(x): a function that is a cast.
expression_ptr analyse_cast_call(place& at, const PgQuery__FuncCall& of, std::string_view name)
{
    const type_info* to = find_type(name);
    if (!to || of.n_args != 1 || of.over || of.agg_star || is_function_name(name))
        return nullptr;
    return cast(at.all, analyse_expression(at, *of.args[0]), {to->id, -1}, of.location);
}

} // namespace

expression_ptr analyse_call(place& at, const PgQuery__FuncCall& of)
{
    const std::string name = function_name(of);
    if (of.agg_within_group)
        refuse_feature("WITHIN GROUP", of.location);
    if (of.func_variadic)
        refuse_feature("VARIADIC", of.location);
    if (expression_ptr converted = analyse_cast_call(at, of, name))
        return converted;
    const auto of_name = std::ranges::find(function_table(), name, &function_entry::name);
    const bool aggregates =
        of_name != function_table().end() && of_name->kind == call_kind::aggregate;
    if (aggregates && !of.agg_star && of.n_args == 0 && name == "count")
        refuse("42809",
               "count(*) must be used to call a parameterless aggregate function",
               of.location);

    // Within an aggregate's arguments there can be no other; a windowed one may stand on them.
    clause inside{"an aggregate function"};
    place within{at.all, at.names, aggregates && !of.over ? inside : at.where, at.windows};
    std::vector<expression_ptr> arguments = analyse_all(within, nodes::items(of.n_args, of.args));
    resolved_function chosen = resolve_function(at.all, name, std::move(arguments), of.location);
    check_kind(at, of, *chosen.entry);
    if (chosen.entry->kind == call_kind::aggregate || chosen.entry->kind == call_kind::window)
        return analyse_aggregate(at, of, std::move(chosen));
    return make_call(chosen.entry->sqlite, std::move(chosen.arguments), chosen.result, of.location);
}

tree::sort_key analyse_sort_key(const PgQuery__SortBy& of, expression_ptr value)
{
    if (of.sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_USING)
        refuse_feature("ORDER BY USING", of.location);
    tree::sort_key key;
    key.value = std::move(value);
    key.descending = of.sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
    // NULLs are larger than anything: last when ascending.
    key.nulls_first =
        of.sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST ||
        (of.sortby_nulls != PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_LAST && key.descending);
    if (key.value->type == type::json)
        refuse("42883",
               "could not identify an ordering operator for type json",
               key.value->offset,
               "Use an explicit ordering operator or modify the query.");
    return key;
}

} // namespace weir::sqlite
