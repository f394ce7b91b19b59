// An environment and files that exist only in a test, and what load() makes of them.
#pragma once

#include "config/load.hpp"

#include <map>
#include <string>

namespace weir::test {

struct fake_sources {
    std::map<std::string, std::string> environment = {};
    std::map<std::string, std::string> files = {};
    std::vector<override_value> overrides = {};
    std::optional<std::string> config_file = {};
    bool run_weir_is_usable = true;
    std::map<std::string, int> unreadable = {}; // path -> errno

    sources get() const
    {
        const auto variable = [this](const std::string& name) -> std::optional<std::string> {
            const auto found = environment.find(name);
            return found == environment.end() ? std::nullopt : std::optional(found->second);
        };
        const auto read = [this](const std::string& path) -> boost::system::result<std::string> {
            if (const auto bad = unreadable.find(path); bad != unreadable.end())
                return boost::system::error_code(bad->second, boost::system::generic_category());
            if (const auto found = files.find(path); found != files.end())
                return found->second;
            return make_error_code(boost::system::errc::no_such_file_or_directory);
        };
        const auto usable = [this](const std::string&) { return run_weir_is_usable; };
        return {overrides, config_file, variable, read, usable};
    }
};

inline settings loaded(const fake_sources& from) { return load(from.get()).value(); }

// Every complaint on a line of its own; empty when the settings are good.
inline std::string complaints_of(const fake_sources& from)
{
    const checked<settings> all = load(from.get());
    std::string lines;
    if (!all)
        for (const complaint& c : all.error())
            lines += to_text(c) + "\n";
    return lines;
}

inline fake_sources with_file(std::string json)
{
    return {.files = {{"/etc/weir/weir.json", std::move(json)}}};
}

} // namespace weir::test
