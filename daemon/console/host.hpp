// Who carries out the console's commands: the daemon.
#pragma once

#include "daemon/console/command.hpp"

#include <functional>
#include <string>

namespace weir::console {

// To be called on the loop's thread, at once or later. The client may be gone by then: it does not
// matter, but that nobody need wait for what is to be told.
struct reply {
    std::function<void(std::string line)> notice;
    std::function<void(result<rows>)> done; // once, at the end
    std::function<bool()> is_awaited = [] { return true; };
};

class host {
public:
    virtual void carry_out(const command& what, reply to) = 0;

protected:
    ~host() = default;
};

} // namespace weir::console
