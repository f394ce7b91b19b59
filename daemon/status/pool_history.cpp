#include "daemon/status/pool_history.hpp"

#include "pool/core/quantile.hpp"

#include <algorithm>
#include <numeric>

namespace weir::status {
namespace {

double seconds_between(pool_history::time_point from, pool_history::time_point to)
{
    return std::chrono::duration<double>{to - from}.count();
}

double rate(std::uint64_t before, std::uint64_t after, double seconds)
{
    return seconds > 0 ? static_cast<double>(after - before) / seconds : 0;
}

percentiles percentiles_of(const histogram& before, const histogram& after)
{
    const histogram::bucket_counts seen = observed_since(before, after);
    return {.count = after.count() - before.count(),
            .p50 = quantile(seen, 0.5),
            .p95 = quantile(seen, 0.95),
            .p99 = quantile(seen, 0.99)};
}

} // namespace

pool_history::sample pool_history::take(time_point at, const backend_snapshot& b)
{
    const auto& errors = b.traffic.errors.counts();
    return {at,
            b.pool.checkout_seconds,
            b.pool.hold_seconds,
            b.traffic.transaction_seconds,
            b.traffic.queries,
            std::accumulate(errors.begin(),
                            errors.end(),
                            b.traffic.errors.others(),
                            [](std::uint64_t sum, const auto& c) { return sum + c.second; }),
            b.pool.timeouts + b.pool.turned_away};
}

void pool_history::note(time_point now, const backend_snapshot& b)
{
    if (!samples_.empty() && now - samples_.back().at < step)
        return;
    samples_.push_back(take(now, b));
    while (now - samples_.front().at > window)
        samples_.pop_front();
}

recent_figures pool_history::recent(time_point now, const backend_snapshot& b) const
{
    if (samples_.empty())
        return {};
    const sample last = take(now, b);
    const sample& first = samples_.front();
    recent_figures out{.seconds = seconds_between(first.at, now)};
    out.transactions_per_second =
        rate(first.transaction.count(), last.transaction.count(), out.seconds);
    out.queries_per_second = rate(first.queries, last.queries, out.seconds);
    out.errors = last.errors - first.errors;
    out.refused = last.refused - first.refused;
    out.checkout = percentiles_of(first.checkout, last.checkout);
    out.hold = percentiles_of(first.hold, last.hold);
    out.transaction = percentiles_of(first.transaction, last.transaction);
    for (std::size_t i = 1; i < samples_.size(); ++i)
        out.rates.push_back(rate(samples_[i - 1].transaction.count(),
                                 samples_[i].transaction.count(),
                                 seconds_between(samples_[i - 1].at, samples_[i].at)));
    return out;
}

} // namespace weir::status
