// What is known of one query that was looked at: its text, and what it cost.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace weir {

struct query_sample {
    std::string sql;
    std::chrono::nanoseconds took{0};   // from the message to the last of the answer
    std::chrono::nanoseconds waited{0}; // before, for a server; by the first query that got it
    std::uint64_t rows = 0;             // that its command tag counts
};

// Of one backend and some time. When there were more queries than are looked at, each that was
// stands for `weight` of them.
struct query_samples {
    std::vector<query_sample> taken;
    double weight = 1;
};

} // namespace weir
