#include "daemon/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/resource.h>

namespace weir {

result<std::uint64_t> raise_descriptor_limit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &limit) == 0)
            return std::uint64_t{limit.rlim_cur};
    }
    return error{sqlstate{"58030"},
                 std::string{"cannot raise the limit of open descriptors: "} +
                     std::strerror(errno)};
}

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

} // namespace weir
