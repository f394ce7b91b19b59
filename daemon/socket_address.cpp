#include "daemon/socket_address.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>
#include <sys/socket.h>

namespace weir {

namespace {

using console::address;

// Of a file that is called as PostgreSQL's are: "/run/postgresql/.s.PGSQL.5432".
std::optional<std::uint16_t> port_in(std::string_view path)
{
    constexpr std::string_view front = "/.s.PGSQL.";
    const std::size_t at = path.rfind(front);
    if (at == path.npos)
        return std::nullopt;
    path.remove_prefix(at + front.size());
    std::uint16_t port = 0;
    const auto read = std::from_chars(path.data(), path.data() + path.size(), port);
    return read.ec == std::errc{} ? std::optional{port} : std::nullopt;
}

address in_words(const sockaddr_storage& found, socklen_t size)
{
    if (found.ss_family == AF_UNIX) {
        const auto& file = reinterpret_cast<const sockaddr_un&>(found);
        return {.port = port_in({file.sun_path, size - offsetof(sockaddr_un, sun_path)})};
    }
    boost::asio::ip::tcp::endpoint end;
    end.resize(size);
    std::memcpy(end.data(), &found, size);
    return {.host = end.address().to_string(), .port = end.port()};
}

address end_of(int socket, decltype(::getsockname) ask)
{
    sockaddr_storage found{};
    socklen_t size = sizeof found;
    if (ask(socket, reinterpret_cast<sockaddr*>(&found), &size) != 0)
        return {.host = {}, .port = 0}; // it has come to its end, which is not yet known here
    return in_words(found, size);
}

} // namespace

address local_address(int socket) { return end_of(socket, ::getsockname); }

address peer_address(int socket) { return end_of(socket, ::getpeername); }

result<sockaddr_un> unix_address(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return error{sqlstate{"F0000"},
                     "the socket's path has " + std::to_string(path.size()) +
                         " characters, and 107 are the most a Unix socket can have: " + path,
                     {},
                     "Choose a shorter WEIR_SOCKET_DIR (listen.socket_dir)."};
    path.copy(address.sun_path, path.size());
    return address;
}

} // namespace weir
