#include "daemon/query_book.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace weir {

namespace {

constexpr std::size_t most_under_way = 64; // batches of a tick each

} // namespace

query_book::~query_book() { thread_.join(); }

void query_book::add(const std::string& backend, std::vector<query_sample> samples)
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
void query_book::read(const std::string& backend, const std::vector<query_sample>& samples)
{
    std::vector<fingerprint> prints;
    for (const query_sample& s : samples)
        prints.push_back(known(s.sql));
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < prints.size(); ++i)
        statistics_[backend].add(std::move(prints[i]), samples[i]);
    --under_way_;
}

// On the thread, so that what was added before does not come back.
void query_book::forget(const std::string& backend)
{
    boost::asio::post(thread_, [this, backend] {
        const std::lock_guard lock(mutex_);
        statistics_.erase(backend);
    });
}

// Applications send the same texts again and again; long ones, which have their values in them, the
// least.
fingerprint query_book::known(const std::string& sql)
{
    constexpr std::size_t most_texts = 1'000;
    constexpr std::size_t longest_text = 8'192;
    if (sql.size() > longest_text)
        return fingerprint_of(sql);
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
