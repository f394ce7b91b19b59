// One setting of those in use, changed by name.
#pragma once

#include "config/complaint.hpp"
#include "config/settings.hpp"

#include <string>
#include <string_view>

namespace weir {

// What SET takes: how much, how long and how. Who may connect or operate, and what is run to migrate,
// is decided by who writes the settings file. `path` as print.hpp lists it ("max_client_conn").
bool is_changeable(const settings& in_use, std::string_view path);

// `value` as the environment or print.hpp has it. The complaint says what is wrong with it, or that
// the setting is none that is changeable.
checked<settings>
change_setting(settings in_use, const std::string& path, const std::string& value);

} // namespace weir
