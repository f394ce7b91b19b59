#include "daemon/peer.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/socket.h>

namespace weir {

std::string name_of(const peer& p)
{
    const std::string pid = "pid " + (p.pid > 0 ? std::to_string(p.pid) : "unknown");
    return p.command.empty() ? pid : p.command + ", " + pid;
}

result<peer> read_peer(int socket)
{
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return error{sqlstate{"08000"},
                     std::string{"cannot tell who is at the other end of the socket: "} +
                         std::strerror(errno)};
    peer p{credentials.pid, credentials.uid, credentials.gid, {}};
    if (p.pid > 0) {
        std::ifstream comm("/proc/" + std::to_string(p.pid) + "/comm");
        std::getline(comm, p.command); // stays empty when the process is gone or hidden
    }
    return p;
}

} // namespace weir
