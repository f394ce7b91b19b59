// A server for poolers to stand in front of, so that their own cost shows: it speaks PostgreSQL's
// protocol and does nothing else. One thread, and a few microseconds for a query.
//
//   null_backend PATH        PATH is the socket's, ending in .s.PGSQL.PORT; runs until it is killed
#include "benchmarks/null_session.hpp"
#include "benchmarks/poller.hpp"
#include "benchmarks/stream.hpp"

#include <cstdio>
#include <exception>
#include <memory>
#include <vector>

namespace weir::bench {

namespace {

struct connection {
    connection(descriptor socket, null_server& home) : bytes(std::move(socket)), session(home) {}

    stream bytes;
    null_session session;
    bool blocked = false; // the peer reads more slowly than it is answered
};

class null_backend {
public:
    explicit null_backend(const std::string& path) : listener_(listen_at(path)), room_(64 * 1024)
    {
        poller_.add(listener_.get(), nullptr);
    }

    [[noreturn]] void run()
    {
        while (true)
            for (const epoll_event& event : poller_.wait())
                if (!event.data.ptr)
                    accept();
                else
                    serve(*static_cast<connection*>(event.data.ptr), event.events);
    }

private:
    void accept()
    {
        while (true) {
            descriptor socket = accept_from(listener_);
            if (socket.get() < 0)
                return;
            auto fresh = std::make_unique<connection>(std::move(socket), home_);
            poller_.add(fresh->bytes.get(), fresh.get());
            fresh.release(); // its own, until serve() ends it
        }
    }

    void serve(connection& c, std::uint32_t events)
    {
        if (events & EPOLLOUT)
            c.bytes.flush();
        if (!c.blocked) {
            c.session.receive(c.bytes.receive(room_), answer_);
            if (!answer_.empty())
                c.bytes.send(answer_);
            answer_.clear();
        }
        if (c.session.is_over() || c.bytes.is_closed()) {
            delete &c; // closing the socket takes it out of the poller
            return;
        }
        if (const bool blocked = c.bytes.unsent() > 0; blocked != c.blocked) {
            c.blocked = blocked;
            poller_.watch(c.bytes.get(), &c, !blocked, blocked);
        }
    }

    descriptor listener_;
    poller poller_;
    null_server home_;
    std::vector<char> room_;
    std::string answer_;
};

} // namespace

} // namespace weir::bench

int main(int count, char** arguments)
{
    if (count != 2) {
        std::fputs("usage: null_backend PATH\n", stderr);
        return 2;
    }
    try {
        weir::bench::null_backend{arguments[1]}.run();
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "null_backend: %s\n", failed.what());
        return 1;
    }
}
