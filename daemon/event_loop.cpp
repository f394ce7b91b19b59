#include "daemon/event_loop.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <system_error>

namespace weir {
namespace {

constexpr timespec tick_interval{0, 100'000'000};

int checked(int descriptor, const char* what)
{
    if (descriptor < 0)
        throw std::system_error(errno, std::system_category(), what);
    return descriptor;
}

} // namespace

event_loop::event_loop()
    : work_(context_.get_executor()),
      posted_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      ticks_(checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd"))
{
    const itimerspec every{tick_interval, tick_interval};
    checked(::timerfd_settime(ticks_, 0, &every, nullptr), "timerfd_settime");
}

event_loop::~event_loop()
{
    ::close(posted_);
    ::close(ticks_);
}

void event_loop::run(const std::function<void()>& wait, const std::function<void()>& tick)
{
    while (!context_.stopped()) {
        is_awake_ = true;
        context_.poll();
        if (is_tick_due())
            tick();
        is_awake_ = false; // who posts from now on wakes it
        if (context_.poll() == 0 && !context_.stopped())
            wait();
    }
}

void event_loop::wake()
{
    if (!is_awake_.exchange(true))
        ::eventfd_write(posted_, 1); // it is never full: the loop would be awake
}

bool event_loop::is_tick_due()
{
    std::uint64_t expirations = 0;
    return ::read(ticks_, &expirations, sizeof expirations) == sizeof expirations;
}

} // namespace weir
