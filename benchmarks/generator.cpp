#include "benchmarks/generator.hpp"

#include <utility>

namespace weir::bench {

generator::generator(std::string socket_path, std::size_t clients)
    : path_(std::move(socket_path)), room_(256 * 1024)
{
    for (std::size_t i = 0; i < clients; ++i)
        clients_.push_back(std::make_unique<load_client>(events_, path_));
}

generator::outcome generator::run(std::uint64_t total,
                                  const std::function<const script&(std::size_t)>& script_of)
{
    outcome out;
    const std::uint64_t bytes_before = bytes();
    const load_client::clock::time_point began = load_client::clock::now();
    std::uint64_t to_start = total;
    for (std::size_t i = 0; i < clients_.size() && to_start > 0; ++i, --to_start)
        clients_[i]->start(script_of(i));
    for (std::uint64_t left = total; left > 0;) {
        for (const epoll_event& event : events_.wait()) {
            auto& client = *static_cast<load_client*>(event.data.ptr);
            if (!client.on_event(event.events, room_))
                continue;
            out.latency.add(load_client::clock::now() - client.started_at());
            --left;
            if (to_start > 0) {
                --to_start;
                client.start_again();
            }
        }
    }
    out.took = load_client::clock::now() - began;
    out.bytes = bytes() - bytes_before;
    return out;
}

std::uint64_t generator::bytes() const
{
    std::uint64_t sum = 0;
    for (const auto& client : clients_)
        sum += client->bytes();
    return sum;
}

} // namespace weir::bench
