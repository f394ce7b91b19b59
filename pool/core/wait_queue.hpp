// Who waits for a server. Processes take turns, and within one the first to come is the first
// served, so that a worker with a thousand waiting connections does not starve one with a single
// one. Joining, leaving from anywhere and being served are O(1); ids should be small and reused,
// since the tables are as long as the largest.
#pragma once

#include "pool/core/id_list.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir {

enum class client_id : std::uint32_t {};     // the caller's name for who acquires
enum class process_index : std::uint32_t {}; // and for the process that it belongs to

class wait_queue {
public:
    using time_point = std::chrono::steady_clock::time_point;
    struct waiter {
        client_id client;
        time_point since;
    };

    void push_back(client_id client, process_index of, time_point now);
    void erase(client_id client); // must be waiting
    waiter pop_next();            // whose turn it is; the queue must not be empty
    waiter oldest() const;        // who came first; likewise

    // Who came first of those that take_notice() has not named yet, if that was before `then`.
    std::optional<client_id> take_notice(time_point then);
    // How many turns a newcomer of this process would wait for, as the queue is now.
    std::size_t turns_before(process_index newcomer) const;

    bool contains(client_id client) const { return arrivals_.contains(index(client)); }
    std::size_t size() const { return arrivals_.size(); }
    bool empty() const { return arrivals_.empty(); }

private:
    template <class Id>
    static constexpr std::uint32_t index(Id id)
    {
        return static_cast<std::uint32_t>(id);
    }
    waiter at(std::uint32_t client) const { return {client_id{client}, entries_[client].since}; }

    struct entry {
        time_point since;
        process_index of{};
    };
    struct queue {
        id_chain clients;
        std::size_t size = 0;
    };

    id_list arrivals_;                       // clients, in the order they came
    std::vector<entry> entries_;             // by client
    id_list turns_;                          // processes with waiters; the first is served next
    std::vector<queue> queues_;              // by process: its clients ...
    id_links links_;                         // ... whose links are here
    std::optional<std::uint32_t> unnoticed_; // the first client that take_notice() has not named
};

} // namespace weir
