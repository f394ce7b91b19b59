#include "daemon/peer.hpp"
#include "daemon/unix_listener.hpp"
#include "tests/daemon/temporary_directory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>

using namespace weir;
using test::temporary_directory;

namespace {

sockaddr_un to_sockaddr(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    path.copy(address.sun_path, path.size());
    return address;
}

// A descriptor, or -1.
int connect_to(const std::string& path)
{
    const sockaddr_un address = to_sockaddr(path);
    const int s = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(s, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return s;
    ::close(s);
    return -1;
}

// A socket file as a process leaves it behind that was killed, or (listening) as PostgreSQL has it.
int bind_at(const std::string& path, bool listening)
{
    const sockaddr_un address = to_sockaddr(path);
    const int s = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(s, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    if (listening)
        REQUIRE(::listen(s, 5) == 0);
    return s;
}

bool exists(const std::string& path)
{
    struct stat s {};
    return ::lstat(path.c_str(), &s) == 0;
}

std::string read_file(const std::string& path)
{
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

} // namespace

TEST_SUITE("unix_listener")
{
    TEST_CASE("the socket has libpq's name, and its directory is made with its parents")
    {
        const temporary_directory home;
        const listen_address at{home.path() + "/run/weir", 6432};
        auto listener = unix_listener::open(at);
        REQUIRE(listener.has_value());
        CHECK(listener->path() == home.path() + "/run/weir/.s.PGSQL.6432");
        const int client = connect_to(listener->path());
        CHECK(client >= 0);
        const int accepted = ::accept(listener->descriptor(), nullptr, nullptr);
        CHECK(accepted >= 0);
        CHECK((::fcntl(listener->descriptor(), F_GETFL) & O_NONBLOCK) != 0);
        CHECK((::fcntl(listener->descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
        ::close(client);
        ::close(accepted);
    }

    TEST_CASE("the lock file is a postmaster's: the pid, then the directory and the port")
    {
        const temporary_directory home;
        const auto listener = unix_listener::open({home.path(), 6432});
        REQUIRE(listener.has_value());
        std::istringstream lines(read_file(listener->path() + ".lock"));
        std::string pid, who, since, port, directory;
        lines >> pid >> who >> since >> port >> directory;
        CHECK(pid == std::to_string(::getpid()));
        CHECK(port == "6432");
        CHECK(directory == home.path());
    }

    TEST_CASE("a relative directory becomes an absolute path, as clients work elsewhere")
    {
        const listen_address at{"./run", 5432};
        CHECK(at.path() == std::filesystem::current_path().string() + "/run/.s.PGSQL.5432");
    }

    TEST_CASE("at the end both files are gone")
    {
        const temporary_directory home;
        const std::string path = home.path() + "/.s.PGSQL.5432";
        {
            const auto listener = unix_listener::open({home.path()});
            REQUIRE(listener.has_value());
            CHECK(exists(path));
            CHECK(exists(path + ".lock"));
        }
        CHECK_FALSE(exists(path));
        CHECK_FALSE(exists(path + ".lock"));
    }

    TEST_CASE("a socket that another weir serves is refused with its pid, and left alone")
    {
        const temporary_directory home;
        const auto first = unix_listener::open({home.path()});
        REQUIRE(first.has_value());
        const auto second = unix_listener::open({home.path()});
        REQUIRE(second.has_error());
        CHECK(second.error().message ==
              "another weir (pid " + std::to_string(::getpid()) + ") serves " + first->path());
        CHECK(second.error().code == sqlstate{"F0001"});
        const int client = connect_to(first->path());
        CHECK(client >= 0);
        ::close(client);
        CHECK(read_file(first->path() + ".lock").starts_with(std::to_string(::getpid()) + "\n"));
    }

    TEST_CASE("a stale socket file and its lock file are taken over")
    {
        const temporary_directory home;
        const std::string path = home.path() + "/.s.PGSQL.5432";
        ::close(bind_at(path, true));
        std::ofstream(path + ".lock") << "4711\nweir\n";
        REQUIRE(connect_to(path) == -1);
        {
            const auto listener = unix_listener::open({home.path()});
            REQUIRE(listener.has_value());
            const int client = connect_to(path);
            CHECK(client >= 0);
            ::close(client);
            CHECK(read_file(path + ".lock").starts_with(std::to_string(::getpid()) + "\n"));
        }
        CHECK_FALSE(exists(path));
        CHECK_FALSE(exists(path + ".lock"));
    }

    TEST_CASE("what a killed weir left behind is taken over")
    {
        const temporary_directory home;
        const std::string path = home.path() + "/.s.PGSQL.5432";
        const pid_t child = ::fork();
        if (child == 0) {
            const auto listener = unix_listener::open({home.path()});
            ::kill(::getpid(), listener ? SIGKILL : SIGTERM);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WTERMSIG(status) == SIGKILL);
        REQUIRE(exists(path));
        CHECK(unix_listener::open({home.path()}).has_value());
    }

    TEST_CASE("a server that knows nothing of our lock is found by calling it, and keeps its files")
    {
        const temporary_directory home;
        const std::string path = home.path() + "/.s.PGSQL.5432";
        const int other = bind_at(path, true);
        std::ofstream(path + ".lock") << "4711\n/var/lib/postgresql/15/main\n";
        const auto refused = unix_listener::open({home.path()});
        REQUIRE(refused.has_error());
        CAPTURE(refused.error().message);
        CHECK(refused.error().message.find("another process (daemon_test, pid " +
                                           std::to_string(::getpid()) + ") serves " + path) == 0);
        const int client = connect_to(path);
        CHECK(client >= 0);
        CHECK(read_file(path + ".lock") == "4711\n/var/lib/postgresql/15/main\n");
        ::close(client);
        ::close(other);
    }

    TEST_CASE("a file that is no socket is refused and kept")
    {
        const temporary_directory home;
        const std::string path = home.path() + "/.s.PGSQL.5432";
        std::ofstream(path) << "precious";
        const auto refused = unix_listener::open({home.path()});
        REQUIRE(refused.has_error());
        CHECK(refused.error().message == path + " exists and is no socket");
        CHECK(unix_listener::check({home.path()}).error().message == refused.error().message);
        CHECK(read_file(path) == "precious");
        CHECK_FALSE(exists(path + ".lock"));
    }

    TEST_CASE("a file that took our place is not removed at the end")
    {
        const temporary_directory home;
        auto listener = unix_listener::open({home.path()});
        REQUIRE(listener.has_value());
        const std::string path = listener->path();
        REQUIRE(::unlink(path.c_str()) == 0);
        const int other = bind_at(path, true);
        listener->close();
        CHECK(exists(path));
        ::close(other);
    }

    TEST_CASE("of many that start at once exactly one serves")
    {
        for (int round = 0; round < 20; ++round) {
            const temporary_directory home;
            const std::string path = home.path() + "/.s.PGSQL.5432";
            ::close(bind_at(path, true)); // all of them find a stale file
            constexpr int contenders = 8;
            std::barrier start(contenders);
            std::barrier everybody_tried(contenders + 1);
            std::barrier done(contenders + 1);
            std::atomic<int> serving = 0;
            std::vector<std::jthread> threads;
            for (int i = 0; i < contenders; ++i)
                threads.emplace_back([&] {
                    start.arrive_and_wait();
                    const auto listener = unix_listener::open({home.path()});
                    if (listener)
                        ++serving;
                    everybody_tried.arrive_and_wait();
                    done.arrive_and_wait();
                });
            everybody_tried.arrive_and_wait();
            CHECK(serving == 1);
            const int client = connect_to(path);
            CHECK(client >= 0);
            ::close(client);
            done.arrive_and_wait();
        }
    }

    TEST_CASE(
        "starting while another ends: one of the two holds the path, never both, never neither")
    {
        const temporary_directory home;
        for (int round = 0; round < 200; ++round) {
            auto first = unix_listener::open({home.path()});
            REQUIRE(first.has_value());
            std::jthread ending([&] { first->close(); });
            for (;;) {
                const auto second = unix_listener::open({home.path()});
                if (!second) {
                    REQUIRE(second.error().code == sqlstate{"F0001"});
                    continue;
                }
                ending.join();
                const int client = connect_to(second->path());
                REQUIRE(client >= 0);
                ::close(client);
                REQUIRE(exists(second->path() + ".lock"));
                break;
            }
        }
    }

    TEST_CASE("a path too long for a socket is an error that says so")
    {
        const temporary_directory home;
        const auto refused = unix_listener::open({home.path() + "/" + std::string(100, 'd')});
        REQUIRE(refused.has_error());
        CAPTURE(refused.error().message);
        CHECK(refused.error().message.find("107 are the most") != std::string::npos);
        CHECK_FALSE(exists(home.path() + "/" + std::string(100, 'd')));

        // "/", "/" and ".s.PGSQL.5432" are 15 characters.
        const std::string just_fits(107 - home.path().size() - 15, 'd');
        CHECK(unix_listener::open({home.path() + "/" + just_fits}).has_value());
        CHECK(unix_listener::open({home.path() + "/" + just_fits + "d"}).has_error());
    }

    TEST_CASE("mode and group are those asked for, whatever the umask")
    {
        const temporary_directory home;
        const mode_t before = ::umask(0077);
        const auto listener =
            unix_listener::open({home.path(), 5432, 0660, std::to_string(::getegid())});
        ::umask(before);
        REQUIRE(listener.has_value());
        struct stat s {};
        REQUIRE(::lstat(listener->path().c_str(), &s) == 0);
        CHECK((s.st_mode & 07777) == 0660);
        CHECK(s.st_gid == ::getegid());
    }

    TEST_CASE("an inherited socket has the mode and group asked for now")
    {
        const temporary_directory dir;
        listen_address at{.directory = dir.path(), .mode = 0777};
        auto before = unix_listener::open(at);
        REQUIRE(before.has_value());
        const int socket = ::dup(before->descriptor());
        const int lock = ::dup(before->lock_descriptor());
        before->pass_on();
        at.mode = 0600;
        at.group = std::to_string(::getegid());
        const auto after = unix_listener::inherit(socket, lock, at);
        REQUIRE(after.has_value());
        struct stat s {};
        REQUIRE(::lstat(at.path().c_str(), &s) == 0);
        CHECK((s.st_mode & 07777) == 0600);
        CHECK(s.st_gid == ::getegid());
    }

    TEST_CASE("what an adopted socket does not heed has its settings' names")
    {
        const temporary_directory dir;
        const auto made = unix_listener::open({.directory = dir.path(), .mode = 0660});
        REQUIRE(made.has_value());
        const auto adopted = unix_listener::adopt(::dup(made->descriptor()));
        REQUIRE(adopted.has_value());
        CHECK(adopted->unheeded({.directory = dir.path()}).empty());
        CHECK(adopted->unheeded({.directory = dir.path(), .mode = 0660}).empty());
        const std::vector<std::string> all{"listen.socket_dir",
                                           "listen.port",
                                           "listen.mode",
                                           "listen.group"};
        const listen_address other{.directory = "/elsewhere",
                                   .port = 6432,
                                   .mode = 0600,
                                   .group = "4711"};
        CHECK((adopted->unheeded(other) == all));
    }

    TEST_CASE("an unknown group is named, and no file is made")
    {
        const temporary_directory home;
        const auto refused = unix_listener::open({home.path(), 5432, 0660, "no-such-group"});
        REQUIRE(refused.has_error());
        CHECK(refused.error().message ==
              "there is no group \"no-such-group\" to give the socket to");
        CHECK(unix_listener::check({home.path(), 5432, 0660, "no-such-group"}).has_error());
        CHECK_FALSE(exists(home.path() + "/.s.PGSQL.5432"));
    }

    TEST_CASE("a look makes nothing, and sees who listens")
    {
        const temporary_directory home;
        const listen_address at{home.path() + "/run"};
        CHECK(unix_listener::check(at).has_value());
        CHECK_FALSE(exists(home.path() + "/run"));
        CHECK(!who_listens(at.path()).value().has_value());
        const auto listener = unix_listener::open(at);
        REQUIRE(listener.has_value());
        CHECK(unix_listener::check(at).has_value());
        const auto seen = who_listens(at.path());
        REQUIRE(seen.has_value());
        REQUIRE(seen->has_value());
        CHECK((*seen)->pid == ::getpid());
        CHECK(name_of(**seen) == "daemon_test, pid " + std::to_string(::getpid()));
        CHECK(name_of({}) == "pid unknown");
    }

    TEST_CASE("a directory that cannot be made is named")
    {
        const temporary_directory home;
        std::ofstream(home.path() + "/file") << "x";
        const auto refused = unix_listener::open({home.path() + "/file/run"});
        REQUIRE(refused.has_error());
        CHECK(refused.error().message.find(home.path() + "/file/run: Not a directory") !=
              std::string::npos);
    }

    TEST_CASE("a socket of systemd's is adopted, and its file stays")
    {
        const temporary_directory home;
        const std::string path = home.path() + "/.s.PGSQL.5432";
        const int passed = bind_at(path, true);
        {
            const auto listener = unix_listener::adopt(passed);
            REQUIRE(listener.has_value());
            CHECK(listener->path() == path);
            CHECK((::fcntl(passed, F_GETFL) & O_NONBLOCK) != 0);
        }
        CHECK(exists(path));
        CHECK_FALSE(exists(path + ".lock"));
        CHECK(connect_to(path) == -1); // but the descriptor is closed
    }

    TEST_CASE("a passed socket of the wrong kind is refused")
    {
        const temporary_directory home;
        const int idle = bind_at(home.path() + "/idle", false);
        CHECK(unix_listener::adopt(idle).has_error());
        ::close(idle);
        const int inet = ::socket(AF_INET, SOCK_STREAM, 0);
        REQUIRE(::listen(inet, 1) == 0);
        CHECK(unix_listener::adopt(inet).has_error());
        ::close(inet);
        const int file = ::open("/dev/null", O_RDONLY);
        CHECK(unix_listener::adopt(file).has_error());
        ::close(file);
    }

    TEST_CASE("the kernel says who is at the other end")
    {
        const temporary_directory home;
        const auto listener = unix_listener::open({home.path()});
        REQUIRE(listener.has_value());
        const int client = connect_to(listener->path());
        const int accepted = ::accept(listener->descriptor(), nullptr, nullptr);
        const auto who = read_peer(accepted);
        REQUIRE(who.has_value());
        CHECK(who->pid == ::getpid());
        CHECK(who->uid == ::geteuid());
        CHECK(who->gid == ::getegid());
        CHECK(who->command == "daemon_test");
        ::close(client);
        ::close(accepted);
        CHECK(read_peer(-1).has_error());
    }
}
