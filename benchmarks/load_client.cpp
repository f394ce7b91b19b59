#include "benchmarks/load_client.hpp"

#include "pool/pgwire/frame.hpp"

#include <algorithm>
#include <stdexcept>

namespace weir::bench {

void load_client::start(const script& what)
{
    script_ = &what;
    at_ = 0;
    started_at_ = clock::now();
    take_step();
}

void load_client::take_step()
{
    const step& now = (*script_)[at_];
    if (now.opens) {
        connection_.emplace(connect_to(path_));
        events_.add(connection_->get(), this);
        blocked_ = false;
    }
    bytes_ += now.bytes.size();
    connection_->send(now.bytes);
    watch_writability();
}

void load_client::watch_writability()
{
    const bool blocked = connection_->unsent() > 0;
    if (blocked != blocked_)
        events_.watch(connection_->get(), this, true, blocked);
    blocked_ = blocked;
}

bool load_client::on_event(std::uint32_t ready, std::span<char> room)
{
    if (ready & EPOLLOUT) {
        connection_->flush();
        watch_writability();
    }
    const std::string_view fresh = connection_->receive(room);
    bytes_ += fresh.size();
    if (connection_->is_closed())
        throw std::runtime_error("the connection was closed");
    if (fresh.empty() || !is_answered(fresh))
        return false;
    if ((*script_)[at_].closes) {
        connection_->send(std::string_view{"X\0\0\0\4", 5});
        connection_.reset();
    }
    if (++at_ == script_->size())
        return true;
    take_step();
    return false;
}

// Looks at types and lengths alone. The answer ends with the message that is waited for, and
// nothing follows it.
bool load_client::is_answered(std::string_view fresh)
{
    while (!fresh.empty()) {
        if (body_left_ == 0) {
            pgwire::frame_header header;
            const std::size_t had = front_.size();
            front_.append(fresh.substr(0, pgwire::header_size - had));
            if (pgwire::scan_header(pgwire::as_bytes(front_), header) != pgwire::scan_status::frame)
                return false;
            if (header.type == 'E')
                throw std::runtime_error("the server says: " + std::string(fresh));
            fresh.remove_prefix(pgwire::header_size - had);
            front_.clear();
            is_last_ = header.type == (*script_)[at_].until;
            body_left_ = header.body_size;
        }
        const std::size_t part = std::min(body_left_, fresh.size());
        body_left_ -= part;
        fresh.remove_prefix(part);
        if (body_left_ == 0 && is_last_)
            return true;
    }
    return false;
}

} // namespace weir::bench
