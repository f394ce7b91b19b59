// `--backend NAME`, for a verb that acts on one backend: needed when there are several.
#pragma once

#include "config/settings.hpp"
#include "pool/core/error.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace weir::commands {

class backend_option {
public:
    void add_to(CLI::App& verb);
    result<backend_settings> choose(const settings& all) const;

private:
    std::string name_; // empty: the only one
};

} // namespace weir::commands
