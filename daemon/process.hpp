// What a process that holds thousands of sockets sets up for itself before anything else.
#pragma once

#include "pool/core/error.hpp"

#include <cstdint>

namespace weir {

// Raises the soft limit of open descriptors to the hard one and returns it: distributions keep the
// soft limit at 1024 for programs that still use select(2), which weir does not.
result<std::uint64_t> raise_descriptor_limit();

// A peer that is gone is an error of write(2), not the end of the process.
void ignore_broken_pipes();

// From here on SIGTERM, SIGINT and SIGHUP do nothing: a process on its way out must not be killed
// by an impatient second one, in the moment after the daemon's own handlers have gone.
void ignore_signals_to_the_end();

} // namespace weir
