// The verbs of the command line, one file each. Each adds itself to the parser; the verb that was
// asked for leaves the program's exit status in `status`.
#pragma once

#include <CLI/CLI.hpp>

namespace weir::commands {

void add_serve(CLI::App& app, int& status);
void add_url(CLI::App& app, int& status);
void add_check(CLI::App& app, int& status);
void add_status(CLI::App& app, int& status);
void add_top(CLI::App& app, int& status);
void add_migrate(CLI::App& app, int& status);
void add_operate(CLI::App& app, int& status);

} // namespace weir::commands
