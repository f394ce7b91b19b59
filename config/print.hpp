// The effective settings as JSON, in the form of the settings file, secrets masked.
#pragma once

#include "config/settings.hpp"

#include <string>

namespace weir {

std::string to_json(const settings& all);

} // namespace weir
