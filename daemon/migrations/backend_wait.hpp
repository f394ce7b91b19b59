// Logs in at a backend that may not be up yet, so that it does not matter what is started first.
#pragma once

#include "pool/core/link.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace weir::migrations {

// Again and again for `limit`, as long as what it says may pass (nobody listens, it starts, it has
// too many clients); a wrong password or a missing database ends it at once. `on_wait` is told the
// server's words, at first and whenever they change.
result<std::unique_ptr<link>>
wait_for_backend(backend& behind,
                 std::chrono::milliseconds limit,
                 const std::function<void(const std::string&)>& on_wait,
                 std::stop_token stop);

} // namespace weir::migrations
