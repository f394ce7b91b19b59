// A listener of our own in place of PostgreSQL, to say what a real server says too rarely.
#pragma once

#include "pool/core/link.hpp"
#include "pool/pgwire/writer.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>

namespace weir::test {

class fake_server {
public:
    fake_server()
    {
        if (!::mkdtemp(directory_.data()))
            throw std::runtime_error("mkdtemp");
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (directory_ + "/.s.PGSQL.5432").copy(address.sun_path, sizeof address.sun_path - 1);
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, 8) != 0)
            throw std::runtime_error("bind");
    }

    ~fake_server()
    {
        hang_up();
        ::close(listener_);
        std::filesystem::remove_all(directory_);
    }

    fake_server(const fake_server&) = delete;
    fake_server& operator=(const fake_server&) = delete;

    const std::string& directory() const { return directory_; }

    parameter_list options() const
    {
        return {{"host", directory_}, {"port", "5432"}, {"user", "app"}, {"dbname", "app"}};
    }

    // Takes one client and returns its startup packet without the length.
    std::string accept()
    {
        client_ = ::accept(listener_, nullptr, nullptr);
        const std::string length = receive(4);
        return receive(pgwire::load_u32(pgwire::as_bytes(length)) - 4);
    }

    void send(std::string_view bytes)
    {
        if (::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(bytes.size()))
            throw std::runtime_error("send");
    }

    void hang_up()
    {
        if (client_ >= 0)
            ::close(client_);
        client_ = -1;
    }

private:
    std::string receive(std::size_t size)
    {
        std::string bytes(size, '\0');
        if (::recv(client_, bytes.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size))
            throw std::runtime_error("recv");
        return bytes;
    }

    std::string directory_ = "/tmp/weir-fake-XXXXXX";
    int listener_ = -1;
    int client_ = -1;
};

// What a server says to let a client in, without asking for a password.
inline std::string welcome()
{
    std::string bytes;
    pgwire::message{bytes, 'R'}.u32(0);
    pgwire::write_parameter_status(bytes, "server_version", "15.0");
    pgwire::write_parameter_status(bytes, "TimeZone", "UTC");
    pgwire::message{bytes, 'K'}.u32(4711).u32(42);
    pgwire::write_ready(bytes, 'I');
    return bytes;
}

} // namespace weir::test
