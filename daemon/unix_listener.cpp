#include "daemon/unix_listener.hpp"

#include "daemon/accounts.hpp"
#include "daemon/log.hpp"
#include "daemon/peer.hpp"
#include "daemon/socket_address.hpp"

#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <utility>

namespace weir {
namespace {

error system_error(const std::string& sentence, int code = errno, std::string hint = {})
{
    return {code == EACCES || code == EPERM ? sqlstate{"42501"} : sqlstate{"58030"},
            sentence + ": " + std::strerror(code),
            {},
            std::move(hint)};
}

result<void> make_directory(const std::string& directory)
{
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    if (failed)
        return system_error("cannot make the socket's directory " + directory, failed.value());
    return {};
}

// The lock file is ours, so no weir serves the path; something else (a PostgreSQL) still may.
result<void> check_that_nobody_serves(const std::string& path)
{
    const auto owner = who_listens(path);
    if (!owner)
        return owner.error();
    if (*owner)
        return error{sqlstate{"F0001"},
                     "another process (" + name_of(**owner) + ") serves " + path,
                     {},
                     "Stop it, or choose another WEIR_SOCKET_DIR or WEIR_PORT."};
    return {};
}

// Only ever a socket is removed: a path that was mistyped must not cost anybody a file. True: there
// is one.
result<bool> find_socket_file(const std::string& path)
{
    const std::string directory = std::filesystem::path(path).parent_path();
    struct stat s {};
    if (::lstat(path.c_str(), &s) == 0) {
        if (S_ISSOCK(s.st_mode))
            return true;
        return error{sqlstate{"F0001"},
                     path + " exists and is no socket",
                     {},
                     "Move it away, or choose another WEIR_SOCKET_DIR or WEIR_PORT."};
    }
    if (errno == ENOENT)
        return false;
    if (errno == ENOTDIR)
        return system_error("the socket cannot be in " + directory,
                            ENOTDIR,
                            "Let WEIR_SOCKET_DIR (listen.socket_dir) name a directory.");
    return system_error("cannot look into the socket's directory " + directory,
                        errno,
                        "Let WEIR_SOCKET_DIR (listen.socket_dir) name one that you may enter, or "
                        "run this as root or as weir's user.");
}

result<void> remove_stale(const std::string& path)
{
    const auto is_there = find_socket_file(path);
    if (!is_there)
        return is_there.error();
    if (*is_there && ::unlink(path.c_str()) != 0)
        return system_error("cannot remove the stale socket file " + path);
    return {};
}

result<std::optional<gid_t>> find_group(const std::string& name)
{
    if (name.empty())
        return std::optional<gid_t>{};
    const std::optional<gid_t> id = group_id(name);
    if (!id)
        return error{sqlstate{"F0000"},
                     "there is no group \"" + name + "\" to give the socket to",
                     {},
                     "Make the group (groupadd), or mend listen.group."};
    return id;
}

// All that open() refuses before it changes anything.
result<sockaddr_un> examine(const listen_address& to)
{
    const auto address = unix_address(to.path());
    if (!address)
        return address.error();
    if (const auto group = find_group(to.group); !group)
        return group.error();
    if (const auto is_there = find_socket_file(to.path()); !is_there)
        return is_there.error();
    return *address;
}

result<void> give_as_asked(const std::string& path, const listen_address& to)
{
    const auto group = find_group(to.group);
    if (!group)
        return group.error();
    if (*group && ::chown(path.c_str(), static_cast<uid_t>(-1), **group) != 0)
        return system_error("cannot give " + path + " to the group " + to.group);
    if (::chmod(path.c_str(), to.mode) != 0)
        return system_error("cannot set the mode of " + path);
    return {};
}

// What a postmaster writes: pid, data directory, start time, port, socket directory.
std::string lock_file_text(const listen_address& address)
{
    return std::to_string(::getpid()) + "\nweir\n" + std::to_string(std::time(nullptr)) + "\n" +
           std::to_string(address.port) + "\n" +
           std::filesystem::path(address.path()).parent_path().string() + "\n";
}

} // namespace

std::string listen_address::path() const
{
    const auto full = std::filesystem::absolute(directory).lexically_normal() /
                      (".s.PGSQL." + std::to_string(port));
    return full.string();
}

listen_address to_address(const listen_settings& l)
{
    return {.directory = l.socket_dir, .port = l.port, .mode = l.mode, .group = l.group};
}

result<std::optional<peer>> who_listens(const std::string& path)
{
    const auto address = unix_address(path);
    if (!address)
        return address.error();
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return system_error("cannot make a socket");
    const auto* const to = reinterpret_cast<const sockaddr*>(&*address);
    const int code = ::connect(probe, to, sizeof *address) == 0 ? 0 : errno;
    const result<peer> owner = read_peer(probe); // of a connected socket: who called listen()
    ::close(probe);
    if (code == ENOENT || code == ECONNREFUSED)
        return std::optional<peer>{};
    if (code == 0 || code == EAGAIN) // EAGAIN: so busy that its backlog is full
        return std::optional{code == 0 && owner ? *owner : peer{}};
    return system_error("cannot find out whether somebody serves " + path,
                        code,
                        code == EACCES ? "The socket's mode and group let others in: run this as "
                                         "one of them, as root or as weir's user."
                                       : "Choose another WEIR_SOCKET_DIR or WEIR_PORT.");
}

result<void> unix_listener::check(const listen_address& to)
{
    const auto address = examine(to);
    return address ? result<void>{} : address.error();
}

result<unix_listener> unix_listener::open(const listen_address& to)
{
    const auto address = examine(to);
    if (!address)
        return address.error();
    unix_listener made;
    made.path_ = to.path();
    if (const auto done = make_directory(to.directory); !done)
        return done.error();

    auto lock = lock_file::acquire(made.path_ + ".lock", made.path_);
    if (!lock)
        return lock.error();
    made.lock_ = std::move(*lock);
    if (const auto done = check_that_nobody_serves(made.path_); !done)
        return done.error();
    if (const auto done = remove_stale(made.path_); !done)
        return done.error();
    if (const auto done = made.lock_.write(lock_file_text(to)); !done)
        return done.error();

    made.socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made.socket_ < 0)
        return system_error("cannot make a socket");
    struct stat s {};
    if (::bind(made.socket_, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
        ::lstat(made.path_.c_str(), &s) != 0)
        return system_error("cannot make the socket " + made.path_);
    made.device_ = s.st_dev;
    made.inode_ = s.st_ino;
    // Until listen() every connect is refused, so the file never admits more than it should.
    if (const auto done = give_as_asked(made.path_, to); !done)
        return done.error();
    if (::listen(made.socket_, SOMAXCONN) != 0)
        return system_error("cannot listen on " + made.path_);
    return made;
}

result<unix_listener> unix_listener::adopt(int descriptor)
{
    sockaddr_un address{};
    socklen_t size = sizeof address;
    int listens = 0;
    socklen_t listens_size = sizeof listens;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) != 0)
        return system_error("the descriptor " + std::to_string(descriptor) +
                            " passed by systemd is no socket");
    if (address.sun_family != AF_UNIX || !listens)
        return error{sqlstate{"F0000"},
                     "the socket passed by systemd is no listening Unix stream socket",
                     {},
                     "Give weir.socket one ListenStream=/run/weir/.s.PGSQL.5432."};
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 ||
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
        return system_error("cannot prepare the socket passed by systemd");
    unix_listener passed;
    passed.socket_ = descriptor;
    passed.path_ = address.sun_path;
    return passed;
}

