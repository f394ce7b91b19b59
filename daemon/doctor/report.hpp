// PURE. All findings, for people.
#pragma once

#include "daemon/doctor/finding.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::doctor {

std::string_view to_string(severity s); // "ok", "note", "warning", "error"

severity worst_of(const findings& all);

// A line for each, with its fix below it, and the sum of them last.
std::vector<std::string> lines(const findings& all);

} // namespace weir::doctor
