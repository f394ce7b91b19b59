#include "pool/sqlite/dialect/output_column.hpp"

#include "pool/sqlite/dialect/emit.hpp"
#include "pool/sqlite/dialect/refusal.hpp"

#include <string>

namespace weir::sqlite {

using nodes::node;

std::optional<int> ordinal_of(const node& of, std::string_view where, std::size_t columns)
{
    if (of.node_case != PG_QUERY__NODE__NODE_A_CONST || of.a_const->isnull)
        return std::nullopt;
    const PgQuery__AConst& number = *of.a_const;
    if (number.val_case != PG_QUERY__A__CONST__VAL_IVAL)
        refuse("42601", "non-integer constant in " + std::string(where), number.location);
    const int position = number.ival->ival;
    if (position < 1 || static_cast<std::size_t>(position) > columns)
        refuse("42P10",
               std::string(where) + " position " + std::to_string(position) +
                   " is not in select list",
               number.location);
    return position;
}

std::string_view bare_name(const node& of)
{
    if (of.node_case != PG_QUERY__NODE__NODE_COLUMN_REF || of.column_ref->n_fields != 1 ||
        of.column_ref->fields[0]->node_case != PG_QUERY__NODE__NODE_STRING)
        return {};
    return nodes::text_of(*of.column_ref->fields[0]);
}

int output_named(std::string_view name,
                 const std::vector<result_column>& columns,
                 const std::vector<tree::target>* targets,
                 std::string_view where,
                 int offset)
{
    int found = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].name != name)
            continue;
        const auto same = [&] {
            return targets && emit(*(*targets)[i].value) ==
                                  emit(*(*targets)[static_cast<std::size_t>(found) - 1].value);
        };
        if (found > 0 && !same())
            refuse("42702",
                   std::string(where) + " \"" + std::string(name) + "\" is ambiguous",
                   offset);
        if (found == 0)
            found = static_cast<int>(i) + 1;
    }
    return found;
}

} // namespace weir::sqlite
