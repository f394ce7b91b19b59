#include "config/print.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/settings_options.hpp"

#include <iostream>
#include <memory>

namespace weir::commands {

void add_check(CLI::App& app, int& status)
{
    CLI::App* verb = app.add_subcommand("check", "Say whether the settings are right.");
    const auto options = std::make_shared<settings_options>();
    options->add_config(*verb);
    const auto prints = std::make_shared<bool>(false);
    verb->add_flag("--settings", *prints, "print the effective ones as JSON, secrets masked");
    verb->callback([options, prints, &status] {
        const std::optional<settings> all = options->load_or_complain();
        if (all)
            std::cout << (*prints ? to_json(*all)
                                  : "the settings are right; the backends were not asked\n");
        status = all ? 0 : 1;
    });
}

} // namespace weir::commands