result<unix_listener> unix_listener::inherit(int descriptor, int lock, const listen_address& to)
{
    auto passed = adopt(descriptor);
    if (!passed)
        return passed;
    struct stat s {};
    if (::lstat(passed->path_.c_str(), &s) == 0) {
        passed->device_ = s.st_dev;
        passed->inode_ = s.st_ino;
        if (const auto done = give_as_asked(passed->path_, to); !done)
            return done.error();
    }
    passed->lock_ = lock_file::inherit(lock, passed->path_ + ".lock");
    if (const auto done = passed->lock_.write(lock_file_text(to)); !done) // the lock itself holds
        log::warning("the lock file names the weir before", {{"error", done.error().message}});
    return passed;
}

void unix_listener::pass_on()
{
    lock_.pass_on();
    close();
}

unix_listener::unix_listener(unix_listener&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), path_(std::move(other.path_)),
      lock_(std::move(other.lock_)), inode_(other.inode_), device_(other.device_)
{
}

unix_listener& unix_listener::operator=(unix_listener&& other) noexcept
{
    std::swap(socket_, other.socket_);
    std::swap(path_, other.path_);
    std::swap(lock_, other.lock_);
    std::swap(inode_, other.inode_);
    std::swap(device_, other.device_);
    return *this;
}

unix_listener::~unix_listener() { close(); }

bool unix_listener::refuse_newcomers()
{
    return lock_.is_held() && ::shutdown(socket_, SHUT_RD) == 0;
}

void unix_listener::close()
{
    if (socket_ >= 0)
        ::close(std::exchange(socket_, -1));
    if (!lock_.is_held())
        return;
    // Somebody may have removed our file and put theirs in its place.
    struct stat s {};
    if (inode_ != 0 && ::lstat(path_.c_str(), &s) == 0 && s.st_ino == inode_ && s.st_dev == device_)
        ::unlink(path_.c_str());
    lock_.release(); // last: until now no other weir may look at the path
}

std::vector<std::string> unix_listener::unheeded(const listen_address& asked) const
{
    const std::filesystem::path own = path_;
    const std::filesystem::path other = asked.path();
    std::vector<std::string> names;
    if (own.parent_path() != other.parent_path())
        names.emplace_back("listen.socket_dir");
    if (own.filename() != other.filename())
        names.emplace_back("listen.port");
    struct stat s {};
    if (::lstat(path_.c_str(), &s) != 0) // one without a file has neither
        s = {};
    if (asked.mode != listen_address{}.mode && asked.mode != (s.st_mode & 0777))
        names.emplace_back("listen.mode");
    if (!asked.group.empty() && group_id(asked.group) != s.st_gid)
        names.emplace_back("listen.group");
    return names;
}

} // namespace weir
