// Lets poll(2) notice a stop_token: a descriptor that becomes readable when the stop is requested.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <stop_token>
#include <sys/eventfd.h>
#include <utility>

namespace weir::postgres {

class stop_event {
public:
    explicit stop_event(std::stop_token stop)
        : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), raise_{std::move(stop),
                                                                        signal{descriptor_.fd}}
    {
    }

    // -1 when the process has no descriptor to spare: poll ignores it, and the login, which needs
    // one as well, will fail soon enough.
    int descriptor() const { return descriptor_.fd; }

private:
    struct owner {
        explicit owner(int opened) : fd(opened) {}
        ~owner()
        {
            if (fd >= 0)
                ::close(fd);
        }
        owner(const owner&) = delete;
        owner& operator=(const owner&) = delete;

        int fd;
    };

    struct signal {
        int fd;

        void operator()() const noexcept
        {
            // Of an open one it could only fail by overflow, and then it is readable already.
            const std::uint64_t one = 1;
            [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
        }
    };

    owner descriptor_;
    std::stop_callback<signal> raise_; // after the descriptor: it is unregistered first
};

} // namespace weir::postgres
