#include "daemon/commands/console_request.hpp"

#include "daemon/accounts.hpp"
#include "daemon/unix_listener.hpp"
#include "pool/postgres/server_backend.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/socket.h>
#include <sys/un.h>

namespace weir::commands {
namespace {

constexpr std::chrono::seconds login_limit{10};

result<bool> somebody_listens(const std::string& path)
{
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    if (path.size() >= sizeof address.sun_path)
        return false; // then nobody can
    path.copy(address.sun_path, path.size());
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int code =
        probe >= 0 &&
                ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
            ? 0
            : errno;
    if (probe >= 0)
        ::close(probe);
    if (code == ENOENT || code == ECONNREFUSED)
        return false;
    if (code == 0 || code == EAGAIN) // EAGAIN: so busy that its backlog is full
        return true;
    return error{"08001",
                 "cannot find out whether a weir serves " + path + ": " + std::strerror(code)};
}

} // namespace

result<std::unique_ptr<direct_connection>> connect_to_console(const listen_settings& at,
                                                              std::stop_token stop)
{
    const std::string path = listen_address{at.socket_dir, at.port}.path();
    const auto listens = somebody_listens(path);
    if (!listens)
        return listens.error();
    if (!*listens)
        return std::unique_ptr<direct_connection>{};

    postgres::server_backend console({{"host", std::filesystem::path(path).parent_path()},
                                      {"port", std::to_string(at.port)},
                                      {"dbname", "weir"},
                                      {"user", user_name(::geteuid())},
                                      {"application_name", "weir migrate"}},
                                     path);
    auto link = console.log_in(login_limit, std::move(stop));
    if (!link) {
        error refused = link.error();
        refused.message = "the weir that serves " + path + " refuses: " + refused.message;
        return refused;
    }
    return std::make_unique<direct_connection>(std::move(*link));
}

} // namespace weir::commands
