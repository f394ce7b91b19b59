// Where the two ends of a connection are, by the kernel's word; and how the kernel calls a path.
#pragma once

#include "daemon/console/sockets.hpp"
#include "pool/core/error.hpp"

#include <string>
#include <sys/un.h>

namespace weir {

console::address local_address(int socket);
console::address peer_address(int socket);

// An error: it is too long for a Unix socket.
result<sockaddr_un> unix_address(const std::string& path);

} // namespace weir
