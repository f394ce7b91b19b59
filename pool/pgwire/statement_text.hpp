// What a statement's first words say, as far as transaction mode has to know before the server
// answers. Cheap: a plain SELECT is dismissed by its first letter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::pgwire {

enum class statement_trait : std::uint8_t {
    plain,
    prepare,        // SQL-level PREPARE or EXECUTE: names that only one server would know
    deallocate,     // DEALLOCATE [PREPARE] name
    deallocate_all, // DEALLOCATE [PREPARE] ALL
    tracked_set,    // SET of something the server reports, or that ends with the transaction
    reset_all,      // RESET ALL or DISCARD ALL: back to what the startup message said
};

struct statement_words {
    statement_trait trait = statement_trait::plain;
    std::string name = {}; // deallocate: which, folded as PostgreSQL folds identifiers
};

// Looks at one statement, or a string of several: those are `plain` (the command tags tell later).
statement_words classify(std::string_view sql);

} // namespace weir::pgwire
