// The names that PostgreSQL 15 has for functions and operators, whether weir can run them or not:
// what PostgreSQL has is refused as a feature (0A000), what it has not "does not exist" (42883).
#pragma once

#include <string_view>

namespace weir::sqlite {

bool is_postgres_function(std::string_view name);
bool is_postgres_operator(std::string_view name);

} // namespace weir::sqlite
