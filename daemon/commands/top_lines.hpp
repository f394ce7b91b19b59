// `weir top --json`: what `weir status` and `weir who` have, again and again, one line of JSON each
// time (jsonlines.org).
#pragma once

#include "daemon/commands/settings_options.hpp"

#include <chrono>

namespace weir::commands {

// Until it is interrupted, or nobody reads any more; an error is the last line. The exit status.
int write_top_lines(const settings_options& from, std::chrono::milliseconds interval);

} // namespace weir::commands
