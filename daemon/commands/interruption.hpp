// SIGINT and SIGTERM as a request to stop, while something runs that has to be left in order: the
// first asks, a second ends the program at once.
#pragma once

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

private:
    void watch(std::stop_token done);

    sigset_t before_;
    std::stop_source asked_;
    std::jthread watcher_; // last: it uses the others
};

} // namespace weir::commands
