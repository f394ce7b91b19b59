#include "benchmarks/poller.hpp"

#include <cerrno>
#include <system_error>

namespace weir::bench {

namespace {

void control(const descriptor& epoll, int operation, int fd, void* what, std::uint32_t events)
{
    epoll_event event{};
    event.events = events;
    event.data.ptr = what;
    if (::epoll_ctl(epoll.get(), operation, fd, &event) != 0)
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

} // namespace

poller::poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC))
{
    if (epoll_.get() < 0)
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

void poller::add(int fd, void* what) { control(epoll_, EPOLL_CTL_ADD, fd, what, EPOLLIN); }

void poller::watch(int fd, void* what, bool for_reading, bool for_writing)
{
    control(epoll_,
            EPOLL_CTL_MOD,
            fd,
            what,
            (for_reading ? EPOLLIN : 0u) | (for_writing ? EPOLLOUT : 0u));
}

std::span<const epoll_event> poller::wait()
{
    while (true) {
        const int count =
            ::epoll_wait(epoll_.get(), room_.data(), static_cast<int>(room_.size()), -1);
        if (count > 0)
            return {room_.data(), static_cast<std::size_t>(count)};
        if (count < 0 && errno != EINTR)
            throw std::system_error(errno, std::generic_category(), "epoll_wait");
    }
}

} // namespace weir::bench
