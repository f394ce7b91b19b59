// Runs the application's own migrations (alembic upgrade head, an init_db) as a process group of
// its own: its output line by line, its time limited, and nothing of weir's inherited but what is
// meant for it.
#pragma once

#include "pool/core/error.hpp"

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::migrations {

struct outside_command {
    std::vector<std::string> argv;
    std::vector<std::pair<std::string, std::string>> env; // on top of weir's own
    std::string cwd;                                      // empty: weir's
    std::chrono::milliseconds timeout{0};                 // 0: none
    std::vector<std::string> secrets;                     // shown as *** in its output

    std::string shown() const; // "alembic upgrade head"; of sh -c, the text alone
};

// What the command depends on while it runs: when `descriptor` becomes readable, `is_there` is
// asked. Without it the command is killed at once, since somebody else may begin to migrate now.
struct lifeline {
    int descriptor = -1;
    std::function<bool()> is_there;
};

// Blocks until the command has ended. 38000 with its exit status and its last lines when it failed
// or took too long; 57014 after a stop, 08006 without its lifeline. At the time limit and at a stop
// the whole group gets SIGTERM, and SIGKILL five seconds later. Both stdout and stderr go to
// `on_line`; a line of more than 8 kB comes in pieces. Should weir die, the kernel kills the
// command (not what it started in turn).
result<void> run(const outside_command& what,
                 const std::function<void(std::string_view)>& on_line,
                 const lifeline& needed,
                 std::stop_token stop);

} // namespace weir::migrations
