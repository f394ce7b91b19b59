// Statements that touch no table: transactions, settings, and what needs no effect here.
#pragma once

#include "pool/sqlite/dialect/nodes.hpp"
#include "pool/sqlite/dialect/statement.hpp"

#include <optional>

namespace weir::sqlite {

// Nothing when the statement is of another kind. Throws a refusal (refusal.hpp).
std::optional<analysed_statement> analyse_session_statement(const nodes::node& of);

} // namespace weir::sqlite
