// PURE. Who holds the servers of a moment, ordered for people: the processes, and the transactions
// that have been open for the longest.
#pragma once

#include "daemon/console/sockets.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace weir::status {

struct holder {
    std::string backend = {};
    std::string process = {}; // as the kernel has it, "gunicorn[812] of shop.service"
    std::int64_t pid = 0;
    unsigned connections = 0;
    console::socket::age longest{};

    friend bool operator==(const holder&, const holder&) = default;
};

// By process and backend; who has held one for the longest comes first.
std::vector<holder> top_holders(std::span<const console::socket> held, std::size_t most);

// Those that are in a transaction, the longest first.
std::vector<console::socket> longest_transactions(std::span<const console::socket> held,
                                                  std::size_t most);

} // namespace weir::status
