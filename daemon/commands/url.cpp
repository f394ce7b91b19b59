#include "daemon/commands/backend_option.hpp"
#include "daemon/commands/commands.hpp"
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
};

int run(const url_options& wanted)
{
    const std::optional<settings> all = wanted.settings.load_or_complain();
    if (!all)
        return 1;
    const auto chosen = wanted.backend.choose(*all);
    if (!chosen) {
        std::cerr << chosen.error().message << '\n';
        return 1;
    }
    std::cout << connection_string(wanted.driver, all->listen, chosen->name) << '\n';
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
    verb->callback([options, &status] { status = run(*options); });
}

} // namespace weir::commands
