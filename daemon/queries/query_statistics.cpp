#include "daemon/queries/query_statistics.hpp"

#include <algorithm>

namespace weir {

void query_statistics::add(fingerprint query, const query_sample& seen)
{
    query.text.resize(std::min(query.text.size(), longest_text));
    const std::string& key = query.id.empty() ? query.text : query.id;
    auto found = sums_.find(key);
    if (found == sums_.end()) {
        if (sums_.size() >= most)
            forget_the_cheapest();
        found = sums_.emplace(key, query_sums{}).first;
        found->second.query = std::move(query);
    }
    query_sums& sums = found->second;
    sums.calls += seen.weight * static_cast<double>(seen.calls);
    sums.rows += seen.weight * static_cast<double>(seen.rows);
    sums.took += seen.weight * std::chrono::duration<double>{seen.took};
    sums.waited += seen.weight * std::chrono::duration<double>{seen.waited};
    sums.longest =
        std::max(sums.longest,
                 seen.took / static_cast<std::int64_t>(std::max(seen.calls, std::uint64_t{1})));
}

void query_statistics::forget_the_cheapest()
{
    sums_.erase(
        std::ranges::min_element(sums_, {}, [](const auto& entry) { return entry.second.took; }));
}

std::vector<query_sums> query_statistics::all() const
{
    std::vector<query_sums> out;
    for (const auto& [key, sums] : sums_)
        out.push_back(sums);
    std::ranges::sort(out, std::greater{}, &query_sums::took);
    return out;
}

} // namespace weir
