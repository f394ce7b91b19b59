// Why a running statement should stop. The session begins and ends statements; the link asks from
// other threads; SQLite and the write queue look while they work or wait.
#pragma once

#include "pool/core/error.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

namespace weir::sqlite {

class cancellation {
public:
    using clock = std::chrono::steady_clock;

    enum class reason : std::uint8_t {
        none,
        user,              // a cancel request
        statement_timeout, // its time is up
        closed,            // the client is gone; nobody reads the answer
    };

    // A cancel that arrives between statements is for nobody, as in PostgreSQL.
    void begin_statement(clock::time_point deadline = clock::time_point::max())
    {
        deadline_.store(deadline.time_since_epoch().count());
        state_.store(running);
    }
    void end_statement() { state_.store(idle); }

    void cancel() // from any thread
    {
        std::uint8_t expected = running;
        state_.compare_exchange_strong(expected, cancelled);
    }
    void close() { closed_.store(true); } // from any thread; for good

    reason why() const
    {
        if (closed_.load(std::memory_order_relaxed))
            return reason::closed;
        if (state_.load(std::memory_order_relaxed) == cancelled)
            return reason::user;
        return clock::now() >= deadline() ? reason::statement_timeout : reason::none;
    }
    clock::time_point deadline() const
    {
        return clock::time_point{clock::duration{deadline_.load(std::memory_order_relaxed)}};
    }

    error as_error() const
    {
        return {"57014",
                why() == reason::statement_timeout ? "canceling statement due to statement timeout"
                                                   : "canceling statement due to user request"};
    }

private:
    enum : std::uint8_t { idle, running, cancelled };

    std::atomic<std::uint8_t> state_ = idle;
    std::atomic<bool> closed_ = false;
    std::atomic<clock::rep> deadline_ = std::numeric_limits<clock::rep>::max();
};

} // namespace weir::sqlite
