#include "daemon/migrations/request_plan.hpp"

namespace weir::migrations {

version_table table_of(const migration_settings& s)
{
    return {s.version_table, s.version_table_schema};
}

std::optional<error> objection(const database_state& database,
                               const comparison& found,
                               const migration_settings& settings,
                               direction way)
{
    if (way == direction::stamp)
        return std::nullopt;
    if (auto wrong = object_to_half_done(found, database))
        return wrong;
    if (auto wrong = object_to_unknown(found, settings))
        return wrong;
    if (settings.on_edited == migration_settings::edit_policy::refuse)
        if (auto wrong = object_to_edited(found))
            return wrong;
    // Where a command comes first, the tables are that command's.
    const bool has_command_first =
        !settings.command.empty() && settings.order == migration_settings::command_order::first;
    return way == direction::upgrade && !has_command_first ? object_to_unversioned(database)
                                                           : std::nullopt;
}

result<plan>
plan_of(const revision_graph& graph, const std::vector<std::string>& rows, const request& wanted)
{
    switch (wanted.way) {
    case direction::upgrade: return plan_upgrade(graph, rows, wanted.target);
    case direction::downgrade: return plan_downgrade(graph, rows, wanted.target);
    case direction::stamp: break;
    }
    return plan_stamp(graph, rows, wanted.target, wanted.purge);
}

} // namespace weir::migrations
