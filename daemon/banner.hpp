// What `weir serve` says once it serves: what a newcomer needs to go on.
#pragma once

#include "config/settings.hpp"

#include <string>
#include <string_view>

namespace weir {

// The backends (masked), the sockets, the metrics and a connection string to paste. An empty
// metrics address: they are off.
std::string
banner(const settings& all, const std::string& sockets, std::string_view metrics_address);

} // namespace weir
