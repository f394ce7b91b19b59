// SQLite's errors in PostgreSQL's words: drivers choose their exception by the SQLSTATE, people
// look for the constraint's name.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/types.hpp"

struct sqlite3;

namespace weir::sqlite {

// `status` is the extended result code of the call that failed just now on `db`.
error error_of(sqlite3* db, int status);

// SQLite never says which foreign key; the changed table does when it has, or is meant by, just
// one.
error foreign_key_violation(sqlite3* db, oid changed, bool is_delete);

} // namespace weir::sqlite
