#include "pool/sqlite/definition.hpp"

#include "pool/sqlite/definition_plan.hpp"
#include "pool/sqlite/dialect/nodes.hpp"

#include <utility>

namespace weir::sqlite {

namespace {

planned plan(const PgQuery__Node& statement, const definition_scope& scope)
{
    switch (statement.node_case) {
    case PG_QUERY__NODE__NODE_CREATE_STMT: return plan_create_table(*statement.create_stmt, scope);
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT: // its tag counts rows, which DDL cannot tell
        refuse_feature("CREATE TABLE AS");
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        return plan_alter_table(*statement.alter_table_stmt, scope);
    case PG_QUERY__NODE__NODE_RENAME_STMT: return plan_rename(*statement.rename_stmt);
    case PG_QUERY__NODE__NODE_DROP_STMT: return plan_drop(*statement.drop_stmt);
    case PG_QUERY__NODE__NODE_INDEX_STMT: return plan_create_index(*statement.index_stmt, scope);
    case PG_QUERY__NODE__NODE_VIEW_STMT: return plan_create_view(*statement.view_stmt, scope);
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
        return plan_create_sequence(*statement.create_seq_stmt);
    case PG_QUERY__NODE__NODE_COMMENT_STMT: return plan_comment(*statement.comment_stmt);
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT: refuse_feature("CREATE SCHEMA");
    case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT: refuse_feature("CREATE EXTENSION");
    case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
    case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT: refuse_feature("CREATE TYPE");
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT: refuse_feature("CREATE DOMAIN");
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT: refuse_feature("CREATE FUNCTION");
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT: refuse_feature("CREATE TRIGGER");
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT: refuse_feature("ALTER SEQUENCE");
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT: refuse_feature("ALTER TYPE");
    default: refuse_feature(nodes::feature_of(statement));
    }
}

// All of a definition's steps happen, or none: also within the client's own transaction.
result<void> carry_out(connection& writer, const std::function<void(catalog_edit&)>& work)
{
    try {
        catalog_edit edit(writer);
        edit.run("SAVEPOINT weir_definition");
        work(edit);
        edit.run("RELEASE weir_definition");
    } catch (const refusal& why) {
        // A failed statement may have rolled back everything by itself; then there is nothing to.
        if (writer.in_transaction())
            static_cast<void>(
                writer.execute("ROLLBACK TO weir_definition; RELEASE weir_definition"));
        return why.what;
    }
    return {};
}

} // namespace

bool is_definition(const PgQuery__Node& statement)
{
    switch (statement.node_case) {
    case PG_QUERY__NODE__NODE_CREATE_STMT:
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
    case PG_QUERY__NODE__NODE_RENAME_STMT:
    case PG_QUERY__NODE__NODE_DROP_STMT:
    case PG_QUERY__NODE__NODE_INDEX_STMT:
    case PG_QUERY__NODE__NODE_VIEW_STMT:
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
    case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
    case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
    case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT: return true;
    default: return false;
    }
}

result<std::shared_ptr<const analysed_statement>>
analyse_definition(const PgQuery__Node& statement,
                   std::string_view text,
                   const catalog& tables,
                   const analysis_settings& settings)
{
    return refusing(text, [&]() -> std::shared_ptr<const analysed_statement> {
        planned done = plan(statement, {tables, settings});
        auto out = std::make_shared<analysed_statement>();
        out->kind = statement_kind::define;
        out->tag = std::move(done.tag);
        out->needs_writer = true;
        out->apply = [work = std::move(done.work)](connection& writer) {
            return carry_out(writer, work);
        };
        return out;
    });
}

} // namespace weir::sqlite
