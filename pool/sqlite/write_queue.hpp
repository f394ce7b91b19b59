// One writer at a time, first come, first served. SQLite knows a single writer per file and tells
// all others to try again later, in no order; here they wait in line, so nobody starves and nobody
// sees "database is locked".
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/cancellation.hpp"
#include "pool/sqlite/open_file.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

namespace weir::sqlite {

class write_queue {
public:
    // The right to write. Dropped, it rolls back what was not committed and lets the next one in.
    class permit {
    public:
        permit() = default;
        permit(permit&& other) noexcept;
        permit& operator=(permit&& other) noexcept;
        ~permit();

        explicit operator bool() const { return home_ != nullptr; }
        open_file& file() const;

    private:
        friend class write_queue;
        explicit permit(write_queue& home) : home_(&home) {}

        write_queue* home_ = nullptr;
    };

    explicit write_queue(std::unique_ptr<open_file> writer) : writer_(std::move(writer)) {}

    // Waits in line until it is our turn, or `who` should stop (57014), or the lock timeout is over
    // (55P03; zero waits for ever).
    result<permit> acquire(const cancellation& who, std::chrono::milliseconds lock_timeout);

    // Lets the waiters look at their cancellation; after one was requested.
    void wake();

    std::size_t waiting() const;

private:
    struct waiter {
        std::condition_variable turn;
        bool granted = false;
    };

    void release();

    std::unique_ptr<open_file> writer_; // used by the permit's holder only
    mutable std::mutex mutex_;
    bool taken_ = false;         // guarded, as is the line
    std::list<waiter*> waiting_; // the longest first
};

} // namespace weir::sqlite
