#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/resolve_call.hpp"
#include "pool/sqlite/dialect/type_rules.hpp"
#include "pool/sqlite/value_codecs.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::node;
using tree::expression_ptr;

// What may nest within one statement; each level is several frames of this recursion.
constexpr unsigned deepest = 500;

// -2147483648 comes as such a text too. An integer too large for int8, or a number with a point or
// an exponent, is numeric.
expression_ptr analyse_number(const char* digits, int offset)
{
    const std::string_view text{digits};
    std::int64_t number = 0;
    const auto [end, wrong] = std::from_chars(text.begin(), text.end(), number);
    if (wrong == std::errc{} && end == text.end())
        return make_integer(number,
                            std::in_range<std::int32_t>(number) ? type::int4 : type::int8,
                            offset);
    return make({tree::constant{std::string(text)}, type::unknown, -1, offset});
}

expression_ptr analyse_constant(place& at, const PgQuery__AConst& of)
{
    if (of.isnull)
        return make_null(type::unknown, of.location);
    switch (of.val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL: return make_integer(of.ival->ival, type::int4, of.location);
    case PG_QUERY__A__CONST__VAL_FVAL: {
        expression_ptr number = analyse_number(of.fval->fval, of.location);
        return number->type == type::unknown
                   ? coerce(at.all, std::move(number), type::numeric, cast_context::implicit)
                   : number;
    }
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        return make_integer(of.boolval->boolval, type::boolean, of.location);
    case PG_QUERY__A__CONST__VAL_SVAL:
        return make({tree::constant{std::string(of.sval->sval)}, type::unknown, -1, of.location});
    case PG_QUERY__A__CONST__VAL_BSVAL: refuse_feature("a bit string", of.location);
    default: return make_null(type::unknown, of.location);
    }
}

expression_ptr analyse_parameter(place& at, const PgQuery__ParamRef& of)
{
    if (!at.all.parameters_allowed || of.number < 1)
        refuse("42P02", "there is no parameter $" + std::to_string(of.number), of.location);
    if (of.number > 65535) // the protocol's limit
        refuse("54023", "too many parameters", of.location);
    const auto number = static_cast<std::size_t>(of.number);
    if (at.all.parameters.size() < number)
        at.all.parameters.resize(number, type::none);
    return make({tree::parameter{of.number}, at.all.parameters[number - 1], -1, of.location});
}

expression_ptr analyse_column(place& at, const PgQuery__ColumnRef& of)
{
    for (const node* field : nodes::items(of.n_fields, of.fields))
        if (field->node_case == PG_QUERY__NODE__NODE_A_STAR)
            refuse_feature("a whole row as a value", of.location);
    std::vector<std::string_view> parts = nodes::names(of.n_fields, of.fields);
    if (parts.size() > 3)
        refuse("0A000", "cross-database references are not implemented", of.location);
    return find_column(parts, at.names, of.location);
}

expression_ptr analyse_junction(place& at, const PgQuery__BoolExpr& of)
{
    const auto arguments = nodes::items(of.n_args, of.args);
    const std::string_view name = of.boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR  ? "AND"
                                  : of.boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR ? "OR"
                                                                                   : "NOT";
    std::vector<expression_ptr> terms;
    for (const node* each : arguments)
        terms.push_back(coerce_to_boolean(at.all, analyse_expression(at, *each), name));
    if (of.boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR)
        return make_call("(NOT %1)", std::move(terms), type::boolean, of.location);
    const bool is_or = of.boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR;
    return make({tree::junction{is_or, std::move(terms)}, type::boolean, -1, of.location});
}

expression_ptr analyse_array(place& at, const PgQuery__AArrayExpr& of, oid wanted)
{
    std::vector<expression_ptr> elements;
    for (const node* each : nodes::items(of.n_elements, of.elements)) {
        if (each->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR)
            refuse_feature("an array of arrays", of.location);
        elements.push_back(analyse_expression(at, *each));
    }
    if (elements.empty() && wanted == type::none)
        refuse("42P18",
               "cannot determine type of empty array",
               of.location,
               "Explicitly cast to the desired type, for example ARRAY[]::integer[].");
    const oid element = wanted != type::none ? wanted : common_type(elements, "ARRAY");
    const oid array = array_of(element);
    if (array == type::none)
        refuse_feature("an array of " + spelling_of(element), of.location);
    for (expression_ptr& each : elements)
        each = wanted != type::none ? cast(at.all, std::move(each), {element, -1}, of.location)
                                    : coerce_to_common(at.all, std::move(each), element, "ARRAY");
    return make_call(form::array, std::move(elements), array, of.location);
}

