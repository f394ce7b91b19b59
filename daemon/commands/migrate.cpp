#include "daemon/commands/migrate.hpp"

#include "daemon/commands/commands.hpp"

namespace weir::commands {

void add_migrate(CLI::App& app, int& status)
{
    CLI::App* verb = app.add_subcommand("migrate",
                                        "Bring a database's schema up to date, with Alembic's "
                                        "verbs and its version table.");
    verb->require_subcommand(1);
    verb->footer("Exit status: 0 is done, 1 failed, 2 mistyped; check says 3 when something is to "
                 "be applied.");
    add_migrate_states(*verb, status);
    add_migrate_lists(*verb, status);
    add_migrate_moves(*verb, status);
    add_migrate_files(*verb, status);
    add_migrate_import(*verb, status);
}

} // namespace weir::commands
