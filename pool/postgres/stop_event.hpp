// Lets poll(2) notice a stop_token: a descriptor that becomes readable when the stop is requested.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <stop_token>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>

namespace weir::postgres {

class stop_event {
public:
    explicit stop_event(std::stop_token stop) : raise_{std::move(stop), signal{descriptor_.fd}} {}

    int descriptor() const { return descriptor_.fd; }

private:
    struct event_descriptor {
        event_descriptor() : fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
        {
            if (fd < 0)
                throw std::system_error(errno, std::generic_category(), "eventfd");
        }
        ~event_descriptor() { ::close(fd); }
        event_descriptor(const event_descriptor&) = delete;
        event_descriptor& operator=(const event_descriptor&) = delete;
        int fd;
    };

    struct signal {
        int fd;
        void operator()() const noexcept
        {
            // It can only fail when the counter is about to overflow: then it is readable already.
            const std::uint64_t one = 1;
            [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
        }
    };

    event_descriptor descriptor_;
    std::stop_callback<signal> raise_; // after the descriptor: it is unregistered first
};

} // namespace weir::postgres
