// Counts durations by size, for the metrics page: fixed bounds, no lock, no allocation. The sum is
// exact: time that was measured elsewhere can be compared with it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir {

class histogram {
public:
    // Upper bounds in seconds, each inclusive; what is longer than the last has a bucket of its
    // own.
    // clang-format off
    static constexpr std::array<double, 18> bounds{
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
        0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
    // clang-format on
    using bucket_counts = std::array<std::uint64_t, bounds.size() + 1>;

    constexpr void observe(std::chrono::nanoseconds length)
    {
        const double seconds = std::chrono::duration<double>{length}.count();
        std::size_t bucket = 0; // most of what a healthy pool measures ends in the first few
        while (bucket < bounds.size() && seconds > bounds[bucket])
            ++bucket;
        ++buckets_[bucket];
        ++count_;
        sum_ += length;
    }

    constexpr const bucket_counts& buckets() const { return buckets_; } // not cumulative
    constexpr std::uint64_t count() const { return count_; }
    constexpr std::chrono::nanoseconds sum() const { return sum_; }

    friend bool operator==(const histogram&, const histogram&) = default;

private:
    bucket_counts buckets_{};
    std::uint64_t count_ = 0;
    std::chrono::nanoseconds sum_{0};
};

} // namespace weir
