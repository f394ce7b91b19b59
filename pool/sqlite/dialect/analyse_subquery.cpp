// EXISTS (...), (SELECT ...) as a value, a IN (SELECT ...), ARRAY(SELECT ...).
#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/resolve_call.hpp"
#include "pool/sqlite/dialect/type_rules.hpp"

#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::node;
using tree::expression_ptr;

// a = ANY (SELECT ...) and a <> ALL (SELECT ...) are IN and NOT IN; other operators would need
// SQLite to have them.
bool is_membership(const PgQuery__SubLink& of, bool& negated)
{
    negated = of.sub_link_type == PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK;
    if (of.n_oper_name == 0)
        return !negated;
    return nodes::text_of(*of.oper_name[of.n_oper_name - 1]) == (negated ? "<>" : "=");
}

// What the comparison `left = column` makes of both sides; the column is converted inside.
expression_ptr
agree(place& at, expression_ptr left, tree::query& inner, std::size_t column, int offset)
{
    const oid from = inner.columns[column].type;
    expression_ptr probe = make_call("NULL", {}, from, offset);
    const expression_ptr one =
        resolve_operator(at.all, "=", std::move(left), std::move(probe), offset);
    const auto& compared = std::get<tree::comparison>(one->is);
    coerce_column(at.all, inner, column, compared.right->type, "IN");
    return compared.left;
}

expression_ptr analyse_membership(place& at, const PgQuery__SubLink& of, tree::query_ptr inner)
{
    bool negated = false;
    if (!is_membership(of, negated))
        refuse_feature(negated ? "ALL of a subquery but with <>" : "ANY of a subquery but with =",
                       of.location);
    tree::subquery made;
    made.is = negated ? tree::subquery::form::not_in : tree::subquery::form::in;
    const bool is_row = of.testexpr->node_case == PG_QUERY__NODE__NODE_ROW_EXPR;
    std::vector<expression_ptr> values;
    if (is_row)
        values =
            analyse_all(at,
                        nodes::items(of.testexpr->row_expr->n_args, of.testexpr->row_expr->args));
    else
        values.push_back(analyse_expression(at, *of.testexpr));
    if (values.size() < inner->columns.size())
        refuse("42601", "subquery has too many columns", of.location);
    if (values.size() > inner->columns.size())
        refuse("42601", "subquery has too few columns", of.location);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = agree(at, std::move(values[i]), *inner, i, of.location);
    made.value = values.size() == 1
                     ? values.front()
                     : make({tree::row{std::move(values)}, type::record, -1, of.location});
    made.inner = std::move(inner);
    return make({std::move(made), type::boolean, -1, of.location});
}

} // namespace

expression_ptr analyse_sublink(place& at, const PgQuery__SubLink& of)
{
    tree::query_ptr inner = analyse_query(at.all, *of.subselect, &at.names);
    const auto one_column = [&] {
        if (inner->columns.size() != 1)
            refuse("42601", "subquery must return only one column", of.location);
        return inner->columns.front();
    };
    switch (of.sub_link_type) {
    case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK:
        return make({tree::subquery{tree::subquery::form::exists, std::move(inner), nullptr},
                     type::boolean,
                     -1,
                     of.location});
    case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK: {
        const result_column column = one_column();
        return make({tree::subquery{tree::subquery::form::scalar, std::move(inner), nullptr},
                     column.type,
                     column.modifier,
                     of.location});
    }
    case PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK: {
        const oid array = array_of(one_column().type);
        if (array == type::none)
            refuse_feature("an array of " + spelling_of(one_column().type), of.location);
        return make({tree::subquery{tree::subquery::form::array, std::move(inner), nullptr},
                     array,
                     -1,
                     of.location});
    }
    case PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK:
    case PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK: return analyse_membership(at, of, std::move(inner));
    default: refuse_feature("a subquery of this kind", of.location);
    }
}

} // namespace weir::sqlite
