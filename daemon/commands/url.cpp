#include "daemon/commands/backend_option.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/outcome.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/connection_string.hpp"

#include <iostream>
#include <memory>

namespace weir::commands {
namespace {

struct url_options {
    settings_options settings;
    std::string driver = "libpq";
    backend_option backend;
    bool wants_json = false;
};

int run(const url_options& wanted)
{
    const outcome end(wanted.wants_json);
    const auto all = wanted.settings.load_or_fail();
    if (!all)
        return end.failed(all.error());
    const auto chosen = wanted.backend.choose(*all);
    if (!chosen)
        return end.failed(chosen.error());
    const std::string url = connection_string(wanted.driver, all->listen, chosen->name);
    std::cout << (wanted.wants_json ? to_json("url", url) : url + '\n');
    return 0;
}

} // namespace

void add_url(CLI::App& app, int& status)
{
    CLI::App* verb = app.add_subcommand("url", "Print the connection string for a worker.");
    const auto options = std::make_shared<url_options>();
    options->settings.add_config(*verb);
    options->settings.seek_the_socket();
    verb->add_option("--driver", options->driver, "the driver that will read it")
        ->check(CLI::IsMember(std::vector<std::string>(drivers.begin(), drivers.end())))
        ->capture_default_str();
    options->backend.add_to(*verb);
    verb->add_flag("--json", options->wants_json, "print for a program");
    verb->callback([options, &status] { status = run(*options); });
}

} // namespace weir::commands
