#include "daemon/query_book.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace weir {

namespace {

constexpr std::size_t most_under_way = 64; // batches of a tick each

} // namespace

query_book::~query_book() { thread_.join(); }

void query_book::add(const std::string& backend, query_samples samples)
{
    {
        const std::lock_guard lock(mutex_);
        if (under_way_ == most_under_way)
            return;
        ++under_way_;
    }
    boost::asio::post(thread_,
                      [this, backend, samples = std::move(samples)] { read(backend, samples); });
}

// A fingerprint takes longer than all the rest, and nobody waits for it.
void query_book::read(const std::string& backend, const query_samples& samples)
{
    std::vector<fingerprint> prints;
    for (const query_sample& s : samples.taken)
        prints.push_back(known(s.sql));
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < prints.size(); ++i)
        statistics_[backend].add(std::move(prints[i]), samples.taken[i], samples.weight);
    --under_way_;
}

// Applications send the same texts again and again.
const fingerprint& query_book::known(const std::string& sql)
{
    constexpr std::size_t most_texts = 1'000;
    if (known_.size() >= most_texts && !known_.contains(sql))
        known_.clear();
    const auto [found, is_new] = known_.try_emplace(sql);
    if (is_new)
        found->second = fingerprint_of(sql);
    return found->second;
}

std::map<std::string, std::vector<query_sums>> query_book::all() const
{
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::vector<query_sums>> out;
    for (const auto& [backend, statistics] : statistics_)
        out[backend] = statistics.all();
    return out;
}

} // namespace weir
