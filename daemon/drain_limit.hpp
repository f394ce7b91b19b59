// How long transactions have to finish when a reload takes their backend out, or a migration waits
// for them. (At a stop or a restart it is shutdown_timeout.)
#pragma once

#include <chrono>

namespace weir {

inline constexpr std::chrono::seconds drain_limit{30};

} // namespace weir
