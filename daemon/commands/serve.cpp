#include "daemon/banner.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/outcome.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/serve.hpp"
#include "daemon/log.hpp"
#include "daemon/log_options.hpp"
#include "daemon/process.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/version.hpp"

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

namespace weir::commands {
namespace {

constexpr std::chrono::seconds pause_without_settings{10};

result<settings> reread(const settings_options& from)
{
    checked<settings> loaded = from.load();
    if (loaded)
        return std::move(*loaded);
    std::string all;
    for (const complaint& c : loaded.error())
        all += (all.empty() ? "" : "; ") + to_text(c);
    return error{sqlstate{"F0000"}, "the new ones are wrong", std::move(all)};
}

// The service manager starts weir again for ever, which keeps those whom it keeps for weir; and no
// file gets better by being read every second.
int end_without_settings()
{
    if (service_manager::is_there()) {
        service_manager::status(
            "weir cannot use its settings, the journal says why; tried again in " +
            std::to_string(pause_without_settings.count()) + " s");
        std::this_thread::sleep_for(pause_without_settings);
    }
    return 1;
}

int run(const settings_options& from, bool takes_over)
{
    const std::optional<settings> all = from.load_or_complain();
    if (!all)
        return end_without_settings();
    const log::format format = log::start(log_options(all->log));
    ignore_broken_pipes();
    if (const auto raised = raise_descriptor_limit(); !raised) // what it has will serve fewer
        log::warning("fewer clients will fit", {{"error", raised.error().message}});
    const auto started = [&](const served_at& where) {
        log::info("serving",
                  {{"socket", where.sockets},
                   {"metrics", where.metrics.empty() ? "off" : where.metrics},
                   {"backends", all->backends.size()},
                   {"version", version()}});
        // For a person; among lines of JSON, or in the journal, it would be noise.
        if (format == log::format::text)
            std::cout << banner(*all, where.sockets, where.metrics) << std::flush;
    };
    const auto served = serve(
        *all,
        takes_over,
        [&] { return reread(from); },
        started);
    if (!served)
        log::error("weir cannot serve", {{"error", in_full(served.error())}});
    return served ? 0 : 1;
}

} // namespace

void add_serve(CLI::App& app, int& status)
{
    CLI::App* verb = app.add_subcommand("serve", "Serve the backends in the foreground.");
    const auto options = std::make_shared<settings_options>();
    options->add_config(*verb);
    options->add_log(*verb);
    const auto takes_over = std::make_shared<bool>(false);
    verb->add_flag("--takeover",
                   *takes_over,
                   "From the weir that serves this socket now: its clients stay connected.");
    verb->callback([=, &status] { status = run(*options, *takes_over); });
}

} // namespace weir::commands
