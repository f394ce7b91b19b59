#include "daemon/line_writer.hpp"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace weir::log {
namespace {

// How long one line may hold its thread up. Long enough for a reader that is merely scheduled away.
constexpr int patience_ms = 20;

} // namespace

bool line_writer::write(std::string_view line)
{
    std::string text(in_a_line_ ? 1 : 0, '\n');
    text += line;
    const bool whole = write_all(text);
    stalled_ = !whole;
    if (!whole)
        ++lost_;
    return whole;
}

bool line_writer::write_all(std::string_view bytes)
{
    while (!bytes.empty()) {
        if (!wait_for_room())
            return false;
        // stderr stays blocking, as others may share it; but where poll sees room, this much fits.
        const ssize_t n =
            ::write(descriptor_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
        in_a_line_ = !bytes.empty();
    }
    return true;
}

bool line_writer::wait_for_room() const
{
    pollfd p{descriptor_, POLLOUT, 0};
    return ::poll(&p, 1, stalled_ ? 0 : patience_ms) == 1 && (p.revents & POLLOUT) != 0;
}

} // namespace weir::log
