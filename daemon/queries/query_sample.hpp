// What is known of one query that was looked at: its text, and what it cost. A pipeline that runs
// one statement again and again is one sample of several calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace weir {

struct query_sample {
    std::string sql = {};
    std::chrono::nanoseconds took{0};   // from the message to the last of the answer
    std::chrono::nanoseconds waited{0}; // before, for a server; by the first query that got it
    std::uint64_t rows = 0;             // that its command tags count
    std::uint64_t calls = 1;
    double weight = 1; // when there were more than are looked at, it stands for so many
};

} // namespace weir
