// The seam between weir and what it pools: a backend logs in and yields a link, over which a server
// answers in the PostgreSQL v3 protocol. The pool and the relay never learn which kind it is.
#pragma once

#include "pool/core/error.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <sys/uio.h>
#include <utility>
#include <vector>

namespace weir {

enum class io_status : std::uint8_t {
    done,    // `bytes` were moved; there may be more
    blocked, // `bytes` were moved, perhaps none, and no more go now: edge-triggered epoll will tell
    closed,  // the other side is gone, or the stream is broken
};

struct io_result {
    std::size_t bytes = 0;
    io_status status = io_status::done;
};

using parameter_list = std::vector<std::pair<std::string, std::string>>;

// One logged-in server. Destroying it closes the connection without completing a message that was
// cut short. read and write never block; only cancel may be called from another thread.
class link {
public:
    virtual ~link() = default;

    virtual int descriptor() const = 0; // for epoll; owned by the link
    virtual io_result read(std::span<std::byte> into) = 0;
    virtual io_result write(std::span<const iovec> from) = 0;

    // Asks the server to cancel what it runs now. Blocks: call it from a helper thread, while the
    // server is kept out of the pool.
    virtual result<void> cancel() = 0;

    // Of the server's process, as pg_stat_activity has it; 0: there is none.
    virtual int process_id() const { return 0; }

    // What the server reported at login (ParameterStatus), in its order.
    virtual const parameter_list& parameters() const = 0;
};

class backend {
public:
    virtual ~backend() = default;

    // Connects and logs in; blocks for `timeout` at most, so it is called from a login thread, by
    // several at a time. A refusal carries the server's own words and SQLSTATE. Returns early with
    // 57P01 when `stop` is requested.
    virtual result<std::unique_ptr<link>> log_in(std::chrono::milliseconds timeout,
                                                 std::stop_token stop) = 0;

    // Another program may have changed the schema (a migration's command): what the backend has
    // made of it for itself is brought up to date. Blocks, like a login.
    virtual result<void> reread_schema() { return {}; }

    // What the backend is, without secrets: "postgresql://app@db.example/main", "sqlite:///app.db".
    virtual const std::string& address() const = 0;

    // LISTEN works there, so that one connection can listen for all clients.
    virtual bool has_channels() const { return false; }
};

} // namespace weir
