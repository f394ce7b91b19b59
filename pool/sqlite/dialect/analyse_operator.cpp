// a + b, a IN (...), a LIKE b, a BETWEEN b AND c, a = ANY (array), rows.
#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/operator_table.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/resolve_call.hpp"
#include "pool/sqlite/dialect/type_rules.hpp"
#include "pool/sqlite/value_codecs.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::node;
using tree::expression_ptr;

bool is_unknown(oid of) { return of == type::none || of == type::unknown; }

bool is_row(const node& of) { return of.node_case == PG_QUERY__NODE__NODE_ROW_EXPR; }

std::vector<expression_ptr> analyse_row(place& at, const node& of)
{
    return analyse_all(at, nodes::items(of.row_expr->n_args, of.row_expr->args));
}

expression_ptr join(bool is_or, std::vector<expression_ptr> terms, int offset)
{
    if (terms.size() == 1)
        return terms.front();
    return make({tree::junction{is_or, std::move(terms)}, type::boolean, -1, offset});
}

expression_ptr negate(expression_ptr value)
{
    const int offset = value->offset;
    return make_call("(NOT %1)", {std::move(value)}, type::boolean, offset);
}

std::string_view operator_name(const PgQuery__AExpr& of)
{
    const auto parts = nodes::names(of.n_name, of.name);
    if (parts.size() > 1 && parts[0] != "pg_catalog")
        refuse("42883",
               "operator does not exist: " + std::string(parts[0]) + "." +
                   std::string(parts.back()),
               of.location);
    return parts.back();
}

// (a, b) < (c, d) is a < c OR (a = c AND b < d): the last pair decides by the operator itself.
expression_ptr order_rows(place& at,
                          std::string_view name,
                          std::span<const expression_ptr> left,
                          std::span<const expression_ptr> right,
                          int offset)
{
    if (left.size() == 1)
        return resolve_operator(at.all, name, left[0], right[0], offset);
    const std::string_view strict = name.substr(0, 1);
    expression_ptr before = resolve_operator(at.all, strict, left[0], right[0], offset);
    expression_ptr equal = resolve_operator(at.all, "=", left[0], right[0], offset);
    expression_ptr rest = order_rows(at, name, left.subspan(1), right.subspan(1), offset);
    return join(true,
                {std::move(before), join(false, {std::move(equal), std::move(rest)}, offset)},
                offset);
}

expression_ptr compare_rows(place& at,
                            std::string_view name,
                            std::vector<expression_ptr> left,
                            std::vector<expression_ptr> right,
                            int offset)
{
    if (left.size() != right.size())
        refuse("42601", "unequal number of entries in row expressions", offset);
    if (name == "<" || name == "<=" || name == ">" || name == ">=")
        return order_rows(at, name, left, right, offset);
    if (name != "=" && name != "<>")
        refuse_feature("operator " + std::string(name) + " between rows", offset);
    std::vector<expression_ptr> terms;
    for (std::size_t i = 0; i < left.size(); ++i)
        terms.push_back(resolve_operator(at.all, name, left[i], right[i], offset));
    return join(name == "<>", std::move(terms), offset);
}

// Members of one type that SQLite can compare stay a list; anything else is spelled out with OR.
expression_ptr in_values(
    place& at, expression_ptr value, std::vector<expression_ptr> members, bool negated, int offset)
{
    std::vector<expression_ptr> all{value};
    all.insert(all.end(), members.begin(), members.end());
    oid common = common_type(all, {});
    if (common == type::varchar)
        common = type::text;
    if (common != type::none && find_comparable(common)) {
        value = coerce(at.all, std::move(value), common, cast_context::implicit);
        for (expression_ptr& each : members)
            each = coerce(at.all, std::move(each), common, cast_context::implicit);
        return make({tree::in_list{std::move(value), std::move(members), negated},
                     type::boolean,
                     -1,
                     offset});
    }
    std::vector<expression_ptr> terms;
    for (expression_ptr& each : members)
        terms.push_back(
            resolve_operator(at.all, negated ? "<>" : "=", value, std::move(each), offset));
    return join(!negated, std::move(terms), offset);
}

expression_ptr analyse_in(place& at, const PgQuery__AExpr& of)
{
    const bool negated = operator_name(of) == "<>";
    const auto members = nodes::items(*of.rexpr->list);
    if (!is_row(*of.lexpr))
        return in_values(at,
                         analyse_expression(at, *of.lexpr),
                         analyse_all(at, members),
                         negated,
                         of.location);
    std::vector<expression_ptr> terms;
    for (const node* each : members) {
        if (!is_row(*each))
            refuse("42601", "unequal number of entries in row expressions", of.location);
        terms.push_back(compare_rows(at,
                                     negated ? "<>" : "=",
                                     analyse_row(at, *of.lexpr),
                                     analyse_row(at, *each),
                                     of.location));
    }
    return join(!negated, std::move(terms), of.location);
}

