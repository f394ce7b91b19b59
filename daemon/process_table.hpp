// The worker processes that clients belong to: a small index each, for the queue in which they take
// turns, and a name for people: "gunicorn[812] of shop.service".
#pragma once

#include "pool/core/wait_queue.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>
#include <unordered_map>
#include <vector>

namespace weir {

// The systemd unit in the text of /proc/PID/cgroup; empty when there is none.
std::string unit_of(std::string_view cgroup);

class process_table {
public:
    process_index join(pid_t pid); // one more client of this process; 0: one that we cannot see
    void leave(process_index which);

    // Read from /proc when first asked for, and kept while the process has clients. The command is
    // the process's own claim.
    const std::string& name(process_index which);

private:
    struct process {
        pid_t pid = 0;
        unsigned clients = 0;
        std::string name;
    };

    std::vector<process> processes_;
    std::vector<process_index> free_;
    std::unordered_map<pid_t, process_index> by_pid_;
};

} // namespace weir
