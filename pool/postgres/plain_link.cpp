#include "pool/postgres/plain_link.hpp"

#include "pool/core/gather_write.hpp"

#include <cassert>
#include <cerrno>

namespace weir::postgres {

namespace {

io_result from_errno()
{
    return {0, errno == EAGAIN || errno == EWOULDBLOCK ? io_status::blocked : io_status::closed};
}

} // namespace

io_result plain_link::read(std::span<std::byte> into)
{
    assert(!into.empty()); // recv would answer 0, which means that the server is gone
    ssize_t size;
    do
        size = ::recv(descriptor(), into.data(), into.size(), MSG_DONTWAIT);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return from_errno();
    if (size == 0)
        return {0, io_status::closed};
    const auto bytes = static_cast<std::size_t>(size);
    return {bytes, bytes < into.size() ? io_status::blocked : io_status::done};
}

io_result plain_link::write(std::span<const iovec> from)
{
    ssize_t size;
    do
        size = gather_write(descriptor(), from);
    while (size < 0 && errno == EINTR);
    return size < 0 ? from_errno() : io_result{static_cast<std::size_t>(size), io_status::done};
}

} // namespace weir::postgres
