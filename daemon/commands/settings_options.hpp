// What every verb that needs settings shares: `--config`, and how complaints are told.
#pragma once

#include "config/load.hpp"
#include "pool/core/error.hpp"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::commands {

class settings_options {
public:
    void add_config(CLI::App& verb);
    void add_log(CLI::App& verb); // --log-format, --log-level
    // For a verb that a worker runs: it may have no right to make a socket where the daemon did,
    // and the settings that name no directory still mean that one.
    void seek_the_socket() { seeks_the_socket_ = true; }

    // The environment and the file are read at each call. The log will never show the secrets in
    // what was loaded.
    checked<settings> load() const;

    // load(), with the complaints as the detail, one a line.
    result<settings> load_or_fail() const;

    // load(), with complaints on stderr.
    std::optional<settings> load_or_complain() const;

    // For a verb that asks a running weir: where it is, even if the settings are wrong by now or
    // need what only the service has. What is wrong with them the running weir says. The error: the
    // file of --config cannot be read.
    result<listen_settings> where_weir_listens() const;

private:
    sources read_from() const;

    std::optional<std::string> config_file_;
    std::optional<std::string> log_format_;
    std::optional<std::string> log_level_;
    bool seeks_the_socket_ = false;
};

} // namespace weir::commands
