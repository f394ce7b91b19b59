// What one client is still to be sent of its channels: at its next ReadyForQuery outside of a
// transaction, or as soon as it reads. Those that listen to the same channel share a message.
#pragma once

#include "pool/pgwire/channel_journal.hpp"
#include "pool/pgwire/ring.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace weir::pgwire {

struct notification {
    std::string channel; // empty: for whoever has it in the queue
    std::string message; // as it goes to the client
};
using notification_ptr = std::shared_ptr<const notification>;

class notification_queue {
public:
    // PostgreSQL's queue holds 8 GB for all; a client that lets this much pile up is sent away,
    // since to leave some out in silence would be worse.
    static constexpr std::size_t limit_bytes = 16u << 20;

    bool empty() const { return waiting_.empty(); }
    std::size_t size() const { return waiting_.size(); }
    bool is_full() const { return bytes_ >= limit_bytes; }

    void push(notification_ptr n);
    // Appends messages to `out`, about `room` bytes of them, and answers how many. Those of
    // channels that are not listened to are left out: UNLISTEN, or a LISTEN that was rolled back.
    std::size_t take(const channel_set& listened_to, std::size_t room, std::string& out);

private:
    ring<notification_ptr> waiting_;
    std::size_t bytes_ = 0;
};

// What a client has of channels, once it has asked for any.
struct client_channels {
    channel_journal journal;
    notification_queue queue;
};

} // namespace weir::pgwire
