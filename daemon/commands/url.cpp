#include "daemon/commands/commands.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/connection_string.hpp"

#include <algorithm>
#include <iostream>
#include <memory>

namespace weir::commands {
namespace {

struct url_options {
    settings_options settings;
    std::string driver = "libpq";
    std::string backend; // empty: the only one
};

int run(const url_options& wanted)
{
    const std::optional<settings> all = wanted.settings.load_or_complain();
    if (!all)
        return 1;
    std::string names;
    for (const backend_settings& b : all->backends)
        names += (names.empty() ? "" : ", ") + b.name;
    if (wanted.backend.empty() && all->backends.size() > 1) {
        std::cerr << "weir serves several backends; say which with --backend: " << names << '\n';
        return 1;
    }
    const auto chosen =
        std::find_if(all->backends.begin(), all->backends.end(), [&](const backend_settings& b) {
            return wanted.backend.empty() || wanted.backend == b.name;
        });
    if (chosen == all->backends.end()) {
        std::cerr << "there is no backend \"" << wanted.backend << "\"; there is: " << names
                  << '\n';
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
    verb->add_option("--backend", options->backend, "which, if there are several")
        ->type_name("NAME");
    verb->callback([options, &status] { status = run(*options); });
}

} // namespace weir::commands
