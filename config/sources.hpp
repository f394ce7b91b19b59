// Where settings come from, as arguments: load() asks these and nothing else, so that a test can
// give it an environment and files that exist nowhere.
#pragma once

#include <boost/system/result.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weir {

// A setting given on the command line: where it goes, and its text as the environment has it.
struct override_value {
    std::string path; // "log.format"
    std::string text; // "json"
    std::string flag; // "--log-format", for complaints
};

struct sources {
    std::vector<override_value> overrides;
    std::optional<std::string> config_file; // --config; else WEIR_CONFIG, else the default if there

    std::function<std::optional<std::string>(const std::string& name)> environment;
    std::function<boost::system::result<std::string>(const std::string& path)> read_file;
    // Whether a socket can be made in that directory, or the directory itself can be made.
    std::function<bool(const std::string& directory)> is_usable_directory;
};

// The process's own environment and files.
sources real_sources();

} // namespace weir
