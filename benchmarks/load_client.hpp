// One connection of the load generator: it takes the steps of a script one after the other, each
// when the answer to the one before is complete.
#pragma once

#include "benchmarks/poller.hpp"
#include "benchmarks/script.hpp"
#include "benchmarks/stream.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace weir::bench {

class load_client {
public:
    using clock = std::chrono::steady_clock;

    load_client(poller& events, const std::string& path) : events_(events), path_(path) {}
    load_client(const load_client&) = delete;
    load_client& operator=(const load_client&) = delete;

    void start(const script& what); // must outlive it
    void start_again() { start(*script_); }

    // True when the script is through. Throws std::runtime_error when the server reports an error
    // or is gone: what is measured must be what was meant.
    bool on_event(std::uint32_t ready, std::span<char> room);

    clock::time_point started_at() const { return started_at_; }
    std::uint64_t bytes() const { return bytes_; } // sent and received so far

private:
    void take_step();
    bool is_answered(std::string_view fresh);
    void watch_writability();

    poller& events_;
    const std::string& path_;
    std::optional<stream> connection_;
    const script* script_ = nullptr;
    std::size_t at_ = 0;        // the step that is under way
    std::string front_;         // of a frame whose header is not complete, or of an error
    std::size_t body_left_ = 0; // of a frame whose end has not come
    bool is_last_ = false;      // ... which is the one that is waited for
    bool blocked_ = false;
    clock::time_point started_at_;
    std::uint64_t bytes_ = 0;
};

} // namespace weir::bench
