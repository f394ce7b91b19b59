// Statements so simple that their answer is known beforehand: the empty query, SELECT 1, and what
// begins and ends a transaction. Only what PostgreSQL's grammar accepts is recognised; anything
// else is `other`, and a server's business. Cheap: a plain SELECT is dismissed at its second word.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::pgwire {

// What BEGIN says of its transaction. Of a mode that is given twice the last counts.
struct transaction_modes {
    enum class isolation : std::uint8_t {
        unsaid,
        read_uncommitted,
        read_committed,
        repeatable_read,
        serializable,
    };
    enum class said : std::uint8_t { nothing, no, yes };

    isolation level = isolation::unsaid;
    said read_only = said::nothing;
    said deferrable = said::nothing;

    // Its first statement fixes what the whole transaction sees.
    bool takes_snapshot() const { return level >= isolation::repeatable_read; }
    std::string begin() const; // the statement that begins such a transaction

    friend bool operator==(const transaction_modes&, const transaction_modes&) = default;
};

struct easy_statement {
    enum class what : std::uint8_t {
        other,
        empty,    // nothing, blanks, comments, semicolons
        one,      // SELECT 1 [AS name]
        begin,    // BEGIN or START TRANSACTION, with any modes
        commit,   // COMMIT or END, but not AND CHAIN
        rollback, // ROLLBACK or ABORT, likewise, and not TO a savepoint
    };
    what is = what::other;
    std::string_view label = {}; // of the column, as it was written; may be empty
    std::string_view tag = {};   // CommandComplete's
    transaction_modes modes = {};
};

easy_statement recognise(std::string_view sql); // the label lies in `sql`

} // namespace weir::pgwire
