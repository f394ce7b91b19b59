// What a statement's words say, as far as transaction mode has to know: is it about prepared names,
// and what may it do to the session? Cheap: the first keyword, and one look over the text for the
// few words that matter elsewhere; nothing is parsed.
#pragma once

#include "pool/pgwire/session_effects.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::pgwire {

enum class statement_trait : std::uint8_t {
    plain,
    prepare,        // SQL-level PREPARE or EXECUTE: names that only one server would know
    deallocate,     // DEALLOCATE [PREPARE] name
    deallocate_all, // DEALLOCATE [PREPARE] ALL
    accounted,      // there is SET or RESET in it, and `effects` says of what
    reset_all,      // likewise, and it ends with RESET ALL or DISCARD ALL
    unseen,         // there is more of it than was looked at: the command tags tell the rest
};

struct statement_words {
    statement_trait trait = statement_trait::plain;
    std::string name = {}; // deallocate: which, folded as PostgreSQL folds identifiers
    session_effects effects = {};

    bool matters() const { return trait != statement_trait::plain || !effects.empty(); }
};

// Looks at one statement, or a string of several. `functions` are those, by name in lower case,
// that may do anything to a session. What is said errs to the side of too much: a word in a literal
// counts as well.
statement_words classify(std::string_view sql, std::span<const std::string> functions = {});

// Something other than semicolons and blanks follows a semicolon, in a literal perhaps.
bool are_several(std::string_view sql);

// False: for certain it is neither PREPARE, EXECUTE nor DEALLOCATE.
bool may_be_about_names(std::string_view sql);

// What most statements are, told at a glance: for certain one SELECT of more than a number, INSERT,
// UPDATE or DELETE, with nothing behind it.
bool is_ordinary(std::string_view sql);

// Nothing in this ordinary statement is looked at twice: classify() would call it plain.
bool is_plain(std::string_view ordinary, std::span<const std::string> functions);

} // namespace weir::pgwire
