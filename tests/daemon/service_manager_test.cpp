#include "daemon/process.hpp"
#include "daemon/service_manager.hpp"
#include "tests/daemon/temporary_directory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// The other end of NOTIFY_SOCKET.
class fake_service_manager {
public:
    fake_service_manager()
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = home_.path() + "/notify";
        path.copy(address.sun_path, path.size());
        REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    fake_service_manager(const fake_service_manager&) = delete;
    fake_service_manager& operator=(const fake_service_manager&) = delete;
    ~fake_service_manager()
    {
        ::unsetenv("NOTIFY_SOCKET");
        ::close(socket_);
    }

    std::string heard()
    {
        char text[1024];
        const ssize_t n = ::recv(socket_, text, sizeof text, MSG_DONTWAIT);
        return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string{};
    }

private:
    test::temporary_directory home_;
    int socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

} // namespace

TEST_SUITE("service_manager")
{
    TEST_CASE("what is said arrives in sd_notify's words")
    {
        fake_service_manager systemd;
        service_manager::ready("serving 1 backend");
        CHECK(systemd.heard() == "READY=1\nSTATUS=serving 1 backend");
        service_manager::status("two\nlines");
        CHECK(systemd.heard() == "STATUS=two\\nlines");
        service_manager::stopping("draining");
        CHECK(systemd.heard() == "STOPPING=1\nSTATUS=draining");
        service_manager::alive();
        CHECK(systemd.heard() == "WATCHDOG=1");
        service_manager::extend_timeout(30s);
        CHECK(systemd.heard() == "EXTEND_TIMEOUT_USEC=30000000");
        service_manager::reloading();
        const std::string reloading = systemd.heard();
        CAPTURE(reloading);
        REQUIRE(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="));
        const auto said = std::stoull(reloading.substr(reloading.rfind('=') + 1));
        const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
        const auto now = std::chrono::duration_cast<std::chrono::microseconds>(since_boot).count();
        CHECK(said <= static_cast<unsigned long long>(now));
        CHECK(said > 0);
    }

    TEST_CASE("without a service manager nothing is sent and nothing fails")
    {
        ::unsetenv("NOTIFY_SOCKET");
        service_manager::ready("serving");
        service_manager::alive();
        CHECK(service_manager::passed_descriptors().value().empty());
    }

    TEST_CASE("the watchdog is fed twice per WatchdogSec, if it is this process that it watches")
    {
        ::unsetenv("WATCHDOG_USEC");
        CHECK_FALSE(service_manager::watchdog_interval().has_value());
        ::setenv("WATCHDOG_USEC", "30000000", 1);
        CHECK(service_manager::watchdog_interval() == 15s);
        ::setenv("WATCHDOG_PID", "1", 1);
        CHECK_FALSE(service_manager::watchdog_interval().has_value());
        ::unsetenv("WATCHDOG_PID");
        ::unsetenv("WATCHDOG_USEC");
    }

    TEST_CASE("passed sockets come with their names, once")
    {
        // In a child, since systemd passes them as 3, 4 and so on, which a test has in use.
        const pid_t child = ::fork();
        if (child == 0) {
            ::dup2(::socket(AF_UNIX, SOCK_STREAM, 0), 3);
            ::dup2(::socket(AF_UNIX, SOCK_STREAM, 0), 4);
            ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
            ::setenv("LISTEN_FDS", "2", 1);
            ::setenv("LISTEN_FDNAMES", "postgres:mysql", 1);
            const auto sockets = service_manager::passed_descriptors();
            const bool good = sockets && sockets->size() == 2 && (*sockets)[0].descriptor == 3 &&
                              (*sockets)[0].name == "postgres" && (*sockets)[1].descriptor == 4 &&
                              (*sockets)[1].name == "mysql" && !::getenv("LISTEN_FDS") &&
                              (::fcntl(3, F_GETFD) & FD_CLOEXEC) != 0;
            const auto again = service_manager::passed_descriptors();
            ::_exit(good && again && again->empty() ? 0 : 1);
        }
        int status = -1;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(status == 0);
    }

    TEST_CASE("the limit of descriptors goes up to the hard one")
    {
        rlimit before{};
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
        const rlimit lower{std::min<rlim_t>(before.rlim_max, 256), before.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &lower) == 0);
        CHECK(raise_descriptor_limit().value() == before.rlim_max);
        rlimit after{};
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &after) == 0);
        CHECK(after.rlim_cur == before.rlim_max);
    }
}
