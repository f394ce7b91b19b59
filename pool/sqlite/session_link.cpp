#include "pool/sqlite/session_link.hpp"

#include "pool/core/gather_write.hpp"

#include <unistd.h>

#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace weir::sqlite {

namespace {

io_result outcome_of(ssize_t moved)
{
    if (moved > 0)
        return {static_cast<std::size_t>(moved), io_status::done};
    const bool would_block = moved < 0 && (errno == EAGAIN || errno == EINTR);
    return {0, would_block ? io_status::blocked : io_status::closed};
}

} // namespace

session_link::session_link(int descriptor,
                           std::shared_ptr<cancellation> stop,
                           std::function<void()> wake,
                           parameter_list parameters)
    : fd_(descriptor), stop_(std::move(stop)), wake_(std::move(wake)),
      parameters_(std::move(parameters))
{
}

session_link::~session_link()
{
    stop_->close();
    wake_();
    ::close(fd_);
}

io_result session_link::read(std::span<std::byte> into)
{
    return outcome_of(::recv(fd_, into.data(), into.size(), 0));
}

io_result session_link::write(std::span<const iovec> from)
{
    return outcome_of(gather_write(fd_, from));
}

result<void> session_link::cancel()
{
    stop_->cancel();
    wake_();
    return {};
}

} // namespace weir::sqlite
