#include "pool/core/wait_queue.hpp"

#include <algorithm>
#include <cassert>

namespace weir {

void wait_queue::push_back(client_id client, process_index of, time_point now)
{
    if (index(client) >= entries_.size())
        entries_.resize(std::size_t{index(client)} + 1);
    if (index(of) >= queues_.size())
        queues_.resize(std::size_t{index(of)} + 1);
    entries_[index(client)] = {now, of};
    arrivals_.push_back(index(client));
    if (!unnoticed_)
        unnoticed_ = index(client);
    queue& own = queues_[index(of)];
    if (own.size++ == 0)
        turns_.push_back(index(of));
    links_.push_back(own.clients, index(client));
}

void wait_queue::erase(client_id client)
{
    const entry& gone = entries_[index(client)];
    if (unnoticed_ == index(client))
        unnoticed_ = arrivals_.after(index(client));
    arrivals_.erase(index(client));
    queue& own = queues_[index(gone.of)];
    links_.erase(own.clients, index(client));
    if (--own.size == 0)
        turns_.erase(index(gone.of));
}

wait_queue::waiter wait_queue::oldest() const
{
    assert(!empty());
    return at(*arrivals_.front());
}

wait_queue::waiter wait_queue::pop_next()
{
    assert(!empty());
    const std::uint32_t process = *turns_.front();
    const waiter next = at(queues_[process].clients.front);
    if (turns_.size() > 1) {
        turns_.erase(process);
        turns_.push_back(process); // behind the others, if it has more that wait
    }
    erase(next.client);
    return next;
}

std::optional<client_id> wait_queue::take_notice(time_point then)
{
    const auto first = unnoticed_;
    if (!first || entries_[*first].since > then)
        return std::nullopt;
    unnoticed_ = arrivals_.after(*first);
    return client_id{*first};
}

// In each round before its own, every process has one turn, while it has clients that wait.
std::size_t wait_queue::turns_before(process_index newcomer) const
{
    const std::size_t own = index(newcomer) < queues_.size() ? queues_[index(newcomer)].size : 0;
    return std::min(size(), (own + 1) * turns_.size());
}

} // namespace weir
