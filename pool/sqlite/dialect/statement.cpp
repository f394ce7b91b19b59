#include "pool/sqlite/dialect/statement.hpp"

#include "pool/sqlite/definition.hpp"
#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/emit.hpp"
#include "pool/sqlite/dialect/nodes.hpp"
#include "pool/sqlite/dialect/parse_tree.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/session_statement.hpp"

#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::node;

analysed_statement selecting(analysis& all, const PgQuery__SelectStmt& of)
{
    const tree::query_ptr query = analyse_query(all, of, nullptr);
    analysed_statement made;
    made.kind = statement_kind::select;
    made.tag = "SELECT";
    made.columns = query->columns;
    made.returns_rows = true;
    made.sql = emit(*query);
    return made;
}

analysed_statement analyse_declare(analysis& all, const PgQuery__DeclareCursorStmt& of)
{
    constexpr int scroll = 0x0002, hold = 0x0020; // CURSOR_OPT_ of PostgreSQL's parsenodes.h
    if (of.options & hold)
        refuse_feature("a cursor WITH HOLD");
    if (of.options & scroll)
        refuse_feature("a SCROLL cursor");
    if (of.query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        refuse_feature("a cursor of another statement than SELECT");
    analysed_statement made = selecting(all, *of.query->select_stmt);
    made.kind = statement_kind::declare;
    made.tag = "DECLARE CURSOR";
    made.name = of.portalname;
    made.returns_rows = false; // FETCH does
    return made;
}

template <class Changed>
analysed_statement changing(const Changed& of, std::string tag)
{
    analysed_statement made;
    made.kind = statement_kind::modify;
    made.tag = std::move(tag);
    made.needs_writer = true;
    made.columns = columns_of(of.returning);
    made.returns_rows = !of.returning.empty();
    made.target = std::get<tree::table_source>(of.into->is).of->id;
    made.sql = emit(of);
    return made;
}

// TRUNCATE of one table that no other points to is a DELETE of everything.
analysed_statement analyse_truncate(analysis& all, const PgQuery__TruncateStmt& of)
{
    if (of.n_relations != 1)
        refuse_feature("TRUNCATE of several tables");
    if (of.restart_seqs)
        refuse_feature("TRUNCATE RESTART IDENTITY");
    if (of.behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        refuse_feature("TRUNCATE CASCADE");
    scope names;
    tree::deletion everything;
    everything.into = analyse_target(all, *of.relations[0]->range_var, names);
    return changing(everything, "TRUNCATE TABLE");
}

analysed_statement analyse_data(analysis& all, const node& of)
{
    switch (of.node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT: return selecting(all, *of.select_stmt);
    case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT:
        return analyse_declare(all, *of.declare_cursor_stmt);
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        return changing(analyse_insert(all, *of.insert_stmt), "INSERT 0");
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
        return changing(analyse_update(all, *of.update_stmt), "UPDATE");
    case PG_QUERY__NODE__NODE_DELETE_STMT:
        return changing(analyse_delete(all, *of.delete_stmt), "DELETE");
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT: return analyse_truncate(all, *of.truncate_stmt);
    default: refuse_feature(nodes::feature_of(of));
    }
}

void check_parameters(const std::vector<oid>& types)
{
    for (std::size_t i = 0; i < types.size(); ++i)
        if (types[i] == type::none || types[i] == type::unknown)
            refuse("42P18", "could not determine data type of parameter $" + std::to_string(i + 1));
}

analysed_statement analyse_one(analysis& all, const node& of)
{
    if (auto made = analyse_session_statement(of))
        return std::move(*made);
    analysed_statement made = analyse_data(all, of);
    check_parameters(all.parameters);
    made.tag_counts = made.tag != "TRUNCATE TABLE";
    made.parameters = std::move(all.parameters);
    made.needs_writer |= all.needs_writer;
    return made;
}

} // namespace

result<std::shared_ptr<const analysed_statement>> analyse(const parse_tree& tree,
                                                          std::size_t index,
                                                          std::span<const oid> parameter_types,
                                                          const catalog& tables,
                                                          const analysis_settings& settings)
{
    const node& of = tree.statement(index);
    if (is_definition(of))
        return analyse_definition(of, tree.text(), tables, settings);
    analysis all{tables, settings, {parameter_types.begin(), parameter_types.end()}};
    return refusing(tree.text(), [&]() -> std::shared_ptr<const analysed_statement> {
        return std::make_shared<const analysed_statement>(analyse_one(all, of));
    });
}

} // namespace weir::sqlite