expression_ptr analyse_cast(place& at, const PgQuery__TypeCast& of)
{
    const type_use to = type_named(*of.type_name);
    const oid element = element_of(to.type);
    if (of.arg->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR && element != type::none)
        return analyse_array(at, *of.arg->a_array_expr, element);
    return cast(at.all, analyse_expression(at, *of.arg), to, of.location);
}

expression_ptr analyse_case(place& at, const PgQuery__CaseExpr& of)
{
    expression_ptr tested = of.arg ? settle(at.all, analyse_expression(at, *of.arg)) : nullptr;
    std::vector<expression_ptr> conditions;
    std::vector<expression_ptr> values;
    for (const node* each : nodes::items(of.n_args, of.args)) {
        const PgQuery__CaseWhen& when = *each->case_when;
        expression_ptr condition = analyse_expression(at, *when.expr);
        conditions.push_back(
            tested ? resolve_operator(at.all, "=", tested, std::move(condition), when.location)
                   : coerce_to_boolean(at.all, std::move(condition), "CASE/WHEN"));
        values.push_back(analyse_expression(at, *when.result));
    }
    values.push_back(of.defresult ? analyse_expression(at, *of.defresult)
                                  : make_null(type::unknown, of.location));
    const oid common = common_type(values, "CASE");
    tree::case_when made;
    for (std::size_t i = 0; i < conditions.size(); ++i)
        made.branches.emplace_back(std::move(conditions[i]),
                                   coerce_to_common(at.all, values[i], common, "CASE/WHEN"));
    made.otherwise = coerce_to_common(at.all, values.back(), common, "CASE/ELSE");
    return make({std::move(made), common, common_modifier(values), of.location});
}

expression_ptr analyse_coalesce(place& at, const PgQuery__CoalesceExpr& of)
{
    std::vector<expression_ptr> values = analyse_all(at, nodes::items(of.n_args, of.args));
    const oid common = common_type(values, "COALESCE");
    for (expression_ptr& each : values)
        each = coerce_to_common(at.all, std::move(each), common, "COALESCE");
    if (values.size() == 1)
        return values.front();
    const std::int32_t modifier = common_modifier(values);
    return make_call("coalesce(%*)", std::move(values), common, of.location, modifier);
}

expression_ptr analyse_greatest(place& at, const PgQuery__MinMaxExpr& of)
{
    const bool least = of.op == PG_QUERY__MIN_MAX_OP__IS_LEAST;
    const std::string_view name = least ? "LEAST" : "GREATEST";
    std::vector<expression_ptr> values = analyse_all(at, nodes::items(of.n_args, of.args));
    const oid common = common_type(values, name);
    for (expression_ptr& each : values)
        each = coerce_to_common(at.all, std::move(each), common, name);
    if (values.size() == 1)
        return values.front();
    return make({tree::greatest{least, std::move(values)}, common, -1, of.location});
}

expression_ptr analyse_value_function(place&, const PgQuery__SQLValueFunction& of)
{
    const auto made = [&](std::string_view sqlite, oid type) {
        return apply_modifier(make_call(sqlite, {}, type, of.location), of.typmod, false);
    };
    switch (of.op) {
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_DATE:
        return made(form::current_date, type::date);
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP_N:
        return made(form::current_timestamp, type::timestamptz);
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME_N:
        return made(form::current_time, type::time);
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP_N:
        return made(form::local_timestamp, type::timestamp);
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_ROLE:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_USER:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_USER:
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_SESSION_USER:
        return made(form::current_user, type::name);
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_CATALOG:
        return made("pg_current_database()", type::name);
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_SCHEMA: return made("'public'", type::name);
    default: refuse_feature("CURRENT_TIME", of.location);
    }
}

expression_ptr analyse_null_test(place& at, const PgQuery__NullTest& of)
{
    const bool is_null = of.nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NULL;
    expression_ptr value = settle(at.all, analyse_expression(at, *of.arg));
    return make_call(is_null ? "(%1 IS NULL)" : "(%1 IS NOT NULL)",
                     {std::move(value)},
                     type::boolean,
                     of.location);
}

