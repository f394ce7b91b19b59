// status and who: what a running weir's console shows, for people or for programs.
#include "daemon/commands/commands.hpp"
#include "daemon/commands/console_json.hpp"
#include "daemon/commands/console_request.hpp"
#include "daemon/commands/outcome.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/view/status_page.hpp"

#include <iostream>
#include <memory>

namespace weir::commands {
namespace {

struct status_options {
    settings_options settings;
    bool wants_json = false;
};

using page = result<void> (*)(direct_connection& console, bool wants_json);

result<void> print_json(const result<json>& shown)
{
    if (!shown)
        return shown.error();
    std::cout << printed(*shown);
    return {};
}

result<void> print_status(direct_connection& console, bool wants_json)
{
    if (wants_json)
        return print_json(status_of(console));
    const auto now = ask_for_pools(console);
    if (!now)
        return now.error();
    print(view::status_page(*now, has_colours()));
    return {};
}

result<void> print_who(direct_connection& console, bool wants_json)
{
    if (wants_json)
        return print_json(holders_of(console));
    const auto now = ask_for_holders(console);
    if (!now)
        return now.error();
    print(view::who_page(*now, has_colours()));
    return {};
}

int run(const status_options& wanted, page print)
{
    const outcome end(wanted.wants_json);
    const auto console = demand_console(wanted.settings, "weir status");
    if (!console)
        return end.failed(console.error());
    const auto printed = print(**console, wanted.wants_json);
    return printed ? 0 : end.failed(printed.error());
}

void add(CLI::App& app, int& status, const char* name, const char* does, page print)
{
    CLI::App* verb = app.add_subcommand(name, does);
    const auto options = std::make_shared<status_options>();
    options->settings.add_config(*verb);
    options->settings.seek_the_socket();
    verb->add_flag("--json", options->wants_json, "print for a program");
    verb->callback([options, &status, print] { status = run(*options, print); });
}

} // namespace

void add_status(CLI::App& app, int& status)
{
    add(app, status, "status", "Show the pools of a running weir.", print_status);
    add(app, status, "who", "Show who holds a server of a running weir, and who waits.", print_who);
}

} // namespace weir::commands
