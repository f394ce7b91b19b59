// The connections of the load generator and the loop that serves them, in one thread: a closed
// loop, in which each connection begins its next transaction when the last one is answered.
#pragma once

#include "benchmarks/latencies.hpp"
#include "benchmarks/load_client.hpp"
#include "benchmarks/poller.hpp"
#include "benchmarks/script.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::bench {

class generator {
public:
    struct outcome {
        std::chrono::duration<double> took{};
        latencies latency;
        std::uint64_t bytes = 0; // both ways
    };

    generator(std::string socket_path, std::size_t clients);

    std::size_t clients() const { return clients_.size(); }

    // So many runs of a script among all clients; `script_of(i)` is client i's.
    outcome run(std::uint64_t total, const std::function<const script&(std::size_t)>& script_of);

private:
    std::uint64_t bytes() const;

    poller events_;
    std::string path_;
    std::vector<std::unique_ptr<load_client>> clients_;
    std::vector<char> room_;
};

} // namespace weir::bench
