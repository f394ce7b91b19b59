#include "daemon/endpoint.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace weir {

namespace {

constexpr std::uint32_t readable = EPOLLIN | EPOLLRDHUP | EPOLLET;

bool control(int epoll, int operation, int fd, endpoint& what, std::uint32_t events)
{
    epoll_event event{};
    event.events = events;
    event.data.ptr = &what;
    return epoll_ctl(epoll, operation, fd, &event) == 0;
}

void demand(bool done)
{
    if (!done)
        throw std::system_error(errno, std::system_category(), "epoll_ctl");
}

} // namespace

epoll_set::epoll_set() : epoll_(epoll_create1(EPOLL_CLOEXEC))
{
    if (epoll_ < 0)
        throw std::system_error(errno, std::system_category(), "epoll_create1");
}

epoll_set::~epoll_set() { ::close(epoll_); }

void epoll_set::add(int fd, endpoint& what) { demand(try_add(fd, what)); }

bool epoll_set::try_add(int fd, endpoint& what)
{
    return control(epoll_, EPOLL_CTL_ADD, fd, what, readable);
}

void epoll_set::want_writability(int fd, endpoint& what, bool wanted)
{
    demand(control(epoll_,
                   EPOLL_CTL_MOD,
                   fd,
                   what,
                   readable | (wanted ? std::uint32_t{EPOLLOUT} : 0u)));
}

void epoll_set::remove(int fd) { epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

std::span<epoll_event> epoll_set::wait(std::span<epoll_event> room, bool may_block)
{
    const int n =
        epoll_wait(epoll_, room.data(), static_cast<int>(room.size()), may_block ? -1 : 0);
    if (n < 0 && errno != EINTR)
        throw std::system_error(errno, std::system_category(), "epoll_wait");
    return room.first(n > 0 ? static_cast<std::size_t>(n) : 0);
}

} // namespace weir
