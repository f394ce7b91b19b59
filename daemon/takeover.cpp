#include "daemon/takeover.hpp"

#include "daemon/log.hpp"
#include "daemon/peer.hpp"
#include "daemon/socket_address.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utility>

namespace weir {

namespace {

using namespace std::chrono_literals;
using passed_descriptors = std::vector<service_manager::passed_descriptor>;

constexpr std::string_view version = "2"; // of what is said, and in which order
constexpr std::string_view go_word = "go";
constexpr std::string_view end_word = "end";
constexpr std::string_view taken_word = "taken";
constexpr std::string_view yours_word = "yours";

constexpr std::size_t most_at_once = 250; // the kernel takes 253
constexpr std::size_t longest_text = 64 * 1024;
constexpr auto patience = 60s;  // of the weir that starts; transactions finish first
constexpr auto send_limit = 5s; // of the one that runs, whose loop stands still meanwhile
constexpr rlim_t spare = 32;    // descriptors of its own that the weir that starts has to have

using descriptors_message = std::array<char, CMSG_SPACE(most_at_once * sizeof(int))>;

error failed(std::string_view what)
{
    return {"58000", "cannot " + std::string(what) + ": " + std::strerror(errno)};
}

rlim_t descriptor_limit()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

error too_few_descriptors()
{
    return {"53000",
            "this weir may have " + std::to_string(descriptor_limit()) +
                " descriptors, too few for the clients of the one that runs",
            {},
            "Raise LimitNOFILE= (ulimit -n)."};
}

ino_t inode_at(const std::string& path) // 0: there is nothing
{
    struct stat s {};
    return ::lstat(path.c_str(), &s) == 0 ? s.st_ino : 0;
}

bool send_all(int to, std::string_view text, std::span<const int> descriptors)
{
    iovec words{const_cast<char*>(text.data()), text.size()};
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
    return ::sendmsg(to, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

// False: it takes too long. A signal does not end the waiting.
bool wait_until(int socket, short ready_for, std::chrono::milliseconds limit)
{
    using clock = std::chrono::steady_clock;
    for (const auto end = clock::now() + limit;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now());
        pollfd p{socket, ready_for, 0};
        const int ready = ::poll(&p, 1, static_cast<int>(std::max(left, 0ms).count()));
        if (ready >= 0 || errno != EINTR)
            return ready > 0;
    }
}

// Waits until there is room for it.
bool send_in_time(int to, std::string_view text, std::span<const int> descriptors)
{
    while (!send_all(to, text, descriptors))
        if (errno != EAGAIN || !wait_until(to, POLLOUT, send_limit))
            return false;
    return true;
}

void take_out(const msghdr& message, std::vector<int>& descriptors)
{
    auto* const m = const_cast<msghdr*>(&message);
    for (cmsghdr* c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        const std::size_t before = descriptors.size();
        descriptors.resize(before + count);
        std::memcpy(descriptors.data() + before, CMSG_DATA(c), count * sizeof(int));
    }
}

// One message. An error: none came, or not the whole of it; what has come is the caller's.
result<std::string> receive(int from, std::vector<int>& descriptors)
{
    if (!wait_until(from, POLLIN, patience)) {
        error silence{"57014", "the running weir has said nothing in "};
        silence.message.append(std::to_string(patience.count())).append(" s");
        return silence;
    }
    std::string text(longest_text, '\0');
    iovec words{text.data(), text.size()};
    alignas(cmsghdr) descriptors_message room{};
    msghdr message{};
    message.msg_iov = &words;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    const ssize_t n = ::recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return failed("hear the running weir");
    take_out(message, descriptors);
    if ((message.msg_flags & MSG_CTRUNC) != 0)
        return too_few_descriptors();
    if (n == 0)
        return error{"57P01", "the running weir has ended meanwhile"};
    text.resize(static_cast<std::size_t>(n));
    return text;
}

// What is said once it has introduced itself: a word, a name, or that it has changed its mind.
result<std::string> receive_word(int from, std::vector<int>& descriptors)
{
    auto text = receive(from, descriptors);
    if (text && is_refusal(*text))
        return read_introduction(*text).error();
    return text;
}

void close_all(const passed_descriptors& all)
{
    for (const auto& one : all)
        ::close(one.descriptor);
}

} // namespace

std::string takeover_path(const std::string& public_path)
{
    return public_path + ".takeover" + std::string(version);
}

// ---- The weir that runs.

takeover_door::~takeover_door()
{
    if (!path_.empty() && inode_at(path_) == inode_)
        ::unlink(path_.c_str());
}

result<void> takeover_door::open(const std::string& path, handlers to)
{
    const auto address = unix_address(path);
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
    inode_ = inode_at(path);
    to_ = std::move(to);
    wait();
    return {};
}

void takeover_door::wait()
{
    listener_.async_wait(listener_.wait_read, [this](const boost::system::error_code& stopped) {
        if (stopped)
            return;
        answer();
        wait();
    });
}

void takeover_door::answer()
{
    const int socket =
        ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0)
        return;
    const auto who = read_peer(socket);
    if (!who || (who->uid != 0 && who->uid != ::geteuid())) {
        log::warning("a takeover is refused", {{"uid", who ? who->uid : uid_t(-1)}});
        ::close(socket);
        return;
    }
    if (stage_ != stage::alone) {
        const std::string first = "another weir (pid " + std::to_string(pid_) + ")";
        send_all(socket, refusal_text({"55006", first + " is about to take over"}), {});
        ::close(socket);
        return;
    }
    asker_.assign(socket);
    stage_ = stage::knocked;
    pid_ = who->pid;
    const auto itself = to_.knocked();
    if (!itself)
        return refuse(itself.error());
    send_all(socket, to_text(*itself), {}); // else it is gone, which is heard below
    wait_for_asker();
}

void takeover_door::wait_for_asker()
{
    asker_.async_wait(asker_.wait_read, [this](const boost::system::error_code& stopped) {
        if (!stopped)
            hear_asker();
    });
}

void takeover_door::hear_asker()
{
    std::array<char, 16> room{};
    const ssize_t n = ::recv(asker_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return wait_for_asker();
    const std::string_view word(room.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    if (stage_ == stage::passed && word == taken_word)
        return to_.taken();
    if (stage_ != stage::knocked || word != go_word) { // it is gone, or out of its mind
        const bool was_asked = is_asked();
        dismiss();
        if (was_asked)
            to_.left();
        return;
    }
    if (const auto begun = to_.asked(); !begun)
        return refuse(begun.error());
    stage_ = stage::asked;
    log::info("another weir takes over", {{"pid", pid_}});
    wait_for_asker();
}

result<void> takeover_door::pass(std::string_view name, std::span<const int> descriptors)
{
    while (!descriptors.empty()) {
        const auto some = descriptors.first(std::min(most_at_once, descriptors.size()));
        if (!send_in_time(asker_.native_handle(), name, some))
            return failed("pass " + std::string(name) + " on");
        descriptors = descriptors.subspan(some.size());
    }
    return {};
}

result<void> takeover_door::end()
{
    if (!send_in_time(asker_.native_handle(), end_word, {}))
        return failed("pass on that this was all");
    stage_ = stage::passed;
    return {};
}

result<void> takeover_door::confirm()
{
    if (!send_all(asker_.native_handle(), yours_word, {})) {
        const error why = failed("tell the weir that takes over that all is its own");
        dismiss();
        return why;
    }
    path_.clear(); // the other puts its own door there
    return {};
}

void takeover_door::refuse(const error& why)
{
    log::warning("a takeover is refused", {{"pid", pid_}, {"why", why.message}});
    send_all(asker_.native_handle(), refusal_text(why), {}); // it may be gone
    dismiss();
}

void takeover_door::dismiss()
{
    asker_.close();
    stage_ = stage::alone;
}

// ---- The weir that starts.

result<std::optional<running_weir>> running_weir::knock(const std::string& path)
{
    const auto address = unix_address(path);
    if (!address)
        return address.error();
    const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (socket < 0)
        return failed("make a socket");
    running_weir found{socket, {}};
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            return std::optional<running_weir>{};
        return failed("reach " + path);
    }
    std::vector<int> none;
    const auto text = receive(socket, none);
    if (!text)
        return text.error();
    auto itself = read_introduction(*text);
    if (!itself)
        return itself.error();
    found.itself_ = std::move(*itself);
    return std::optional<running_weir>{std::move(found)};
}

running_weir::running_weir(running_weir&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), itself_(std::move(other.itself_))
{
}

running_weir::~running_weir()
{
    if (socket_ >= 0)
        ::close(socket_);
}

result<passed_descriptors> running_weir::take()
{
    if (!send_all(socket_, go_word, {}))
        return failed("ask the running weir for its clients");
    passed_descriptors passed;
    int last = 0;
    for (;;) {
        std::vector<int> descriptors;
        const auto name = receive_word(socket_, descriptors);
        for (const int d : descriptors) {
            passed.push_back({d, name ? *name : std::string{}});
            last = std::max(last, d);
        }
        if (name && *name != end_word)
            continue;
        const bool has_room = static_cast<rlim_t>(last) + spare < descriptor_limit();
        if (name && has_room)
            return passed;
        close_all(passed);
        return name ? too_few_descriptors() : name.error();
    }
}

result<void> running_weir::confirm()
{
    if (!send_all(socket_, taken_word, {}))
        return failed("tell the running weir that its clients are taken");
    std::vector<int> none;
    const auto word = receive_word(socket_, none);
    if (!word)
        return word.error();
    if (*word != yours_word)
        return error{"08P01", "the running weir does not let go of its clients"};
    return {};
}

} // namespace weir
