// How long transactions took: a histogram whose buckets are a sixteenth of a power of two wide, so
// that a percentile is right to 6 % at any size and adding one costs a few instructions.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace weir::bench {

class latencies {
public:
    using nanoseconds = std::chrono::nanoseconds;

    void add(nanoseconds took)
    {
        const auto value = static_cast<std::uint64_t>(took.count());
        ++counts_[bucket(value)];
        ++total_;
        longest_ = std::max(longest_, took);
    }

    void add(const latencies& others)
    {
        for (std::size_t i = 0; i < counts_.size(); ++i)
            counts_[i] += others.counts_[i];
        total_ += others.total_;
        longest_ = std::max(longest_, others.longest_);
    }

    std::uint64_t count() const { return total_; }
    nanoseconds longest() const { return longest_; }

    // Not longer than this were `share` (0 to 1) of them.
    nanoseconds percentile(double share) const
    {
        auto left = static_cast<double>(total_) * share;
        for (std::size_t i = 0; i < counts_.size(); ++i)
            if ((left -= static_cast<double>(counts_[i])) <= 0)
                return std::min(longest_, nanoseconds{static_cast<std::int64_t>(upper_end(i))});
        return longest_;
    }

private:
    static constexpr unsigned step_bits = 4;
    static constexpr std::size_t steps = 1u << step_bits;

    // Below `steps` a bucket each; above, the four bits behind the highest one.
    static constexpr std::size_t bucket(std::uint64_t value)
    {
        if (value < steps)
            return value;
        const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - step_bits - 1;
        return (shift + 1) * steps + ((value >> shift) & (steps - 1));
    }

    static constexpr std::uint64_t upper_end(std::size_t index)
    {
        if (index < steps)
            return index;
        const std::size_t shift = index / steps - 1;
        return ((steps + index % steps + 1) << shift) - 1;
    }

    std::array<std::uint64_t, (64 - step_bits + 1) * steps> counts_{};
    std::uint64_t total_ = 0;
    nanoseconds longest_{0};
};

} // namespace weir::bench
