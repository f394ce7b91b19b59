// PURE. A length of time in the few characters that a column has.
#pragma once

#include <chrono>
#include <string>

namespace weir::view {

// "0", "340us", "12ms", "1.2s", "3min12s", "2h5min", "4d3h"
std::string brief(std::chrono::microseconds time);

} // namespace weir::view
