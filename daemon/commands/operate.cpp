// What an operator asks of a running weir from a shell: verbs of the console, with an exit status.
#include "daemon/commands/commands.hpp"
#include "daemon/commands/console_request.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/migrations/version_table.hpp"
#include "daemon/unix_listener.hpp"

#include <algorithm>
#include <cctype>
#include <iostream>
#include <memory>

namespace weir::commands {
namespace {

struct operate_options {
    settings_options settings;
    std::string backend; // empty: all
    std::string command;
};

int complain(const error& why)
{
    std::cerr << why.message << '\n';
    for (const std::string& more : {why.detail, why.hint})
        if (!more.empty())
            std::cerr << more << '\n';
    return 1;
}

int run(const operate_options& wanted)
{
    const listen_settings at = wanted.settings.where_weir_listens();
    const auto console = connect_to_console(at, {});
    if (!console)
        return complain(console.error());
    if (!*console) {
        wanted.settings.load_or_complain(); // a mistake may be why it was looked for there
        return complain(
            {"08001", "no weir serves " + listen_address{at.socket_dir, at.port}.path()});
    }
    std::string words = wanted.command;
    if (!wanted.backend.empty())
        words += " " + migrations::quoted_name(wanted.backend);
    const auto done = (*console)->execute(words);
    return done ? 0 : complain(done.error());
}

operate_options& add(CLI::App& app, int& status, const char* command, const char* does)
{
    std::string name = command;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    CLI::App* verb = app.add_subcommand(name, does);
    const auto options = std::make_shared<operate_options>();
    options->command = command;
    options->settings.add_config(*verb);
    options->settings.seek_the_socket();
    verb->callback([options, &status] { status = run(*options); });
    return *options;
}

} // namespace

void add_operate(CLI::App& app, int& status)
{
    add(app,
        status,
        "RELOAD",
        "Have a running weir read its settings anew; with bad ones it keeps the old, and says "
        "why.");
    operate_options& reconnect =
        add(app,
            status,
            "RECONNECT",
            "Have a running weir replace its connections, each as soon as nobody holds it.");
    app.get_subcommand("reconnect")
        ->add_option("backend", reconnect.backend, "only those to this backend");
}

} // namespace weir::commands
