// CREATE SEQUENCE, and the sequences behind serial and identity columns.
#include "pool/sqlite/definition_plan.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/dialect/nodes.hpp"

#include <charconv>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::items;

// Numbers beyond 32 bits come as texts of floats.
std::int64_t number_of(const PgQuery__DefElem& option)
{
    const PgQuery__Node* const node = option.arg;
    if (node != nullptr && node->node_case == PG_QUERY__NODE__NODE_INTEGER)
        return node->integer->ival;
    if (node != nullptr && node->node_case == PG_QUERY__NODE__NODE_FLOAT) {
        const std::string_view text = node->float_->fval;
        std::int64_t n = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n);
        if (failure == std::errc{} && end == text.data() + text.size())
            return n;
    }
    refuse("42601",
           "invalid value for sequence option " + std::string(option.defname),
           option.location);
}

std::pair<std::int64_t, std::int64_t> range_of(oid type)
{
    if (type == type::int2)
        return {std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()};
    if (type == type::int4)
        return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
}

} // namespace

sequence_plan read_sequence_options(std::size_t count, PgQuery__Node* const* options, oid type)
{
    sequence_plan plan;
    std::optional<std::int64_t> start, largest, smallest;
    plan.type = type;
    for (const PgQuery__Node* const item : items(count, options)) {
        const PgQuery__DefElem& option = *item->def_elem;
        const std::string_view name = option.defname;
        if (name == "as")
            plan.type = must(resolve_type(*option.arg->type_name)).type;
        else if (name == "increment")
            plan.increment = number_of(option);
        else if (name == "start")
            start = number_of(option);
        else if (name == "maxvalue" && option.arg != nullptr)
            largest = number_of(option);
        else if (name == "minvalue" && option.arg != nullptr)
            smallest = number_of(option);
        else if (name == "cycle")
            plan.cycles = option.arg == nullptr || option.arg->boolean->boolval;
        else if (name != "cache" && name != "owned_by" && name != "maxvalue" &&
                 name != "minvalue" && name != "sequence_name")
            refuse_feature("sequence option " + std::string(name), option.location);
    }
    if (plan.increment == 0)
        refuse("22023", "INCREMENT must not be zero");
    const auto [lowest, highest] = range_of(plan.type);
    const bool up = plan.increment > 0;
    plan.largest = largest.value_or(up ? highest : -1);
    plan.smallest = smallest.value_or(up ? 1 : lowest);
    plan.start = start.value_or(up ? plan.smallest : plan.largest);
    if (plan.smallest >= plan.largest)
        refuse("22023",
               "MINVALUE (" + std::to_string(plan.smallest) + ") must be less than MAXVALUE (" +
                   std::to_string(plan.largest) + ')');
    if (plan.start < plan.smallest)
        refuse("22023",
               "START value (" + std::to_string(plan.start) + ") cannot be less than MINVALUE (" +
                   std::to_string(plan.smallest) + ')');
    if (plan.start > plan.largest)
        refuse("22023",
               "START value (" + std::to_string(plan.start) +
                   ") cannot be greater than MAXVALUE (" + std::to_string(plan.largest) + ')');
    return plan;
}

planned plan_create_sequence(const PgQuery__CreateSeqStmt& tree)
{
    std::vector<std::string> owner; // table, column
    for (const PgQuery__Node* const item : items(tree.n_options, tree.options))
        if (std::string_view(item->def_elem->defname) == "owned_by")
            for (const PgQuery__Node* const part : items(*item->def_elem->arg->list))
                owner.emplace_back(nodes::text_of(*part));
    if (owner.size() == 3 && owner.front() == "public")
        owner.erase(owner.begin());
    if (owner.size() == 1 && owner.front() == "none")
        owner.clear();
    if (!owner.empty() && owner.size() != 2)
        refuse("42601",
               "invalid OWNED BY option",
               -1,
               "Specify OWNED BY table.column or OWNED BY NONE.");
    return {"CREATE SEQUENCE",
            [name = name_in_public(*tree.sequence),
             plan = read_sequence_options(tree.n_options, tree.options),
             owner = std::move(owner),
             if_not_exists = tree.if_not_exists != 0](catalog_edit& edit) {
                if (if_not_exists && find_relation(edit, name))
                    return;
                const oid sequence = create_sequence(edit, name, plan);
                if (owner.empty())
                    return;
                const oid table = require_relation(edit, owner[0], 'r');
                const known_column column = require_column(edit, table, owner[0], owner[1]);
                own_sequence(edit, sequence, table, column.number, 'a');
            }};
}

oid create_sequence(catalog_edit& edit, std::string_view name, const sequence_plan& plan)
{
    require_free_name(edit, name);
    const oid id = add_relation(edit, name, 'S', 0);
    edit.run("INSERT INTO \"pg_catalog.pg_sequence\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7)",
             {id, plan.type, plan.start, plan.increment, plan.largest, plan.smallest, plan.cycles});
    edit.run("INSERT INTO \"pg_catalog.weir_sequence\" VALUES (?1, ?2, 0)", {id, plan.start});
    return id;
}

void own_sequence(catalog_edit& edit, oid sequence, oid table, std::int64_t column, char how)
{
    edit.run("INSERT INTO \"pg_catalog.pg_depend\" VALUES (?1, ?2, 0, ?1, ?3, ?4, ?5)",
             {catalog_oid::pg_class, sequence, table, column, std::string(1, how)});
}

void give_sequence(catalog_edit& edit, oid table, std::string_view table_name, column_plan& column)
{
    const std::string name = default_name(edit, table_name, column.is.name, "seq");
    const oid sequence = create_sequence(edit, name, *column.sequence);
    own_sequence(edit, sequence, table, column.is.number, column.identity == 0 ? 'a' : 'i');
    column.is.has_default = true;
    column.is.emitted_default =
        "pg_nextval(" + std::to_string(static_cast<std::uint32_t>(sequence)) + ')';
    if (column.identity == 0) {
        const bool plain =
            name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
        column.is.default_sql =
            "nextval('" + (plain ? name : quote_identifier(name)) + "'::regclass)";
    }
}

void drop_sequences_of(catalog_edit& edit, oid table, std::optional<std::int64_t> column)
{
    for (const auto& row :
         edit.rows("SELECT objid FROM \"pg_catalog.pg_depend\" WHERE refobjid = ?1 AND (?2 = 0 OR "
                   "refobjsubid = ?2) AND deptype IN ('a', 'i') AND objid IN (SELECT seqrelid FROM "
                   "\"pg_catalog.pg_sequence\")",
                   {table, column.value_or(0)}))
        forget_relation(edit, row.id(0));
}

} // namespace weir::sqlite
