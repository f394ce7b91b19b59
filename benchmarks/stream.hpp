// One end of a connection over a Unix socket, as the programs of this room use it: non-blocking,
// and what the socket does not take at once is kept and sent later.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weir::bench {

// A listening or connected socket; closed when it goes out of scope.
class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int fd) : fd_(fd) {}
    descriptor(descriptor&& other) noexcept;
    descriptor& operator=(descriptor&& other) noexcept;
    ~descriptor();

    int get() const { return fd_; }

private:
    int fd_ = -1;
};

// Both throw std::system_error.
descriptor listen_at(const std::string& path);
descriptor connect_to(const std::string& path); // waits while the listener's backlog is full

// The next connection of a listening socket; none (get() < 0) when nobody waits.
descriptor accept_from(const descriptor& listener);

class stream {
public:
    explicit stream(descriptor socket) : socket_(std::move(socket)) {}

    int get() const { return socket_.get(); }

    // What has arrived, as far as there is room; empty when nothing has, or is_closed().
    std::string_view receive(std::span<char> room);
    bool is_closed() const { return closed_; } // the peer has gone

    void send(std::string_view what);
    void flush(); // when the socket takes more
    std::size_t unsent() const { return kept_.size() - sent_; }

private:
    std::size_t write(std::string_view what);

    descriptor socket_;
    std::string kept_;
    std::size_t sent_ = 0; // of kept_
    bool closed_ = false;
};

} // namespace weir::bench
