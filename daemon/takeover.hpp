// `weir serve --takeover`: the weir that runs passes its listening socket and its clients to the
// one that is being started, over a private Unix socket beside the public one (SCM_RIGHTS,
// unix(7)). Until the last word is said everything is still the first one's, which goes on as
// before when the other leaves:
//
//     the weir that starts                  the weir that runs
//     connects                          ─►
//                                       ◄─  introduces itself, or says no
//     go: what could fail was done      ─►  lets transactions finish
//                                       ◄─  its socket, its clients, end
//     taken: all came, and can be read  ─►
//                                       ◄─  yours; and ends
#pragma once

#include "daemon/handover/introduction.hpp"
#include "daemon/service_manager.hpp"
#include "pool/core/error.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace weir {

// Beside the public socket; for weir's own user alone. Weirs that speak another version of the
// above have another path, and do not meet.
std::string takeover_path(const std::string& public_path);

// Where the running weir is asked, by one at a time.
class takeover_door {
public:
    struct handlers {
        std::function<result<introduction>()> knocked; // an error: it is told why not
        std::function<result<void>()> asked;           // likewise; else all has to be passed
        std::function<void()> taken;                   // to be confirmed
        std::function<void()> left;                    // after it had asked: it has got nothing
    };

    explicit takeover_door(boost::asio::io_context& loop) : listener_(loop), asker_(loop) {}
    takeover_door(const takeover_door&) = delete;
    takeover_door& operator=(const takeover_door&) = delete;
    ~takeover_door();

    result<void> open(const std::string& path, handlers to);
    bool is_asked() const { return stage_ >= stage::asked; }
    bool has_passed() const { return stage_ == stage::passed; } // but it has not been taken

    // Blocks for some seconds at most; an error: the other does not take them.
    result<void> pass(std::string_view name, std::span<const int> descriptors);
    result<void> end(); // that was all: `taken` or `left` follows
    // It is the other's, with the door's path. An error: the other is gone, and has got nothing.
    result<void> confirm();
    void refuse(const error& why); // whoever has knocked, or asked

private:
    enum class stage { alone, knocked, asked, passed };

    void wait();
    void answer();
    void wait_for_asker();
    void hear_asker();
    void dismiss();

    std::string path_;
    ino_t inode_ = 0; // of the file there: another weir may have put its own in its place
    handlers to_;
    boost::asio::posix::stream_descriptor listener_;
    boost::asio::posix::stream_descriptor asker_;
    stage stage_ = stage::alone;
    pid_t pid_ = 0; // of who asks
};

// The other side: what the weir that is started sees of the one that runs.
class running_weir {
public:
    static result<std::optional<running_weir>> knock(const std::string& path); // nothing: none does

    running_weir(running_weir&& other) noexcept;
    running_weir& operator=(running_weir&&) = delete;
    ~running_weir();

    const introduction& itself() const { return itself_; }

    // Waits until its transactions have finished. The descriptors are the caller's.
    result<std::vector<service_manager::passed_descriptor>> take();
    result<void> confirm(); // an error: what it has passed is still its own, and must not be used

private:
    running_weir(int socket, introduction itself) : socket_(socket), itself_(std::move(itself)) {}

    int socket_;
    introduction itself_;
};

} // namespace weir
