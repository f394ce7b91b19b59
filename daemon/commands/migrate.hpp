// The verbs of `weir migrate`, by what they do: migrate.cpp gathers them.
#pragma once

#include <CLI/CLI.hpp>

namespace weir::commands {

void add_migrate_lists(CLI::App& migrate, int& status);  // history, heads, branches, show
void add_migrate_states(CLI::App& migrate, int& status); // current, check
void add_migrate_moves(CLI::App& migrate, int& status);  // upgrade, downgrade, stamp
void add_migrate_files(CLI::App& migrate, int& status);  // revision, merge
void add_migrate_import(CLI::App& migrate, int& status);

} // namespace weir::commands
