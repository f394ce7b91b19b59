// What an operator asks of a running weir from a shell: verbs of the console, with an exit status.
#include "daemon/commands/commands.hpp"
#include "daemon/commands/console_request.hpp"
#include "daemon/commands/outcome.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/migrations/version_table.hpp"

#include <memory>

namespace weir::commands {
namespace {

struct operate_options {
    settings_options settings;
    std::string backend; // empty: all
    std::string name;
    std::string command;
    bool wants_json = false;
};

int run(const operate_options& wanted)
{
    const outcome end(wanted.wants_json);
    const auto console = demand_console(wanted.settings, "weir " + wanted.name);
    if (!console)
        return end.failed(console.error());
    std::string words = wanted.command;
    if (!wanted.backend.empty())
        words += " " + migrations::quoted_name(wanted.backend);
    const auto done = (*console)->execute(words);
    return done ? end.done() : end.failed(done.error());
}

enum class scope : std::uint8_t { all, backends };

void add(
    CLI::App& app, int& status, const char* name, const char* command, scope of, const char* does)
{
    CLI::App* verb = app.add_subcommand(name, does);
    const auto options = std::make_shared<operate_options>();
    options->name = name;
    options->command = command;
    options->settings.add_config(*verb);
    options->settings.seek_the_socket();
    verb->add_flag("--json", options->wants_json, "print for a program");
    if (of == scope::backends)
        verb->add_option("backend", options->backend, "this one alone");
    verb->callback([options, &status] { status = run(*options); });
}

} // namespace

void add_operate(CLI::App& app, int& status)
{
    add(app,
        status,
        "reload",
        "RELOAD",
        scope::all,
        "Have a running weir read its settings anew; with bad ones it keeps the old, and says "
        "why.");
    add(app,
        status,
        "pause",
        "PAUSE",
        scope::backends,
        "Have a running weir give no server to a client any more; ends when none holds one.");
    add(app, status, "resume", "RESUME", scope::backends, "End a pause.");
    add(app,
        status,
        "reconnect",
        "RECONNECT",
        scope::backends,
        "Have a running weir replace its connections, each as soon as nobody holds it.");
    add(app,
        status,
        "drain",
        "SHUTDOWN WAIT_FOR_SERVERS",
        scope::all,
        "Have a running weir let transactions finish, and end; ends when it has.");
}

} // namespace weir::commands
