// PURE. From the versions that a database has and a target to the ordered steps between: the one
// object that the runner executes, `--sql` and `--dry-run` print.
#pragma once

#include "daemon/migrations/revision_graph.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

enum class direction : std::uint8_t { upgrade, downgrade, stamp };

// One revision applied or taken back; or a stamp, which only notes. With what that does to the
// version table's rows and to what counts as applied.
struct step {
    direction way = direction::upgrade;
    const revision* what = nullptr; // points into the graph; a stamp to the base has none
    std::vector<std::string> rows_gone = {};
    std::vector<std::string> rows_new = {};
    revision_list applied = {};    // counts as applied now: `what`, or all that a stamp implies
    revision_list taken_back = {}; // counts as applied no more
    bool purges = false;           // a stamp that first forgets every row, even those nobody knows
};

struct plan {
    std::vector<step> steps;
    std::vector<std::string> before; // the version table's rows, sorted
    std::vector<std::string> after;
};

// `target` is Alembic's: what revision_graph::resolve_all() takes, "+N", "REV+N" and "REV-N". A
// merge's row replaces its parents', and a row stays away while another one implies it, by
// depends_on as well. `current` are the version table's rows; one that the graph does not know is
// an error, in Alembic's words ("Can't locate revision identified by ...").
result<plan> plan_upgrade(const revision_graph& g,
                          const std::vector<std::string>& current,
                          std::string_view target);

// "base", a revision, "-N", "REV-N", "REV+N"; "BRANCH@base" and "BRANCH@-N" take back that branch
// alone. A revision without a section `-- downgrade` is an error before anything is done.
result<plan> plan_downgrade(const revision_graph& g,
                            const std::vector<std::string>& current,
                            std::string_view target);

// Only the rows, in one step: one target, or several separated by commas. Rows in the line of a
// target give way to it, others stay. With `purge` they all go, known or not.
result<plan> plan_stamp(const revision_graph& g,
                        const std::vector<std::string>& current,
                        std::string_view target,
                        bool purge);

// For --sql, which asks no database: "FROM:TO" starts at FROM. Without FROM, an upgrade and a
// stamp start at the base, and a downgrade is an error.
result<plan> plan_offline(const revision_graph& g, direction way, std::string_view range);

} // namespace weir::migrations
