// Where the two ends of a connection are, by the kernel's word.
#pragma once

#include "daemon/console/sockets.hpp"

namespace weir {

console::address local_address(int socket);
console::address peer_address(int socket);

} // namespace weir
