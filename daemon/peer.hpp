// Who is at the other end of a Unix socket, by the kernel's word (SO_PEERCRED): a worker process.
#pragma once

#include "pool/core/error.hpp"

#include <string>
#include <sys/types.h>

namespace weir {

struct peer {
    pid_t pid = 0; // 0: in a process namespace that we cannot see
    uid_t uid = 0;
    gid_t gid = 0;
    std::string command; // /proc/PID/comm, e.g. "gunicorn"; its own claim. Empty when unknown
};

std::string name_of(const peer&); // "gunicorn, pid 812"

// The credentials are those at the time of connect(2); they do not change afterwards.
result<peer> read_peer(int socket);

} // namespace weir
