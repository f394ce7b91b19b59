// The numbers of a moment as Prometheus reads them. The only door to prometheus-cpp, which prints.
#pragma once

#include "daemon/metrics_snapshot.hpp"

#include <string>

namespace weir {

inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

std::string to_prometheus(const metrics_snapshot&);

} // namespace weir
