// The physical limit of a proxy: a connection to the server for each client, and bytes that are
// passed on as they come, by a loop that knows nothing of what they say.
//
//   bare_relay PATH TO       two sockets' paths; runs until it is killed
#include "benchmarks/poller.hpp"
#include "benchmarks/stream.hpp"

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace weir::bench {

namespace {

struct pair;

struct end {
    end(descriptor socket, pair& whole_) : bytes(std::move(socket)), whole(whole_) {}

    stream bytes;
    pair& whole;
};

struct pair {
    pair(descriptor from, descriptor to)
        : client(std::move(from), *this), server(std::move(to), *this)
    {
    }

    end client;
    end server;
    bool is_over = false; // the other end may have an event in this very round
};

class bare_relay {
public:
    bare_relay(const std::string& path, std::string to)
        : listener_(listen_at(path)), to_(std::move(to)), room_(64 * 1024)
    {
        poller_.add(listener_.get(), nullptr);
    }

    [[noreturn]] void run()
    {
        while (true) {
            for (const epoll_event& event : poller_.wait())
                if (!event.data.ptr)
                    accept();
                else
                    serve(*static_cast<end*>(event.data.ptr), event.events);
            for (pair* ended : over_)
                delete ended; // closing the sockets takes them out of the poller
            over_.clear();
        }
    }

private:
    void accept()
    {
        while (true) {
            descriptor client = accept_from(listener_);
            if (client.get() < 0)
                return;
            auto fresh = std::make_unique<pair>(std::move(client), connect_to(to_));
            poller_.add(fresh->client.bytes.get(), &fresh->client);
            poller_.add(fresh->server.bytes.get(), &fresh->server);
            fresh.release(); // its own, until an end has gone
        }
    }

    void serve(end& from, std::uint32_t events)
    {
        if (from.whole.is_over)
            return;
        end& to = &from == &from.whole.client ? from.whole.server : from.whole.client;
        if (events & EPOLLOUT) {
            from.bytes.flush();
            watch(from, to);
        }
        if (to.bytes.unsent() == 0) {
            const std::string_view data = from.bytes.receive(room_);
            if (!data.empty())
                to.bytes.send(data);
            if (to.bytes.unsent() > 0)
                watch(to, from);
        }
        if (from.bytes.is_closed() || to.bytes.is_closed()) {
            from.whole.is_over = true;
            over_.push_back(&from.whole);
        }
    }

    // While one end does not take what it is sent, the other is not read.
    void watch(end& slow, end& fast)
    {
        const bool blocked = slow.bytes.unsent() > 0;
        poller_.watch(slow.bytes.get(), &slow, fast.bytes.unsent() == 0, blocked);
        poller_.watch(fast.bytes.get(), &fast, !blocked, fast.bytes.unsent() > 0);
    }

    descriptor listener_;
    std::string to_;
    poller poller_;
    std::vector<char> room_;
    std::vector<pair*> over_;
};

} // namespace

} // namespace weir::bench

int main(int count, char** arguments)
{
    if (count != 3) {
        std::fputs("usage: bare_relay PATH TO\n", stderr);
        return 2;
    }
    try {
        weir::bench::bare_relay{arguments[1], arguments[2]}.run();
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "bare_relay: %s\n", failed.what());
        return 1;
    }
}
