// What a process has cost so far, all its threads together: the sum from the scheduler's own books,
// exact to the nanosecond, and the kernel's division of it, which counts ticks.
#pragma once

#include <chrono>
#include <cstdint>
#include <sys/types.h>

namespace weir::bench {

struct cpu_time {
    std::chrono::nanoseconds total{0};
    std::uint64_t user_ticks = 0;
    std::uint64_t system_ticks = 0;
};

cpu_time cpu_time_of(pid_t process); // throws std::runtime_error when there is no such process

} // namespace weir::bench
