#include "daemon/queries/query_sampler.hpp"

#include <algorithm>
#include <utility>

namespace weir {

bool query_sampler::draw()
{
    if (--until_drawn_ > 0)
        return false;
    aim_at_one_of(stride_);
    return true;
}

// Uniformly up to twice as many, so that no rhythm of the application agrees with ours.
void query_sampler::aim_at_one_of(std::uint64_t stride)
{
    stride_ = stride;
    until_drawn_ = 1 + static_cast<std::uint64_t>(roll_() * static_cast<double>(2 * stride - 1));
}

void query_sampler::add(query_sample looked_at)
{
    looked_at.weight = static_cast<double>(stride_);
    samples_.push_back(std::move(looked_at));
    if (samples_.size() % per_tick == 0) // more than the last tick led to expect
        aim_at_one_of(2 * stride_);
}

std::vector<query_sample> query_sampler::take()
{
    const std::uint64_t of_this_tick = seen_ - std::exchange(earlier_, seen_);
    if (const auto stride = std::max<std::uint64_t>(1, of_this_tick / per_tick); stride != stride_)
        aim_at_one_of(stride);
    if (samples_.empty())
        return {};
    double stood_for = 0;
    for (const query_sample& s : samples_)
        stood_for += s.weight;
    for (query_sample& s : samples_)
        s.weight *= static_cast<double>(seen_) / stood_for;
    seen_ = earlier_ = 0;
    return std::exchange(samples_, {});
}

} // namespace weir
