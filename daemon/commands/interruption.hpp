// SIGINT and SIGTERM as a request to stop, while something runs that has to be left in order: the
// first asks, a second ends the program at once.
#pragma once

#include <atomic>
#include <csignal>
#include <stop_token>
#include <thread>

namespace weir::commands {

// Made before other threads are, which inherit the blocked signals.
class interruption {
public:
    interruption();
    ~interruption();
    interruption(const interruption&) = delete;
    interruption& operator=(const interruption&) = delete;

    std::stop_token token() const { return asked_.get_token(); }

    // Ends the program by the signal that has asked, as if nobody had heard it: the shell that
    // started it learns why. Without one: does nothing.
    void end_by_it();

private:
    void watch(std::stop_token done);

    sigset_t before_;
    std::atomic<int> signal_ = 0;
    std::stop_source asked_;
    std::jthread watcher_; // last: it uses the others
};

} // namespace weir::commands
