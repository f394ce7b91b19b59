// What an operator asks of a running weir from a shell: verbs of the console, with an exit status.
#include "daemon/commands/commands.hpp"
#include "daemon/commands/console_request.hpp"
#include "daemon/commands/interruption.hpp"
#include "daemon/commands/outcome.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/migrations/version_table.hpp"

#include <array>
#include <memory>
#include <optional>

namespace weir::commands {
namespace {

using backend_name = std::optional<std::string>; // nothing: all

enum class scope : std::uint8_t { all, backends };

struct operation {
    const char* name;
    const char* command;
    scope of;
    const char* does;
    // What goes on when nobody waits for the answer any more; null: nothing.
    std::string (*left_behind)(const backend_name& backend) = nullptr;
};

std::string left_by_pause(const backend_name& backend)
{
    return backend ? *backend + " stays paused; weir resume " + *backend + " ends it"
                   : "every backend stays paused; weir resume ends it";
}

std::string left_by_drain(const backend_name&)
{
    return "weir goes on draining, and ends when no transaction is open any more";
}

const std::array operations{
    operation{
        "reload",
        "RELOAD",
        scope::all,
        "Have a running weir read its settings anew; with bad ones it keeps the old, and says "
        "why."},
    operation{"pause",
              "PAUSE",
              scope::backends,
              "Have a running weir give no server to a client any more; ends when none holds one.",
              left_by_pause},
    operation{"resume", "RESUME", scope::backends, "End a pause."},
    operation{"reconnect",
              "RECONNECT",
              scope::backends,
              "Have a running weir replace its connections, each as soon as nobody holds it."},
    operation{"drain",
              "SHUTDOWN WAIT_FOR_SERVERS",
              scope::all,
              "Have a running weir let transactions finish, and end; ends when it has.",
              left_by_drain},
};

struct operate_options {
    settings_options settings;
    backend_name backend;
    bool wants_json = false;
};

result<void>
carry_out(const operation& what, const operate_options& wanted, const std::stop_token& stop)
{
    const auto console = demand_console(wanted.settings, std::string("weir ") + what.name, stop);
    if (!console)
        return console.error();
    std::string words = what.command;
    if (wanted.backend)
        words += " " + migrations::quoted_name(*wanted.backend);
    const auto done = (*console)->execute(words, stop);
    if (done)
        return {};
    const bool was_left = stop.stop_requested() && (*console)->is_lost();
    if (was_left && what.left_behind)
        return error{"57014", what.left_behind(wanted.backend)};
    return done.error();
}

int run(const operation& what, const operate_options& wanted)
{
    const outcome end(wanted.wants_json);
    interruption asked;
    const auto done = carry_out(what, wanted, asked.token());
    if (done)
        return end.done();
    const int status = end.failed(done.error());
    asked.end_by_it();
    return status;
}

std::string complaint_of_an_empty_name(const std::string& given)
{
    return given.empty() ? "the backend's name is empty; leave it out, and all are meant" : "";
}

void add(CLI::App& app, int& status, const operation& what)
{
    CLI::App* verb = app.add_subcommand(what.name, what.does);
    const auto options = std::make_shared<operate_options>();
    options->settings.add_config(*verb);
    options->settings.seek_the_socket();
    verb->add_flag("--json", options->wants_json, "print for a program");
    if (what.of == scope::backends)
        verb->add_option("backend", options->backend, "this one alone")
            ->check(complaint_of_an_empty_name);
    verb->callback([options, &status, &what] { status = run(what, *options); });
}

} // namespace

void add_operate(CLI::App& app, int& status)
{
    for (const operation& what : operations)
        add(app, status, what);
}

} // namespace weir::commands
