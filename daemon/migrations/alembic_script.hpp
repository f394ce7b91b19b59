// PURE. What `alembic upgrade --sql` (or downgrade) prints, taken apart: a section for each of its
// comments "-- Running upgrade a -> b", with Alembic's own bookkeeping recognized.
#pragma once

#include "daemon/migrations/revision.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

struct named_text {
    std::string name; // of the file, for complaints
    std::string text;
};

struct script_section {
    std::vector<std::string> from;
    std::vector<std::string> to;
    unsigned line = 0; // of the comment
    std::vector<statement> statements = {};
    std::vector<std::string> rows_gone = {}; // of the version table
    bool leaves_transaction = false;         // an autocommit_block()
};

struct alembic_script {
    std::vector<script_section> sections;
    std::vector<std::string> notes; // what was left out
};

// `verb` is "upgrade" or "downgrade". Output that was cut short, or that has a log mixed into it,
// is refused.
checked<alembic_script> read_alembic_script(const named_text& source,
                                            std::string_view verb,
                                            std::string_view version_table);

} // namespace weir::migrations
