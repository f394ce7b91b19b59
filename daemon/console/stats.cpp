#include "daemon/console/stats.hpp"

#include <algorithm>

namespace weir::console {
namespace {

using std::chrono::microseconds;

std::uint64_t in_microseconds(std::chrono::nanoseconds time)
{
    return static_cast<std::uint64_t>(std::chrono::duration_cast<microseconds>(time).count());
}

} // namespace

stats totals_of(const backend_snapshot& b)
{
    stats out;
    out[stats::xact_count] = b.traffic.transactions();
    out[stats::query_count] = b.traffic.queries;
    out[stats::bytes_received] = b.traffic.bytes_in;
    out[stats::bytes_sent] = b.traffic.bytes_out;
    out[stats::xact_time] = in_microseconds(b.traffic.transaction_seconds.sum());
    out[stats::query_time] = in_microseconds(b.traffic.query_time);
    out[stats::wait_time] = in_microseconds(b.pool.checkout_seconds.sum());
    return out;
}

void stats_window::note(time_point now, const stats& totals)
{
    if (now - newer_.at < period)
        return;
    older_ = newer_;
    newer_ = {now, totals};
}

stats stats_window::recent(const stats& totals) const
{
    stats out;
    for (std::size_t i = 0; i < stats::figures; ++i)
        out.values[i] = totals.values[i] - older_.totals.values[i];
    return out;
}

stats stats_window::averages(time_point now, const stats& totals) const
{
    const stats gone = recent(totals);
    const auto passed = std::chrono::duration_cast<microseconds>(now - older_.at).count();
    const auto by_the_second = [&](std::uint64_t value) {
        return static_cast<std::uint64_t>(static_cast<double>(value) * 1e6 /
                                          static_cast<double>(std::max<std::int64_t>(passed, 1)));
    };
    const auto by_each = [](std::uint64_t value, std::uint64_t count) {
        return count == 0 ? 0 : value / count;
    };
    stats out;
    for (const stats::figure f : {stats::xact_count,
                                  stats::query_count,
                                  stats::bytes_received,
                                  stats::bytes_sent,
                                  stats::wait_time})
        out[f] = by_the_second(gone[f]);
    out[stats::xact_time] = by_each(gone[stats::xact_time], gone[stats::xact_count]);
    out[stats::query_time] = by_each(gone[stats::query_time], gone[stats::query_count]);
    return out;
}

} // namespace weir::console
