#include "daemon/commands/settings_options.hpp"

#include "daemon/log.hpp"

#include <filesystem>
#include <iostream>
#include <system_error>
#include <utility>

namespace weir::commands {

namespace {

bool holds_a_socket(const std::string& directory)
{
    std::error_code unreadable; // then nothing is found in it
    for (const auto& entry : std::filesystem::directory_iterator(directory, unreadable))
        if (entry.path().filename().string().starts_with(".s.PGSQL.") &&
            entry.is_socket(unreadable))
            return true;
    return false;
}

} // namespace

void settings_options::add_config(CLI::App& verb)
{
    verb.add_option("--config",
                    config_file_,
                    "the settings file (else WEIR_CONFIG, else /etc/weir/weir.json if there)")
        ->type_name("FILE");
}

void settings_options::add_log(CLI::App& verb)
{
    verb.add_option("--log-format", log_format_, "text or json")->type_name("FORMAT");
    verb.add_option("--log-level", log_level_, "debug, info, warning or error")->type_name("LEVEL");
}

sources settings_options::read_from() const
{
    sources from = real_sources();
    from.config_file = config_file_;
    if (seeks_the_socket_)
        from.is_usable_directory = [may_make = from.is_usable_directory](const std::string& dir) {
            return holds_a_socket(dir) || may_make(dir);
        };
    if (log_format_)
        from.overrides.push_back({"log.format", *log_format_, "--log-format"});
    if (log_level_)
        from.overrides.push_back({"log.level", *log_level_, "--log-level"});
    return from;
}

checked<settings> settings_options::load() const
{
    checked<settings> loaded = weir::load(read_from());
    if (loaded)
        for (const backend_settings& backend : loaded->backends)
            for (const secret* s : {&backend.url.password, &backend.url.sslpassword})
                log::never_show(s->reveal());
    return loaded;
}

result<settings> settings_options::load_or_fail() const
{
    checked<settings> loaded = load();
    if (loaded)
        return std::move(*loaded);
    std::string all;
    for (const complaint& c : loaded.error())
        all += (all.empty() ? "" : "\n") + to_text(c);
    return error{"F0000", "weir cannot use its settings", std::move(all)};
}

std::optional<settings> settings_options::load_or_complain() const
{
    checked<settings> loaded = load();
    if (loaded)
        return std::move(*loaded);
    std::cerr << "weir cannot use its settings:\n";
    for (const complaint& c : loaded.error())
        std::cerr << "  " << to_text(c) << '\n';
    return std::nullopt;
}

result<listen_settings> settings_options::where_weir_listens() const
{
    const sources from = read_from();
    if (config_file_)
        if (const auto text = from.read_file(*config_file_); !text)
            return error{"F0000", *config_file_ + " cannot be read: " + text.error().message()};
    return load_listen(from);
}

} // namespace weir::commands
