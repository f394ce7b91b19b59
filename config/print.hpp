// The effective settings as JSON, in the form of the settings file, secrets masked.
#pragma once

#include "config/settings.hpp"

#include <string>
#include <vector>

namespace weir {

std::string to_json(const settings& all);

// The same one by one, for SHOW CONFIG: "backends.main.pool.size".
struct listed_setting {
    std::string path;
    std::string value;
    std::string default_value; // empty: there is none
    bool is_changeable = false; // by SET (change_setting.hpp)
};
std::vector<listed_setting> list(const settings& all);

} // namespace weir
