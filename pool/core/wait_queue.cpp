#include "pool/core/wait_queue.hpp"

#include <cassert>

namespace weir {

void wait_queue::push_back(client_id client, time_point now)
{
    order_.push_back(index(client));
    if (index(client) >= since_.size())
        since_.resize(std::size_t{index(client)} + 1);
    since_[index(client)] = now;
}

void wait_queue::erase(client_id client) { order_.erase(index(client)); }

wait_queue::waiter wait_queue::front() const
{
    assert(!empty());
    const std::uint32_t first = *order_.front();
    return {client_id{first}, since_[first]};
}

wait_queue::waiter wait_queue::pop_front()
{
    const waiter first = front();
    erase(first.client);
    return first;
}

} // namespace weir
