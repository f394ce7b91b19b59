// PURE. What a histogram tells about the lengths that it has counted, for people.
#pragma once

#include "pool/core/histogram.hpp"

#include <cstdint>
#include <numeric>
#include <optional>

namespace weir {

// What was observed after `earlier` was copied from `later`.
constexpr histogram::bucket_counts observed_since(const histogram& earlier, const histogram& later)
{
    histogram::bucket_counts gone{};
    for (std::size_t i = 0; i < gone.size(); ++i)
        gone[i] = later.buckets()[i] - earlier.buckets()[i];
    return gone;
}

// The seconds that a share `q` of them (0.95) did not exceed, as Prometheus's histogram_quantile()
// estimates it: evenly spread within their bucket, and at most the last bound. Nothing: there are
// none.
constexpr std::optional<double> quantile(const histogram::bucket_counts& counts, double q)
{
    const auto total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    if (total == 0)
        return std::nullopt;
    const double rank = q * static_cast<double>(total);
    double below = 0; // so many are in smaller buckets
    for (std::size_t i = 0; i < histogram::bounds.size(); ++i) {
        const auto here = static_cast<double>(counts[i]);
        if (here > 0 && below + here >= rank) {
            const double from = i == 0 ? 0 : histogram::bounds[i - 1];
            return from + (histogram::bounds[i] - from) * (rank - below) / here;
        }
        below += here;
    }
    return histogram::bounds.back();
}

} // namespace weir
