// Who waits for a server, in the order they came. Joining, leaving from anywhere and being served
// are O(1); client ids should be small and reused, since the table is as long as the largest.
#pragma once

#include "pool/core/id_list.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir {

enum class client_id : std::uint32_t {}; // the caller's name for who acquires

class wait_queue {
public:
    using time_point = std::chrono::steady_clock::time_point;
    struct waiter {
        client_id client;
        time_point since;
    };

    void push_back(client_id client, time_point now);
    void erase(client_id client); // must be waiting
    waiter pop_front();           // the queue must not be empty
    waiter front() const;         // likewise

    bool contains(client_id client) const { return order_.contains(index(client)); }
    std::size_t size() const { return order_.size(); }
    bool empty() const { return order_.empty(); }

private:
    static constexpr std::uint32_t index(client_id client)
    {
        return static_cast<std::uint32_t>(client);
    }

    id_list order_;
    std::vector<time_point> since_; // by client
};

} // namespace weir
