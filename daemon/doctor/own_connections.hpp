// PURE. Which of weir's own connections are at one server. What its backends there may open is
// counted by their settings, so what they have open is not counted once more.
#pragma once

#include "config/settings.hpp"

#include <span>
#include <string>
#include <vector>

namespace weir::doctor {

struct own_connection {
    std::string backend; // or its lane: NAME:session
    int pid = 0;         // of the server's process
};

// Of all backends with the hosts of `at`; the others' are elsewhere.
std::vector<int> own_pids_at(const backend_settings& at,
                             const std::vector<backend_settings>& all,
                             std::span<const own_connection> own);

} // namespace weir::doctor
