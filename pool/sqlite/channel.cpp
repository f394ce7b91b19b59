#include "pool/sqlite/channel.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <sys/socket.h>

namespace weir::sqlite {

namespace {

constexpr std::size_t chunk_size = 64 * 1024;
constexpr std::size_t held_limit = 64 * 1024 * 1024;
// Less than SQLite's largest value (10^9 bytes), so that whatever arrives can be bound.
constexpr std::uint32_t body_limit = 900'000'000;

} // namespace

channel::~channel() { ::close(fd_); }

channel::status channel::receive(frame& out)
{
    while (true) {
        const pgwire::bytes rest = std::span{in_}.subspan(read_at_, filled_ - read_at_);
        pgwire::frame_header header;
        const auto scanned = pgwire::scan_header(rest, header, body_limit);
        if (scanned == pgwire::scan_status::malformed)
            return status::malformed;
        if (scanned == pgwire::scan_status::frame && rest.size() >= header.size()) {
            out = {header.type, rest.subspan(pgwire::header_size, header.body_size)};
            read_at_ += header.size();
            return status::frame;
        }
        const std::size_t wanted = scanned == pgwire::scan_status::frame ? header.size() : 0;
        std::copy(rest.begin(), rest.end(), in_.begin());
        filled_ = rest.size();
        read_at_ = 0;
        // Grow as the message arrives, not as its length promises; shrink after a large one.
        if (filled_ == in_.size() || in_.size() > std::max(wanted, filled_) + 16 * chunk_size) {
            in_.resize(std::max(filled_ * 2, chunk_size));
            in_.shrink_to_fit();
        }
        if (!fill())
            return status::closed;
    }
}

bool channel::fill()
{
    while (true) {
        const ssize_t got = ::recv(fd_, in_.data() + filled_, in_.size() - filled_, 0);
        if (got > 0) {
            filled_ += static_cast<std::size_t>(got);
            return true;
        }
        if (got == 0 || errno != EINTR)
            return false;
    }
}

bool channel::make_room()
{
    if (out_.size() < (held_ ? held_limit : chunk_size))
        return !broken_;
    return flush();
}

bool channel::flush()
{
    std::string_view rest = out_;
    while (!rest.empty() && !broken_) {
        const ssize_t sent = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent >= 0)
            rest.remove_prefix(static_cast<std::size_t>(sent));
        else if (errno != EINTR)
            broken_ = true;
    }
    out_.clear();
    if (out_.capacity() > 4 * chunk_size)
        out_.shrink_to_fit();
    return !broken_;
}

} // namespace weir::sqlite
