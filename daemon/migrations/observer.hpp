// What a migration tells while it runs: to the log, systemd, clients that wait, a terminal.
#pragma once

#include "daemon/migrations/plan.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::migrations {

// What is being done now.
struct progress {
    enum class phase : std::uint8_t {
        waiting_for_backend, // `what` is the server's words
        waiting_for_lock,    // `what` is who holds it
        running_command,     // `what` is the command
        running,             // `what` is the revision, `file` its file's name without .sql
        verifying,
    };
    phase is = phase::waiting_for_backend;
    std::string what = {};
    std::string file = {};
    unsigned number = 0; // of this revision, from 1
    unsigned total = 0;
};
std::string
to_text(const progress& p); // "migrations are running: 12 of 65, 041_add_document_comments"

// Called on the migrator's thread.
class observer {
public:
    virtual void on_progress(const progress& now) = 0;
    virtual void on_applied(const step& done, std::chrono::milliseconds took) = 0;
    virtual void on_line(std::string_view line) = 0;    // of the command's output
    virtual void on_notice(std::string_view words) = 0; // of the server's
    virtual void on_warning(std::string_view what) = 0; // an edited file, a widened column

protected:
    ~observer() = default;
};

} // namespace weir::migrations
