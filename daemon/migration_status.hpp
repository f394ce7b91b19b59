// What one backend's gate has to say for SHOW MIGRATIONS, the metrics, /readyz and systemd.
#pragma once

#include "pool/core/histogram.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct migration_status {
    enum class phase : std::uint8_t {
        idle,     // nothing is under way
        checking, // a reload: is anything pending?
        draining, // those who hold a server are waited for
        running,  // a migrator is at work; `doing` says with what
        retrying, // it failed for a reason that may pass, and is tried again soon
    };

    std::string backend;
    phase is = phase::idle;
    bool is_open = true; // clients are served; false: they wait, or hear `closed_because`
    std::string closed_because = {};
    std::string doing = {};    // "migrations are running: 12 of 65, 041_add_document_comments"
    std::string revision = {}; // that runs now
    unsigned number = 0;       // of it, from 1
    unsigned total = 0;
    std::chrono::system_clock::time_point since = {}; // it is in this phase
    std::string error = {};                           // of the last run; empty: it went well
    std::string failed_revision = {};                 // likewise; empty, too, if it was none

    // As last seen; empty and 0 where nothing is to be migrated.
    std::vector<std::string> current = {};
    std::vector<std::string> heads = {};
    std::size_t pending = 0;

    // Since the start.
    std::uint64_t applied = 0; // revisions, up or down
    std::uint64_t failures = 0;
    histogram seconds = {}; // of each revision
};
inline constexpr std::size_t migration_phase_count = 5;

constexpr std::string_view to_string(migration_status::phase p)
{
    constexpr std::array<std::string_view, migration_phase_count> names{"idle",
                                                                        "checking",
                                                                        "draining",
                                                                        "running",
                                                                        "retrying"};
    return names[static_cast<std::size_t>(p)];
}

} // namespace weir
