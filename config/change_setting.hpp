// One setting of those in use, changed by name.
#pragma once

#include "config/complaint.hpp"
#include "config/settings.hpp"

#include <string>

namespace weir {

// `path` as print.hpp lists it ("backends.shop.pool.size", "max_client_conn"), `value` as the
// environment would have it. The complaint says what is wrong with either.
checked<settings>
change_setting(settings in_use, const std::string& path, const std::string& value);

} // namespace weir
