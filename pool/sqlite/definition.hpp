// DDL: CREATE, ALTER, DROP, COMMENT. Analysing one resolves its types and translates its
// expressions; what it returns does the rest on the writer, where the catalog's rows and SQLite's
// own schema change together, or not at all.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/dialect/statement.hpp"

#include <pg_query/pg_query.pb-c.h>

#include <memory>
#include <string_view>

namespace weir::sqlite {

// Whether the statement is DDL of this room, supported or not.
bool is_definition(const PgQuery__Node& statement);

// `text` is the whole text that the tree's positions count from.
result<std::shared_ptr<const analysed_statement>>
analyse_definition(const PgQuery__Node& statement,
                   std::string_view text,
                   const catalog& tables,
                   const analysis_settings& settings);

} // namespace weir::sqlite
