#include "daemon/banner.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/daemon.hpp"
#include "daemon/log.hpp"
#include "daemon/log_options.hpp"
#include "daemon/unix_listener.hpp"
#include "daemon/version.hpp"

#include <iostream>
#include <memory>

namespace weir::commands {
namespace {

std::string in_full(const error& e)
{
    std::string words = e.message;
    for (const std::string& more : {e.detail, e.hint})
        if (!more.empty())
            words += "; " + more;
    return words;
}

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

int run(const settings_options& from)
{
    const std::optional<settings> all = from.load_or_complain();
    if (!all)
        return 1;
    log::start(log_options(all->log));
    const auto started = [&](const std::string& metrics_address) {
        log::info("serving",
                  {{"socket", listen_address{all->listen.socket_dir, all->listen.port}.path()},
                   {"metrics", metrics_address.empty() ? "off" : metrics_address},
                   {"backends", all->backends.size()},
                   {"version", version()}});
        // For a person; among lines of JSON it would be noise.
        if (all->log.format == log_format::text)
            std::cout << banner(*all, metrics_address) << std::flush;
    };
    const auto served = serve(
        *all,
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
    verb->callback([options, &status] { status = run(*options); });
}

} // namespace weir::commands
