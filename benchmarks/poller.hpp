// Level-triggered epoll, as small as it can be: what these programs cost disturbs what they
// measure.
#pragma once

#include "benchmarks/stream.hpp"

#include <array>
#include <span>
#include <sys/epoll.h>

namespace weir::bench {

class poller {
public:
    poller(); // throws std::system_error

    void add(int fd, void* what);
    void watch(int fd, void* what, bool for_reading, bool for_writing);
    std::span<const epoll_event> wait(); // at least one

private:
    descriptor epoll_;
    std::array<epoll_event, 256> room_{};
};

} // namespace weir::bench
