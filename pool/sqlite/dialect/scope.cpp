#include "pool/sqlite/dialect/scope.hpp"

#include "pool/sqlite/dialect/refusal.hpp"

#include <algorithm>
#include <iterator>

namespace weir::sqlite {

namespace {

constexpr std::string_view system_columns[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};

std::string dotted(const std::vector<std::string_view>& parts)
{
    std::string all;
    for (const std::string_view part : parts)
        all += (all.empty() ? "" : ".") + std::string(part);
    return all;
}

// Every mention of a column is its own expression, so that its place in the text is its own.
tree::expression_ptr mention(const visible_column& column, int offset)
{
    auto copy = std::make_shared<tree::expression>(*column.value);
    copy->offset = offset;
    return copy;
}

tree::expression_ptr find_bare(std::string_view name, const scope& in, int offset)
{
    const visible_column* found = nullptr;
    for (const visible_column& each : in.columns) {
        if (each.hidden || each.name != name)
            continue;
        if (found)
            refuse("42702", "column reference \"" + std::string(name) + "\" is ambiguous", offset);
        found = &each;
    }
    return found ? mention(*found, offset) : nullptr;
}

bool is_table(const visible_table& table, const std::vector<std::string_view>& name)
{
    if (table.name != name.back())
        return false;
    return name.size() == 1 ||
           (table.of && !table.aliased && table.of->schema == name[name.size() - 2]);
}

const visible_table* find_table(const std::vector<std::string_view>& name, const scope& in)
{
    const auto found =
        std::ranges::find_if(in.tables, [&](const visible_table& t) { return is_table(t, name); });
    return found == in.tables.end() ? nullptr : &*found;
}

[[noreturn]] void
refuse_table(const std::vector<std::string_view>& name, const scope& in, int offset)
{
    for (const scope* level = &in; level; level = level->outer) {
        if (level->lateral && find_table(name, *level->lateral)) {
            if (level->is_lateral)
                refuse_feature("LATERAL", offset);
            refuse("42P01",
                   "invalid reference to FROM-clause entry for table \"" + dotted(name) + "\"",
                   offset,
                   "To reference that table, you must mark this subquery with LATERAL.",
                   "There is an entry for table \"" + dotted(name) +
                       "\", but it cannot be referenced from this part of the query.");
        }
        for (const visible_table& each : level->tables)
            if (each.aliased && each.of && each.of->name == name.back())
                refuse("42P01",
                       "invalid reference to FROM-clause entry for table \"" + dotted(name) + "\"",
                       offset,
                       "Perhaps you meant to reference the table alias \"" + each.name + "\".");
    }
    refuse("42P01", "missing FROM-clause entry for table \"" + dotted(name) + "\"", offset);
}

tree::expression_ptr
find_qualified(const std::vector<std::string_view>& parts, const scope& in, int offset)
{
    const std::vector<std::string_view> table{parts.begin(), parts.end() - 1};
    for (const scope* level = &in; level; level = level->outer) {
        const visible_table* owner = find_table(table, *level);
        if (!owner)
            continue;
        const visible_column* found = nullptr;
        for (const visible_column& each : level->columns) {
            if (each.table != owner->name || each.name != parts.back())
                continue;
            if (found)
                refuse("42702",
                       "column reference \"" + std::string(parts.back()) + "\" is ambiguous",
                       offset);
            found = &each;
        }
        if (found)
            return mention(*found, offset);
        if (std::ranges::find(system_columns, parts.back()) != std::end(system_columns))
            refuse_feature("the system column " + std::string(parts.back()), offset);
        refuse("42703", "column " + dotted(parts) + " does not exist", offset);
    }
    refuse_table(table, in, offset);
}

} // namespace

tree::expression_ptr
find_column(const std::vector<std::string_view>& parts, const scope& in, int offset)
{
    if (parts.size() > 1)
        return find_qualified(parts, in, offset);
    for (const scope* level = &in; level; level = level->outer)
        if (tree::expression_ptr found = find_bare(parts[0], *level, offset))
            return found;
    for (const scope* level = &in; level; level = level->outer) {
        if (find_table(parts, *level))
            refuse_feature("a whole row as a value", offset);
        if (level->is_lateral && find_bare(parts[0], *level->lateral, offset))
            refuse_feature("LATERAL", offset);
    }
    if (std::ranges::find(system_columns, parts[0]) != std::end(system_columns))
        refuse_feature("the system column " + std::string(parts[0]), offset);
    refuse("42703", "column \"" + std::string(parts[0]) + "\" does not exist", offset);
}

std::vector<visible_column>
star_columns(const std::vector<std::string_view>& table, const scope& in, int offset)
{
    std::vector<visible_column> found;
    if (table.empty()) {
        if (in.tables.empty())
            refuse("42601", "SELECT * with no tables specified is not valid", offset);
        std::ranges::copy_if(in.columns, std::back_inserter(found), [](const visible_column& c) {
            return !c.hidden;
        });
        return found;
    }
    for (const scope* level = &in; level; level = level->outer) {
        const visible_table* owner = find_table(table, *level);
        if (!owner)
            continue;
        std::ranges::copy_if(level->columns,
                             std::back_inserter(found),
                             [&](const visible_column& c) { return c.table == owner->name; });
        return found;
    }
    refuse_table(table, in, offset);
}

const visible_cte* find_cte(std::string_view name, const scope& in)
{
    for (const scope* level = &in; level; level = level->outer) {
        // The last one of a name hides the others.
        const auto found =
            std::ranges::find(level->ctes.rbegin(), level->ctes.rend(), name, &visible_cte::name);
        if (found != level->ctes.rend())
            return &*found;
    }
    return nullptr;
}

} // namespace weir::sqlite
