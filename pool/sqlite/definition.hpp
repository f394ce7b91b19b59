// DDL, understood: what to run on the writer, and what the catalog is to say afterwards.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/dialect/statement.hpp"

#include <pg_query/pg_query.pb-c.h>

#include <memory>

namespace weir::sqlite {

result<std::shared_ptr<const analysed_statement>> analyse_definition(
    const PgQuery__Node& of, const catalog& tables, const analysis_settings& settings);

} // namespace weir::sqlite
