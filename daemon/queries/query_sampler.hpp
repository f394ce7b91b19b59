// PURE. Which of a backend's queries are looked at more closely: one of so many, by chance, so that
// what comes late in a busy tick is seen as often as what comes first; and each when there are few.
#pragma once

#include "daemon/queries/query_sample.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace weir {

class query_sampler {
public:
    static constexpr std::size_t per_tick = 10; // about so many; more where a tick begins a rush

    explicit query_sampler(std::function<double()> roll) : roll_(std::move(roll)) {} // in [0, 1)

    // Before a query, or where one may follow: whether it is to be looked at.
    bool draw();
    // A query is over; `add` as well if it was looked at.
    void count() { ++seen_; }
    void add(query_sample looked_at);

    // What was seen since the last call, with what each stands for. While nothing was looked at, it
    // stays for the next.
    std::vector<query_sample> take();

private:
    void aim_at_one_of(std::uint64_t stride);

    std::function<double()> roll_;
    std::vector<query_sample> samples_;
    std::uint64_t seen_ = 0;        // that no sample has stood for yet
    std::uint64_t earlier_ = 0;     // of these, before the last take()
    std::uint64_t stride_ = 1;      // one of so many is drawn, on the average
    std::uint64_t until_drawn_ = 1; // draws up to the next that says yes
};

} // namespace weir
