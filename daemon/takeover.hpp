// `weir serve --takeover`: the weir that runs passes its listening socket and its clients to the
// one that is being started, over a private Unix socket beside the public one (SCM_RIGHTS,
// unix(7)).
#pragma once

#include "daemon/service_manager.hpp"
#include "pool/core/error.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// Beside the public socket; for weir's own user alone.
std::string takeover_path(const std::string& public_path);

// Where the running weir is asked.
class takeover_door {
public:
    explicit takeover_door(boost::asio::io_context& loop) : listener_(loop) {}
    takeover_door(const takeover_door&) = delete;
    takeover_door& operator=(const takeover_door&) = delete;
    ~takeover_door();

    // From now on `asked` is called, once, when weir's own user or root wants to take over.
    result<void> open(const std::string& path, std::function<void()> asked);
    bool is_asked() const { return asker_ >= 0; }
    bool is_left() const; // who has asked is gone
    void forget();        // who has asked: another may

    // Blocks until the other has taken them; an error: it is gone.
    result<void> pass(std::string_view name, std::span<const int> descriptors);
    void end(); // that was all; the door is gone for good, so that the other can open its own

private:
    void wait();
    void answer();
    void close();

    std::string path_;
    boost::asio::posix::stream_descriptor listener_;
    std::function<void()> asked_;
    int asker_ = -1;
};

// What the running weir passes: it has ended, or is about to. Nothing: there is none at this path.
result<std::optional<std::vector<service_manager::passed_descriptor>>>
take_over(const std::string& path);

} // namespace weir
