// Environment, JSON file and command line -> settings, or everything that is wrong with them.
// settings.hpp says which source wins.
#pragma once

#include "config/complaint.hpp"
#include "config/settings.hpp"
#include "config/sources.hpp"

namespace weir {

checked<settings> load(const sources& from);

} // namespace weir
