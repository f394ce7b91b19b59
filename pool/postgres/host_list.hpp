// The hosts that a login may try, out of libpq's comma-separated host, hostaddr and port.
//
// libpq walks this list by itself, but when driven step by step it knows no time: a host that
// swallows packets holds it until the kernel gives up, minutes later. So weir watches each host's
// share of the time and starts again without one that stays silent.
#pragma once

#include "pool/core/link.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::postgres {

class host_list {
public:
    explicit host_list(const parameter_list& options);

    // 0 when the options name no host, or lists of different lengths (which libpq will refuse).
    std::size_t size() const { return hosts_.size(); }

    // Forgets the first host with these words of PQhost and PQport; false when there is none.
    bool drop(std::string_view host, std::string_view port);

    parameter_list options() const; // what the constructor was given, with the hosts that are left

private:
    struct candidate {
        std::string host, address, port;
    };

    parameter_list others_; // all options but host, hostaddr and port
    std::vector<candidate> hosts_;
};

} // namespace weir::postgres
