// The queries of all backends: samples from the loop, fingerprinted on a thread of its own.
#pragma once

#include "daemon/queries/query_statistics.hpp"

#include <boost/asio/thread_pool.hpp>

#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir {

class query_book {
public:
    ~query_book(); // waits for what is under way

    // Returns at once. What comes faster than it can be read is left out.
    void add(const std::string& backend, std::vector<query_sample> samples);
    void forget(const std::string& backend); // which is served no more

    std::map<std::string, std::vector<query_sums>> all() const; // by backend

private:
    void read(const std::string& backend, const std::vector<query_sample>& samples);
    fingerprint known(const std::string& sql);

    mutable std::mutex mutex_; // over what is below
    std::map<std::string, query_statistics> statistics_;
    std::size_t under_way_ = 0;
    std::unordered_map<std::string, fingerprint> known_; // by text; the thread's alone
    boost::asio::thread_pool thread_{1};
};

} // namespace weir
