// WITH and WITH RECURSIVE.
#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/type_rules.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

std::vector<tree::source_column> columns_of_table(const PgQuery__CommonTableExpr& of,
                                                  const std::vector<result_column>& columns)
{
    const auto renamed = nodes::names(of.n_aliascolnames, of.aliascolnames);
    if (renamed.size() > columns.size())
        refuse("42P10",
               "WITH query \"" + std::string(of.ctename) + "\" has " +
                   std::to_string(columns.size()) + " columns available but " +
                   std::to_string(renamed.size()) + " columns specified",
               of.location);
    std::vector<tree::source_column> made;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const result_column& column = columns[i];
        made.push_back({i < renamed.size() ? std::string(renamed[i]) : column.name,
                        'c' + std::to_string(i + 1),
                        column.type,
                        column.modifier,
                        false,
                        column.table,
                        column.number});
    }
    return made;
}

bool is_union(const PgQuery__SelectStmt& of)
{
    return of.op == PG_QUERY__SET_OPERATION__SETOP_UNION;
}

// The first half of the UNION says what the columns are; the second may then name the table.
tree::query_ptr analyse_recursive(analysis& all,
                                  const PgQuery__CommonTableExpr& of,
                                  const std::string& stored_as,
                                  scope& names)
{
    const PgQuery__SelectStmt& whole = *of.ctequery->select_stmt;
    if (whole.n_sort_clause > 0)
        refuse("0A000", "ORDER BY in a recursive query is not implemented", of.location);
    if (whole.limit_count || whole.limit_offset)
        refuse("0A000", "LIMIT in a recursive query is not implemented", of.location);
    if (whole.with_clause)
        refuse_feature("WITH inside a recursive query", of.location);
    tree::query_ptr first = analyse_query(all, *whole.larg, &names);
    names.ctes.push_back({of.ctename, stored_as, columns_of_table(of, first->columns)});
    tree::query_ptr next = analyse_query(all, *whole.rarg, &names, literals::keep);
    if (first->columns.size() != next->columns.size())
        refuse("42601", "each UNION query must have the same number of columns", of.location);
    for (std::size_t i = 0; i < next->columns.size(); ++i) {
        const oid wanted = first->columns[i].type;
        const oid found = next->columns[i].type;
        if (found != wanted && !can_coerce(found, wanted, cast_context::implicit))
            refuse("42804",
                   "recursive query \"" + std::string(of.ctename) + "\" column " +
                       std::to_string(i + 1) + " has type " + spelling_of(wanted) +
                       " in non-recursive term but type " + spelling_of(found) + " overall",
                   of.location,
                   "Cast the output of the non-recursive term to the correct type.");
        coerce_column(all, *next, i, wanted, "UNION");
    }
    auto made = std::make_shared<tree::query>();
    made->columns = first->columns;
    made->body =
        tree::set_body{whole.all ? tree::set_operator::union_all : tree::set_operator::union_,
                       std::move(first),
                       std::move(next)};
    return made;
}

} // namespace

with_clause analyse_with(analysis& all, const PgQuery__WithClause* of, scope& names)
{
    with_clause made;
    if (!of)
        return made;
    made.recursive = of->recursive;
    for (const nodes::node* each : nodes::items(of->n_ctes, of->ctes)) {
        const PgQuery__CommonTableExpr& table = *each->common_table_expr;
        if (std::ranges::find(names.ctes, table.ctename, &visible_cte::name) != names.ctes.end())
            refuse("42712",
                   "WITH query name \"" + std::string(table.ctename) +
                       "\" specified more than once",
                   table.location);
        if (table.search_clause || table.cycle_clause)
            refuse_feature("SEARCH and CYCLE", table.location);
        if (table.ctequery->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
            refuse_feature("a statement that changes data inside WITH", table.location);
        // No table of the file has such a name, so the WITH table hides none.
        std::string stored_as = '(' + all.next_name('w') + ')';
        tree::query_ptr inner;
        if (of->recursive && is_union(*table.ctequery->select_stmt)) {
            inner = analyse_recursive(all, table, stored_as, names);
        } else {
            inner = analyse_query(all, *table.ctequery, &names);
            names.ctes.push_back(
                {table.ctename, stored_as, columns_of_table(table, inner->columns)});
        }
        made.tables.push_back({std::move(stored_as), std::move(inner)});
    }
    return made;
}

} // namespace weir::sqlite
