// PURE. Which queries a backend is asked, how often, and what they cost: sums by fingerprint.
#pragma once

#include "daemon/queries/fingerprint.hpp"
#include "daemon/queries/query_sample.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir {

struct query_sums {
    fingerprint query;
    double calls = 0;
    double rows = 0;
    std::chrono::duration<double> took{0};
    std::chrono::duration<double> waited{0};
    std::chrono::nanoseconds longest{0};
};

class query_statistics {
public:
    // Where there would be more, the one that has cost the least so far is forgotten.
    static constexpr std::size_t most = 1'000;
    static constexpr std::size_t longest_text = 4'096; // what is kept of one

    void add(fingerprint query, const query_sample& seen);
    std::vector<query_sums> all() const; // what has cost the most first

private:
    void forget_the_cheapest();

    std::unordered_map<std::string, query_sums> sums_; // by id, or by text where there is none
};

} // namespace weir
