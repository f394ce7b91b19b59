// PURE. Under which names the pages may be asked for. A web page elsewhere can have its own name
// resolved to this machine (DNS rebinding) and then read what is served here, but the browser says
// that name in Host: a name that is not ours is refused.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

class http_hosts {
public:
    // `names` beside IP addresses, localhost and names below it. Case and a final dot do not count.
    explicit http_hosts(std::vector<std::string> names = {}) : names_(std::move(names)) {}

    bool admit(std::string_view host) const; // the header: a name or an address, perhaps a port

private:
    std::vector<std::string> names_;
};

} // namespace weir
