// Why a migration stopped: what the server said, where in which file, what may help, and whether
// trying again may.
#pragma once

#include "daemon/migrations/plan.hpp"
#include "daemon/migrations/statement_splitter.hpp"
#include "pool/core/error.hpp"

#include <string>

namespace weir::migrations {

struct failure {
    error what;           // message, detail and hint name file, line and statement
    std::string revision; // empty: not in a revision
    bool may_pass =
        false; // a lost connection, a lock timeout, a server that starts: worth retrying
};

template <class T>
using attempt = boost::system::result<T, failure>;

// Whether the same may go well later, with nobody changing anything.
bool may_pass(const error& what);

failure as_failure(error what, std::string revision = {});

// The server's words about a statement of a file, with the line (its position, if it told one),
// the statement itself, shortened, and advice.
error in_statement(const error& said, const statement& of, const std::string& file, direction way);

} // namespace weir::migrations
