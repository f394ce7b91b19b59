// PURE. The connections of one moment, for SHOW CLIENTS, SERVERS, SOCKETS, WAITERS, HOLDERS and
// PINS.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::console {

// One end of a connection, in PgBouncer's words.
struct address {
    std::string host = "unix"; // or an IP address; empty: the connection is gone already
    // None: weir's own, which names its socket file, as in PgBouncer for a socket without a name.
    std::optional<std::uint16_t> port = {};

    friend bool operator==(const address&, const address&) = default;
};

// A client, or a connection to a backend.
struct socket {
    using age = std::chrono::steady_clock::duration; // how long ago something was

    std::string ptr = {};        // what KILL_CLIENT calls it
    std::string user = {};       // it has come as, or weir has logged in as
    std::string database = {};   // the backend; "weir" for the console
    std::string state = {};      // active, waiting or login; of a server active, idle or tested
    std::string link = {};       // the ptr of the other one, while a client holds a server
    std::string process = {};    // the client's, as the kernel has it: its command and unit
    std::int64_t pid = 0;        // of that process
    std::int64_t remote_pid = 0; // likewise; of a server its own process's
    std::string application_name = {};
    address peer = {};
    address local = {};
    std::string doing = {};     // of a held server: running, idle in transaction, idle
    std::string pins = {};      // why it is kept between transactions
    std::string statement = {}; // the holder's last, without its literals unless they are asked for
    age connected{};
    age asked{};       // since the client sent something
    age waited{};      // by the client, in the queue
    age held{};        // of a server, by its client
    age transaction{}; // of a held server: since the first message of the one that is open
    bool is_leaving = false;
    int descriptor = -1;
};

// A kind of object, of `size` bytes each.
struct memory {
    const char* name = "";
    std::size_t size = 0;
    std::size_t used = 0;
    std::size_t free = 0; // kept for the next
};

struct sockets {
    std::vector<socket> clients;
    std::vector<socket> servers;
    std::uint16_t port = 0; // that names the socket file
};

} // namespace weir::console
