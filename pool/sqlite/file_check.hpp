// Whether a file is a SQLite database, for those who look before weir owns it.
#pragma once

#include "pool/core/error.hpp"

#include <string>

namespace weir::sqlite {

// SQLite reads the header, takes no lock and makes no file beside it. The error is what a login
// would say.
result<void> check_file(const std::string& path);

} // namespace weir::sqlite
