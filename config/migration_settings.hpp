// The knobs of one backend's migrations (backends.NAME.migrations), already checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir {

struct migration_settings {
    using milliseconds = std::chrono::milliseconds;

    // What clients find when migrations failed.
    enum class failure_policy : std::uint8_t {
        closed, // weir stays up; clients get 57P03 with the reason
        exit,   // weir ends with status 1
        serve,  // the schema as it is
    };
    enum class edit_policy : std::uint8_t { warn, refuse };
    enum class command_order : std::uint8_t { first, last }; // before the revisions, or after

    bool on_boot = true;              // false: only `weir migrate` and nothing at the start
    std::string dir = "./migrations"; // of revisions NNN_slug.sql and schema.sql
    bool dir_is_default = true;       // then it need not be there

    std::vector<std::string> command; // argv; a string in the file becomes sh -c; empty = none
    std::vector<std::string>
        current_command; // prints what is applied; a line "(head)" = up to date
    command_order order = command_order::first;
    std::vector<std::pair<std::string, std::string>> env; // on top of weir's own
    std::string cwd;                                      // empty = weir's
    milliseconds timeout{600'000};                        // of the command; 0 = none

    std::string version_table = "alembic_version";
    std::string version_table_schema; // empty: where search_path leads

    milliseconds wait{60'000};         // for a backend that is not up yet
    milliseconds lock_wait{600'000};   // for another weir that migrates
    milliseconds lock_timeout{5'000};  // of each statement of a revision; 0 = none
    milliseconds statement_timeout{0}; // likewise
    failure_policy on_failure = failure_policy::closed;
    edit_policy on_edited = edit_policy::warn; // an applied file that was changed since

    friend bool operator==(const migration_settings&, const migration_settings&) = default;
};

} // namespace weir
