#include "pool/pgwire/notification_queue.hpp"

#include <utility>

namespace weir::pgwire {

void notification_queue::push(notification_ptr n)
{
    bytes_ += n->message.size();
    waiting_.push_back(std::move(n));
}

std::size_t
notification_queue::take(const channel_set& listened_to, std::size_t room, std::string& out)
{
    std::size_t count = 0;
    const std::size_t before = out.size();
    while (!waiting_.empty() && out.size() - before < room) {
        const notification_ptr n = std::move(waiting_.front());
        waiting_.pop_front();
        bytes_ -= n->message.size();
        if (!n->channel.empty() && !listened_to.contains(n->channel))
            continue;
        out += n->message;
        ++count;
    }
    if (waiting_.empty())
        waiting_ = {}; // an idle client holds no buffer
    return count;
}

} // namespace weir::pgwire
