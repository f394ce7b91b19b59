#include "daemon/commands/interruption.hpp"

#include <pthread.h>
#include <unistd.h>

#include <ctime>
#include <iostream>

namespace weir::commands {
namespace {

sigset_t stop_signals()
{
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGINT);
    sigaddset(&some, SIGTERM);
    return some;
}

} // namespace

interruption::interruption()
{
    const sigset_t some = stop_signals();
    pthread_sigmask(SIG_BLOCK, &some, &before_);
    watcher_ = std::jthread([this](std::stop_token done) { watch(std::move(done)); });
}

interruption::~interruption()
{
    watcher_.request_stop();
    watcher_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void interruption::watch(std::stop_token done)
{
    const sigset_t some = stop_signals();
    constexpr timespec a_while{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (!done.stop_requested()) {
        const int which = sigtimedwait(&some, nullptr, &a_while);
        if (which <= 0)
            continue;
        signal_ = which;
        if (!asked_.request_stop())
            ::_exit(128 + which);
    }
}

void interruption::end_by_it()
{
    if (signal_ == 0)
        return;
    std::cout.flush();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    std::raise(signal_);
}

} // namespace weir::commands
