// SQLite's errors in PostgreSQL's words: drivers choose their exception by the SQLSTATE, people
// look for the constraint's name.
#pragma once

#include "pool/core/error.hpp"

struct sqlite3;

namespace weir::sqlite {

// `status` is the extended result code of the call that failed just now on `db`.
error error_of(sqlite3* db, int status);

} // namespace weir::sqlite
