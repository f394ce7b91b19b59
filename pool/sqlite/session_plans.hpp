// What a session's messages say about plans: columns and formats.
#pragma once

#include "pool/core/error.hpp"
#include "pool/pgwire/frame.hpp"
#include "pool/sqlite/dialect/statement.hpp"
#include "pool/sqlite/values.hpp"

#include <cstddef>
#include <vector>

namespace weir::sqlite {

// 25P02: what every statement but its end hears in a failed transaction.
error aborted_transaction();

// SHOW's column is called as the setting is spelt; FETCH's are its cursor's; other plans
// bring theirs.
std::vector<result_column> plan_columns(const analysed_statement& plan);

// The format codes of a Bind: none for all text, one for all, or one for each.
result<std::vector<wire_format>> read_formats(pgwire::field_reader& in, std::size_t count);

} // namespace weir::sqlite
