// PURE. A plan as the SQL that carries it out, stage by stage, bookkeeping included.
#pragma once

#include "daemon/migrations/plan.hpp"
#include "daemon/migrations/version_table.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

// A statement of weir's own. Where `tag` is given the server has to answer with it: another one
// means that somebody else has changed the version table meanwhile, and nothing may be committed.
struct entry {
    std::string sql;
    std::string tag = {}; // UPDATE 1

    friend bool operator==(const entry&, const entry&) = default;
};

// What is done, or not, as one: statements and bookkeeping between BEGIN and COMMIT. When it is not
// transactional the announcement comes first and commits by itself, so that a stage that fails
// half way leaves a record; then each statement by itself; then the bookkeeping in a transaction.
// How long it took the database's own clock says, so a script that is printed notes it as well.
struct stage {
    step of;
    bool is_transactional = true;
    std::vector<statement> statements = {}; // of the file; `line` is the file's
    std::vector<entry> announcement = {};   // empty when transactional
    std::vector<entry> bookkeeping = {};
};

struct script {
    std::vector<std::string> preparation; // makes the tables where they are missing; a transaction
    std::vector<stage> stages;
};

// `widens`: the version table's column is narrower than version_table::width.
script compose(
    const plan& p, dialect d, const version_table& table, std::string_view by, bool widens = false);

// Whether a table that Alembic made has to be widened for this; for --sql, which cannot look.
bool outgrows_alembic(const plan& p);

// For a DBA to run: what --sql prints.
std::string to_text(const script& s);

} // namespace weir::migrations
