#include "pool/sqlite/dialect/session_statement.hpp"

#include "pool/sqlite/dialect/refusal.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::node;

analysed_statement plain(statement_kind kind, std::string tag)
{
    analysed_statement made;
    made.kind = kind;
    made.tag = std::move(tag);
    return made;
}

// The value of an option or a setting, as its text.
std::string text_of_constant(const node& of)
{
    if (of.node_case != PG_QUERY__NODE__NODE_A_CONST)
        refuse_feature("a setting's value that is no constant");
    const PgQuery__AConst& value = *of.a_const;
    switch (value.val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL: return std::to_string(value.ival->ival);
    case PG_QUERY__A__CONST__VAL_FVAL: return value.fval->fval;
    case PG_QUERY__A__CONST__VAL_BOOLVAL: return value.boolval->boolval ? "on" : "off";
    case PG_QUERY__A__CONST__VAL_SVAL: return value.sval->sval;
    default: refuse_feature("a setting's value of this kind", value.location);
    }
}

bool asks_repeatable(const std::string& level)
{
    return level == "repeatable read" || level == "serializable";
}

void read_modes(std::span<node* const> options, analysed_statement& into)
{
    for (const node* each : options) {
        const PgQuery__DefElem& option = *each->def_elem;
        const std::string_view name = option.defname;
        if (name == "transaction_isolation") {
            into.values = {text_of_constant(*option.arg)};
            into.repeatable = asks_repeatable(into.values.front());
        } else if (name == "transaction_read_only")
            into.read_only = text_of_constant(*option.arg) == "1";
    }
}

analysed_statement analyse_transaction(const PgQuery__TransactionStmt& of)
{
    using enum statement_kind;
    analysed_statement made;
    switch (of.kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN: made = plain(begin, "BEGIN"); break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
        made = plain(begin, "START TRANSACTION");
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT: made = plain(commit, "COMMIT"); break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
        made = plain(rollback, "ROLLBACK");
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
        made = plain(savepoint, "SAVEPOINT");
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
        made = plain(release, "RELEASE");
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
        made = plain(rollback_to, "ROLLBACK");
        break;
    default: refuse_feature("a prepared transaction");
    }
    read_modes(nodes::items(of.n_options, of.options), made);
    made.name = of.savepoint_name;
    made.chain = of.chain;
    return made;
}

// SET TRANSACTION ISOLATION LEVEL ... is SET LOCAL transaction_isolation; SET SESSION
// CHARACTERISTICS AS TRANSACTION is the default of the same name.
analysed_statement analyse_modes(const PgQuery__VariableSetStmt& of)
{
    const bool is_session = std::string_view(of.name) == "SESSION CHARACTERISTICS";
    if (!is_session && std::string_view(of.name) != "TRANSACTION")
        refuse_feature("SET TRANSACTION SNAPSHOT");
    if (of.n_args != 1)
        refuse_feature("several modes in one SET TRANSACTION");
    const PgQuery__DefElem& option = *of.args[0]->def_elem;
    analysed_statement made = plain(statement_kind::set, "SET");
    made.name = (is_session ? "default_" : "") + std::string(option.defname);
    std::string value = text_of_constant(*option.arg);
    if (made.name.ends_with("_only") || made.name.ends_with("_deferrable"))
        value = value == "1" ? "on" : "off";
    made.values.push_back(std::move(value));
    made.local = !is_session;
    return made;
}

analysed_statement analyse_set(const PgQuery__VariableSetStmt& of)
{
    switch (of.kind) {
    case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE: {
        analysed_statement made = plain(statement_kind::set, "SET");
        made.name = of.name;
        made.local = of.is_local;
        for (const node* each : nodes::items(of.n_args, of.args))
            made.values.push_back(text_of_constant(*each));
        return made;
    }
    case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_DEFAULT:
    case PG_QUERY__VARIABLE_SET_KIND__VAR_RESET: {
        const bool is_set = of.kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_DEFAULT;
        analysed_statement made = plain(statement_kind::reset, is_set ? "SET" : "RESET");
        made.name = of.name;
        made.local = of.is_local;
        return made;
    }
    case PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL: {
        analysed_statement made = plain(statement_kind::reset, "RESET");
        made.name = "all";
        return made;
    }
    case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_MULTI: return analyse_modes(of);
    default: refuse_feature("SET FROM CURRENT");
    }
}