expression_ptr analyse_boolean_test(place& at, const PgQuery__BooleanTest& of)
{
    struct test {
        std::string_view name;
        std::string_view sqlite;
    };
    static constexpr test tests[] = {{},
                                     {"IS TRUE", "(%1 IS 1)"},
                                     {"IS NOT TRUE", "(%1 IS NOT 1)"},
                                     {"IS FALSE", "(%1 IS 0)"},
                                     {"IS NOT FALSE", "(%1 IS NOT 0)"},
                                     {"IS UNKNOWN", "(%1 IS NULL)"},
                                     {"IS NOT UNKNOWN", "(%1 IS NOT NULL)"}};
    const test& asked = tests[static_cast<std::size_t>(of.booltesttype)];
    expression_ptr value = coerce_to_boolean(at.all, analyse_expression(at, *of.arg), asked.name);
    return make_call(asked.sqlite, {std::move(value)}, type::boolean, of.location);
}

// Texts are compared by their bytes, which is what these collations do.
expression_ptr analyse_collate(place& at, const PgQuery__CollateClause& of)
{
    const std::string_view name = nodes::text_of(*of.collname[of.n_collname - 1]);
    if (name != "C" && name != "POSIX" && name != "default" && name != "ucs_basic")
        refuse_feature("collation \"" + std::string(name) + "\"", of.location);
    expression_ptr value = settle(at.all, analyse_expression(at, *of.arg));
    if (category_of(value->type) != 'S')
        refuse("42804",
               "collations are not supported by type " + spelling_of(value->type),
               of.location);
    return value;
}

// a[2]
expression_ptr analyse_indirection(place& at, const PgQuery__AIndirection& of)
{
    expression_ptr value = analyse_expression(at, *of.arg);
    for (const node* each : nodes::items(of.n_indirection, of.indirection)) {
        const oid element = element_of(value->type);
        if (each->node_case != PG_QUERY__NODE__NODE_A_INDICES || each->a_indices->is_slice ||
            element == type::none)
            refuse_feature("a field or slice of a value", value->offset);
        expression_ptr index = coerce(at.all,
                                      analyse_expression(at, *each->a_indices->uidx),
                                      type::int4,
                                      cast_context::assignment);
        if (!index)
            refuse("42804", "array subscript must have type integer", value->offset);
        const int offset = value->offset;
        value =
            make_call(form::array_element, {std::move(value), std::move(index)}, element, offset);
    }
    return value;
}

} // namespace

nesting::nesting(analysis& all) : depth_(all.depth)
{
    if (++depth_ > deepest) {
        --depth_;
        refuse("54001", "stack depth limit exceeded");
    }
}

expression_ptr analyse_expression(place& at, const node& of)
{
    const nesting level{at.all};
    switch (of.node_case) {
    case PG_QUERY__NODE__NODE_A_CONST: return analyse_constant(at, *of.a_const);
    case PG_QUERY__NODE__NODE_PARAM_REF: return analyse_parameter(at, *of.param_ref);
    case PG_QUERY__NODE__NODE_COLUMN_REF: return analyse_column(at, *of.column_ref);
    case PG_QUERY__NODE__NODE_A_EXPR: return analyse_operator(at, *of.a_expr);
    case PG_QUERY__NODE__NODE_BOOL_EXPR: return analyse_junction(at, *of.bool_expr);
    case PG_QUERY__NODE__NODE_FUNC_CALL: return analyse_call(at, *of.func_call);
    case PG_QUERY__NODE__NODE_SUB_LINK: return analyse_sublink(at, *of.sub_link);
    case PG_QUERY__NODE__NODE_TYPE_CAST: return analyse_cast(at, *of.type_cast);
    case PG_QUERY__NODE__NODE_CASE_EXPR: return analyse_case(at, *of.case_expr);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR: return analyse_coalesce(at, *of.coalesce_expr);
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR: return analyse_greatest(at, *of.min_max_expr);
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return analyse_value_function(at, *of.sqlvalue_function);
    case PG_QUERY__NODE__NODE_NULL_TEST: return analyse_null_test(at, *of.null_test);
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST: return analyse_boolean_test(at, *of.boolean_test);
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE: return analyse_collate(at, *of.collate_clause);
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: return analyse_array(at, *of.a_array_expr, type::none);
    case PG_QUERY__NODE__NODE_A_INDIRECTION: return analyse_indirection(at, *of.a_indirection);
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
        refuse("42601", "DEFAULT is not allowed in this context", of.set_to_default->location);
    default: refuse_feature(nodes::feature_of(of), nodes::location_of(of));
    }
}

expression_ptr analyse_condition(place& at, const node& of)
{
    return coerce_to_boolean(at.all, analyse_expression(at, of), at.where.name);
}

std::vector<expression_ptr> analyse_all(place& at, std::span<node* const> of)
{
    std::vector<expression_ptr> all;
    for (const node* each : of)
        all.push_back(analyse_expression(at, *each));
    return all;
}

} // namespace weir::sqlite
