// PostgreSQL's FigureColname (parse_target.c).
#include "pool/sqlite/dialect/analyse.hpp"

#include <array>
#include <optional>

namespace weir::sqlite {

namespace {

using nodes::node;

// How good a name is: a cast's type is used only when what is cast has no name.
enum class worth : std::uint8_t { none, type, name };

struct candidate_name {
    worth how = worth::none;
    std::string_view name;
};

candidate_name find_name(const node& of);

candidate_name last_string(std::size_t count, node* const* items)
{
    for (std::size_t i = count; i-- > 0;)
        if (items[i]->node_case == PG_QUERY__NODE__NODE_STRING)
            return {worth::name, nodes::text_of(*items[i])};
    return {};
}

candidate_name name_of_sublink(const PgQuery__SubLink& of)
{
    switch (of.sub_link_type) {
    case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK: return {worth::name, "exists"};
    case PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK: return {worth::name, "array"};
    case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK: {
        const PgQuery__SelectStmt* inner = of.subselect->select_stmt;
        while (inner->larg)
            inner = inner->larg;
        if (inner->n_target_list == 0)
            return {};
        const PgQuery__ResTarget& first = *inner->target_list[0]->res_target;
        if (*first.name)
            return {worth::name, first.name};
        return find_name(*first.val);
    }
    default: return {};
    }
}

std::string_view name_of_value_function(PgQuery__SQLValueFunctionOp op)
{
    static constexpr std::array<std::string_view, 16> names{"",
                                                            "current_date",
                                                            "current_time",
                                                            "current_time",
                                                            "current_timestamp",
                                                            "current_timestamp",
                                                            "localtime",
                                                            "localtime",
                                                            "localtimestamp",
                                                            "localtimestamp",
                                                            "current_role",
                                                            "current_user",
                                                            "user",
                                                            "session_user",
                                                            "current_catalog",
                                                            "current_schema"};
    return names[static_cast<std::size_t>(op)];
}

candidate_name find_name(const node& of)
{
    switch (of.node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return last_string(of.column_ref->n_fields, of.column_ref->fields);
    case PG_QUERY__NODE__NODE_A_INDIRECTION: {
        const candidate_name field =
            last_string(of.a_indirection->n_indirection, of.a_indirection->indirection);
        return field.how == worth::none ? find_name(*of.a_indirection->arg) : field;
    }
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return last_string(of.func_call->n_funcname, of.func_call->funcname);
    case PG_QUERY__NODE__NODE_A_EXPR:
        if (of.a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF)
            return {worth::name, "nullif"};
        return {};
    case PG_QUERY__NODE__NODE_TYPE_CAST: {
        const candidate_name inner = find_name(*of.type_cast->arg);
        if (inner.how == worth::name)
            return inner;
        const PgQuery__TypeName& type = *of.type_cast->type_name;
        return {worth::type, last_string(type.n_names, type.names).name};
    }
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE: return find_name(*of.collate_clause->arg);
    case PG_QUERY__NODE__NODE_SUB_LINK: return name_of_sublink(*of.sub_link);
    case PG_QUERY__NODE__NODE_CASE_EXPR: {
        candidate_name inner;
        if (of.case_expr->defresult)
            inner = find_name(*of.case_expr->defresult);
        return inner.how == worth::name ? inner : candidate_name{worth::type, "case"};
    }
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: return {worth::name, "array"};
    case PG_QUERY__NODE__NODE_ROW_EXPR: return {worth::name, "row"};
    case PG_QUERY__NODE__NODE_COALESCE_EXPR: return {worth::name, "coalesce"};
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR: {
        const bool greatest = of.min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_GREATEST;
        return {worth::name, greatest ? "greatest" : "least"};
    }
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return {worth::name, name_of_value_function(of.sqlvalue_function->op)};
    default: return {};
    }
}

} // namespace

std::string output_name(const node& of)
{
    const candidate_name found = find_name(of);
    return found.how == worth::none ? "?column?" : std::string(found.name);
}

} // namespace weir::sqlite