// value op ANY (ARRAY[a, b]) is value op a OR value op b; ALL joins with AND.
expression_ptr with_each(place& at,
                         std::string_view name,
                         expression_ptr value,
                         std::vector<expression_ptr> members,
                         bool any,
                         int offset)
{
    if (any && name == "=")
        return in_values(at, std::move(value), std::move(members), false, offset);
    if (!any && name == "<>")
        return in_values(at, std::move(value), std::move(members), true, offset);
    std::vector<expression_ptr> terms;
    for (expression_ptr& each : members)
        terms.push_back(resolve_operator(at.all, name, value, std::move(each), offset));
    return join(any, std::move(terms), offset);
}

expression_ptr analyse_any(place& at, const PgQuery__AExpr& of)
{
    const bool any = of.kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY;
    const std::string_view name = operator_name(of);
    expression_ptr value = analyse_expression(at, *of.lexpr);
    if (of.rexpr->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR &&
        of.rexpr->a_array_expr->n_elements > 0) {
        const PgQuery__AArrayExpr& array = *of.rexpr->a_array_expr;
        return with_each(at,
                         name,
                         std::move(value),
                         analyse_all(at, nodes::items(array.n_elements, array.elements)),
                         any,
                         of.location);
    }
    if (!(any && name == "=") && !(!any && name == "<>"))
        refuse_feature(std::string(name) + (any ? " ANY" : " ALL") + " of an array", of.location);
    expression_ptr array = analyse_expression(at, *of.rexpr);
    if (is_unknown(array->type)) {
        value = settle(at.all, std::move(value));
        const oid wanted = array_of(value->type);
        if (wanted == type::none)
            refuse_feature("an array of " + spelling_of(value->type), of.location);
        array = coerce(at.all, std::move(array), wanted, cast_context::implicit);
    }
    oid element = element_of(array->type);
    if (element == type::none)
        refuse("42809", "op ANY/ALL (array) requires array on right side", of.location);
    // What is compared is what `value = element` would compare; the elements come as they are
    // stored, so the comparison must not have to convert them.
    expression_ptr one = resolve_operator(at.all,
                                          "=",
                                          value,
                                          make_call("NULL", {}, element, of.location),
                                          of.location);
    const auto& compared = std::get<tree::comparison>(one->is);
    const oid as = compared.left->type;
    const cast_entry* conversion = as == element ? nullptr : find_cast(element, as);
    if (as != element && (!conversion || conversion->sqlite != "%1"))
        refuse_feature("comparing " + spelling_of(value->type) + " with " +
                           spelling_of(array->type),
                       of.location);
    return make(
        {tree::in_array{compared.left, std::move(array), !any}, type::boolean, -1, of.location});
}

expression_ptr analyse_between(place& at, const PgQuery__AExpr& of)
{
    const auto bounds = nodes::items(*of.rexpr->list);
    expression_ptr value = analyse_expression(at, *of.lexpr);
    expression_ptr low = analyse_expression(at, *bounds[0]);
    expression_ptr high = analyse_expression(at, *bounds[1]);
    const auto within = [&](expression_ptr from, expression_ptr to) {
        return join(false,
                    {resolve_operator(at.all, ">=", value, std::move(from), of.location),
                     resolve_operator(at.all, "<=", value, std::move(to), of.location)},
                    of.location);
    };
    switch (of.kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN: return within(low, high);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN: return negate(within(low, high));
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
        return join(true, {within(low, high), within(high, low)}, of.location);
    default: return negate(join(true, {within(low, high), within(high, low)}, of.location));
    }
}

expression_ptr analyse_nullif(place& at, const PgQuery__AExpr& of)
{
    expression_ptr value = settle(at.all, analyse_expression(at, *of.lexpr));
    expression_ptr other = analyse_expression(at, *of.rexpr);
    tree::case_when made;
    made.branches.emplace_back(resolve_operator(at.all, "=", value, std::move(other), of.location),
                               make_null(value->type));
    made.otherwise = value;
    return make({std::move(made), value->type, value->modifier, of.location});
}

expression_ptr analyse_plain(place& at, const PgQuery__AExpr& of)
{
    const std::string_view name = operator_name(of);
    if (of.lexpr && is_row(*of.lexpr) && is_row(*of.rexpr))
        return compare_rows(at,
                            name,
                            analyse_row(at, *of.lexpr),
                            analyse_row(at, *of.rexpr),
                            of.location);
    expression_ptr left = of.lexpr ? analyse_expression(at, *of.lexpr) : nullptr;
    expression_ptr right = analyse_expression(at, *of.rexpr);
    return resolve_operator(at.all, name, std::move(left), std::move(right), of.location);
}

expression_ptr analyse_distinct(place& at, const PgQuery__AExpr& of)
{
    const bool differs = of.kind == PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT;
    return resolve_operator(at.all,
                            differs ? "IS NOT" : "IS",
                            analyse_expression(at, *of.lexpr),
                            analyse_expression(at, *of.rexpr),
                            of.location);
}

} // namespace

expression_ptr analyse_operator(place& at, const PgQuery__AExpr& of)
{
    switch (of.kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE: return analyse_plain(at, of);
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL: return analyse_any(at, of);
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT: return analyse_distinct(at, of);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF: return analyse_nullif(at, of);
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN: return analyse_in(at, of);
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM: return analyse_between(at, of);
    case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR: refuse_feature("SIMILAR TO", of.location);
    default: refuse_feature("an expression of this kind", of.location);
    }
}

} // namespace weir::sqlite
