// What the relay's epoll set points at, and the set itself: edge-triggered. A socket stays
// registered from accept to close; only a blocked one asks for writability.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <sys/epoll.h>

namespace weir {

class endpoint {
public:
    enum class kind : std::uint8_t { listener, client, server, channels, alarm };

    explicit endpoint(kind is) : is_(is) {}
    endpoint(const endpoint&) = delete;
    endpoint& operator=(const endpoint&) = delete;

    kind is() const { return is_; }

    // Closed within this round of events: what the kernel still has to say of it is stale.
    bool closed = false;

    // The other side has ended the stream; that is said once, and what it sent before may be
    // unread.
    bool ended = false;

protected:
    ~endpoint() = default;

private:
    kind is_;
};

class epoll_set {
public:
    epoll_set(); // throws std::system_error
    ~epoll_set();
    epoll_set(const epoll_set&) = delete;
    epoll_set& operator=(const epoll_set&) = delete;

    void add(int fd, endpoint& what);     // throws std::system_error
    bool try_add(int fd, endpoint& what); // false: errno says why
    void want_writability(int fd, endpoint& what, bool wanted);
    void remove(int fd);

    // What is ready, perhaps after waiting for it; nothing: a signal has come. More may be ready
    // when `room` is filled.
    std::span<epoll_event> wait(std::span<epoll_event> room, bool may_block);

private:
    int epoll_;
};

} // namespace weir
