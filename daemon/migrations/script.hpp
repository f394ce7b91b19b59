// PURE. A plan as the SQL that carries it out, stage by stage, bookkeeping included.
#pragma once

#include "daemon/migrations/plan.hpp"
#include "daemon/migrations/version_table.hpp"

#include <string>
#include <vector>

namespace weir::migrations {

// What is done, or not, as one. A transactional stage is run between BEGIN and COMMIT.
struct stage {
    step of;
    bool is_transactional = true;
    std::vector<statement> statements; // of the file; `line` is the file's
    // The rows of the version table and weir's note; in the same transaction where there is one,
    // after the statements otherwise. A stage that is not transactional notes first that it has
    // begun (`announcement`), so that one that fails half way leaves a record.
    std::vector<std::string> announcement;
    std::vector<std::string> bookkeeping;
};

struct script {
    std::vector<std::string> preparation; // makes (or widens) the tables where they are missing
    std::vector<stage> stages;
};

script compose(const plan& p, dialect d, const version_table& table, std::string_view by);

// For a DBA to run: what --sql prints.
std::string to_text(const script& s, dialect d);

} // namespace weir::migrations
