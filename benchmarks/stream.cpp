#include "benchmarks/stream.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <utility>

namespace weir::bench {

namespace {

[[noreturn]] void fail(const std::string& what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_un address_of(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw std::invalid_argument("too long for the path of a socket: " + path);
    path.copy(address.sun_path, path.size());
    return address;
}

descriptor new_socket()
{
    descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (socket.get() < 0)
        fail("socket");
    return socket;
}

void never_block(const descriptor& socket)
{
    if (::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0)
        fail("fcntl");
}

} // namespace

descriptor::descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

descriptor& descriptor::operator=(descriptor&& other) noexcept
{
    std::swap(fd_, other.fd_);
    return *this;
}

descriptor::~descriptor()
{
    if (fd_ >= 0)
        ::close(fd_);
}

descriptor listen_at(const std::string& path)
{
    descriptor listener = new_socket();
    const sockaddr_un address = address_of(path);
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener.get(), SOMAXCONN) != 0)
        fail(path);
    never_block(listener);
    return listener;
}

descriptor connect_to(const std::string& path)
{
    descriptor socket = new_socket();
    const sockaddr_un address = address_of(path);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        fail(path);
    never_block(socket);
    return socket;
}

descriptor accept_from(const descriptor& listener)
{
    descriptor socket{::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (socket.get() < 0 && errno != EAGAIN && errno != ECONNABORTED)
        fail("accept4");
    return socket;
}

std::string_view stream::receive(std::span<char> room)
{
    const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), 0);
    if (got > 0)
        return {room.data(), static_cast<std::size_t>(got)};
    closed_ = closed_ || got == 0 || errno != EAGAIN;
    return {};
}

void stream::send(std::string_view what)
{
    if (unsent() == 0)
        what.remove_prefix(write(what));
    if (!what.empty())
        kept_.append(what);
}

void stream::flush()
{
    sent_ += write(std::string_view{kept_}.substr(sent_));
    if (unsent() > 0)
        return;
    kept_.clear();
    sent_ = 0;
}

std::size_t stream::write(std::string_view what)
{
    const ssize_t done = ::send(socket_.get(), what.data(), what.size(), MSG_NOSIGNAL);
    if (done >= 0)
        return static_cast<std::size_t>(done);
    if (errno == EAGAIN)
        return 0;
    closed_ = true;
    return what.size(); // nobody is there to miss it
}

} // namespace weir::bench
