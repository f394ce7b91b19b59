#include "daemon/takeover.hpp"

#include "daemon/log.hpp"
#include "daemon/peer.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace weir {

namespace {

constexpr std::size_t most_at_once = 250; // the kernel takes 253
constexpr std::size_t longest_name = 64;  // of what is passed
constexpr int patience = 60'000;          // milliseconds; transactions finish first
constexpr std::string_view end_mark = "end";

using descriptors_message = std::array<char, CMSG_SPACE(most_at_once * sizeof(int))>;

error failed(std::string_view what)
{
    return {"58000", "cannot " + std::string(what) + ": " + std::strerror(errno)};
}

result<sockaddr_un> address_of(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return error{"F0000", "the path is too long for a socket: " + path};
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

bool send_all(int to, std::string_view name, std::span<const int> descriptors)
{
    iovec words{const_cast<char*>(name.data()), name.size()};
    alignas(cmsghdr) descriptors_message room{};
    msghdr message{};
    message.msg_iov = &words;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = room.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(c), descriptors.data(), descriptors.size_bytes());
    }
    return ::sendmsg(to, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(name.size());
}

// One message; its name is empty when the other side is gone.
result<std::string> receive(int from, std::vector<int>& descriptors)
{
    pollfd p{from, POLLIN, 0};
    if (::poll(&p, 1, patience) <= 0)
        return error{"57014", "the running weir has passed nothing on in 60 s"};
    std::array<char, longest_name> name{};
    iovec words{name.data(), name.size()};
    alignas(cmsghdr) descriptors_message room{};
    msghdr message{};
    message.msg_iov = &words;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    const ssize_t n = ::recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return failed("hear the running weir");
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        const std::size_t before = descriptors.size();
        descriptors.resize(before + count);
        std::memcpy(descriptors.data() + before, CMSG_DATA(c), count * sizeof(int));
    }
    return std::string(name.data(), static_cast<std::size_t>(n));
}

} // namespace

std::string takeover_path(const std::string& public_path) { return public_path + ".takeover"; }

takeover_door::~takeover_door() { close(); }

result<void> takeover_door::open(const std::string& path, std::function<void()> asked)
{
    const auto address = address_of(path);
    if (!address)
        return address.error();
    const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0)
        return failed("make a socket");
    listener_.assign(socket);
    ::unlink(path.c_str()); // a stale one: whoever holds the public socket's lock is the only one
    const mode_t before = ::umask(0177);
    const int bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
    ::umask(before);
    if (bound != 0 || ::listen(socket, 1) != 0)
        return failed("listen on " + path);
    path_ = path;
    asked_ = std::move(asked);
    wait();
    return {};
}

void takeover_door::wait()
{
    listener_.async_wait(listener_.wait_read, [this](const boost::system::error_code& stopped) {
        if (!stopped)
            answer();
    });
}

void takeover_door::answer()
{
    const int socket = ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0)
        return wait();
    const auto who = read_peer(socket);
    if (asker_ >= 0 || !who || (who->uid != 0 && who->uid != ::geteuid())) {
        log::warning("a takeover is refused", {{"uid", who ? who->uid : uid_t(-1)}});
        ::close(socket);
        return wait();
    }
    asker_ = socket;
    log::info("another weir takes over", {{"pid", who->pid}});
    asked_();
}

bool takeover_door::is_left() const
{
    pollfd p{asker_, POLLRDHUP, 0};
    return asker_ >= 0 && ::poll(&p, 1, 0) > 0;
}

void takeover_door::forget()
{
    ::close(std::exchange(asker_, -1));
    wait();
}

result<void> takeover_door::pass(std::string_view name, std::span<const int> descriptors)
{
    while (!descriptors.empty()) {
        const auto some = descriptors.first(std::min(most_at_once, descriptors.size()));
        if (!send_all(asker_, name, some))
            return failed("pass " + std::string(name) + " on");
        descriptors = descriptors.subspan(some.size());
    }
    return {};
}

void takeover_door::end()
{
    if (!path_.empty())
        ::unlink(std::exchange(path_, {}).c_str());
    if (!send_all(asker_, end_mark, {}))
        log::warning("the weir that takes over is gone", {{"why", std::strerror(errno)}});
    close();
}

void takeover_door::close()
{
    if (!path_.empty())
        ::unlink(std::exchange(path_, {}).c_str());
    if (asker_ >= 0)
        ::close(std::exchange(asker_, -1));
}

result<std::optional<std::vector<service_manager::passed_descriptor>>>
take_over(const std::string& path)
{
    const auto address = address_of(path);
    if (!address)
        return address.error();
    const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (socket < 0)
        return failed("make a socket");
    std::vector<service_manager::passed_descriptor> passed;
    const auto ended = [&](const auto& outcome) {
        ::close(socket);
        return outcome;
    };
    using outcome = result<std::optional<std::vector<service_manager::passed_descriptor>>>;
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
        const bool is_alone = errno == ENOENT || errno == ECONNREFUSED;
        return ended(is_alone ? outcome{std::nullopt} : outcome{failed("reach " + path)});
    }
    for (;;) {
        std::vector<int> descriptors;
        const auto name = receive(socket, descriptors);
        for (const int d : descriptors)
            passed.push_back({d, name ? *name : std::string{}});
        const bool is_over = name && *name == end_mark;
        if (is_over)
            return ended(outcome{std::move(passed)});
        if (name && !name->empty())
            continue;
        for (const auto& p : passed)
            ::close(p.descriptor);
        return ended(outcome{name ? error{"57P01", "the running weir refused, or ended meanwhile"}
                                  : name.error()});
    }
}

} // namespace weir