analysed_statement analyse_show(const PgQuery__VariableShowStmt& of)
{
    analysed_statement made = plain(statement_kind::show, "SHOW");
    made.name = of.name;
    made.returns_rows = true;
    if (made.name == "all")
        for (const char* column : {"name", "setting", "description"})
            made.columns.push_back({column, type::text});
    else
        made.columns.push_back({made.name, type::text});
    return made;
}

// Cursors go forward only, as those declared without SCROLL may.
analysed_statement analyse_fetch(const PgQuery__FetchStmt& of)
{
    if (of.ismove)
        refuse_feature("MOVE");
    if (of.direction != PG_QUERY__FETCH_DIRECTION__FETCH_FORWARD || of.how_many <= 0)
        refuse_feature("FETCH in another direction than forward");
    constexpr std::int64_t all = std::numeric_limits<std::int64_t>::max();
    analysed_statement made = plain(statement_kind::fetch, "FETCH");
    made.name = of.portalname;
    made.limit = of.how_many == all ? 0 : static_cast<std::size_t>(of.how_many);
    made.returns_rows = true;
    made.tag_counts = true;
    return made;
}

analysed_statement analyse_discard(const PgQuery__DiscardStmt& of)
{
    struct target {
        std::string_view name;
        std::string_view tag;
    };
    static constexpr target targets[] = {{},
                                         {"all", "DISCARD ALL"},
                                         {"plans", "DISCARD PLANS"},
                                         {"sequences", "DISCARD SEQUENCES"},
                                         {"temp", "DISCARD TEMP"}};
    const target& asked = targets[static_cast<std::size_t>(of.target)];
    analysed_statement made = plain(statement_kind::discard, std::string(asked.tag));
    made.name = asked.name;
    return made;
}

} // namespace

std::optional<analysed_statement> analyse_session_statement(const node& of)
{
    using enum statement_kind;
    switch (of.node_case) {
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT: return analyse_transaction(*of.transaction_stmt);
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT: return analyse_set(*of.variable_set_stmt);
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT: return analyse_show(*of.variable_show_stmt);
    case PG_QUERY__NODE__NODE_DISCARD_STMT: return analyse_discard(*of.discard_stmt);
    case PG_QUERY__NODE__NODE_DEALLOCATE_STMT: {
        const bool one = *of.deallocate_stmt->name != '\0';
        analysed_statement made = plain(deallocate, one ? "DEALLOCATE" : "DEALLOCATE ALL");
        made.name = one ? of.deallocate_stmt->name : "all";
        return made;
    }
    case PG_QUERY__NODE__NODE_LOCK_STMT: {
        analysed_statement made = plain(nothing, "LOCK TABLE");
        made.needs_writer = true; // there is one: who has it has every lock
        return made;
    }
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
        return plain(nothing, of.vacuum_stmt->is_vacuumcmd ? "VACUUM" : "ANALYZE");
    case PG_QUERY__NODE__NODE_CHECK_POINT_STMT: return plain(nothing, "CHECKPOINT");
    case PG_QUERY__NODE__NODE_UNLISTEN_STMT: return plain(nothing, "UNLISTEN");
    case PG_QUERY__NODE__NODE_FETCH_STMT: return analyse_fetch(*of.fetch_stmt);
    case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT: {
        const std::string_view name = of.close_portal_stmt->portalname;
        analysed_statement made = plain(close, name.empty() ? "CLOSE CURSOR ALL" : "CLOSE CURSOR");
        made.name = name.empty() ? "all" : name;
        return made;
    }
    default: return std::nullopt;
    }
}

} // namespace weir::sqlite
