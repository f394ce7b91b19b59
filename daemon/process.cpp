#include "daemon/process.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

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

void ignore_signals_to_the_end()
{
    // Asio gives a signal its default action back with the last set that has it: this one stays,
    // and its handler, which each signal would have to wait for, goes.
    static auto* const loop = new boost::asio::io_context{};
    static auto* const kept = new boost::asio::signal_set{*loop};
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        kept->add(signal);
        std::signal(signal, SIG_IGN);
    }
}

} // namespace weir
