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

// One revision applied, taken back or only noted, with what that does to the version table's rows.
struct step {
    direction way = direction::upgrade;
    const revision* what = nullptr; // points into the graph
    std::vector<std::string> rows_gone;
    std::vector<std::string> rows_new;
};

struct plan {
    std::vector<step> steps;
    std::vector<std::string> before; // the version table's rows, sorted
    std::vector<std::string> after;
};

// `target` is Alembic's: "head", "heads", a revision or the front of one, "+N", "REV+N" (upgrade);
// "base", "-N", "REV", "REV-N" (downgrade). `current` are the version table's rows; one that the
// graph does not know is an error, in Alembic's words ("Can't locate revision identified by ...").
result<plan> plan_upgrade(const revision_graph& g,
                          const std::vector<std::string>& current,
                          std::string_view target);
result<plan> plan_downgrade(const revision_graph& g,
                            const std::vector<std::string>& current,
                            std::string_view target);

// Only the rows: "head", "heads", "base", a revision, or several separated by commas. With `purge`
// the current rows go whatever they are, known or not.
result<plan> plan_stamp(const revision_graph& g,
                        const std::vector<std::string>& current,
                        std::string_view target,
                        bool purge);

} // namespace weir::migrations
