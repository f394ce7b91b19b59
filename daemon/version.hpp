// Which weir this is, for `--version`, the metrics page and bug reports.
#pragma once

#include <string_view>

namespace weir {

std::string_view version();  // "0.1.0"
std::string_view compiler(); // "g++ 12.2.0"

} // namespace weir
