// PURE. What to do about a login that failed.
#pragma once

#include "daemon/doctor/finding.hpp"
#include "pool/core/error.hpp"

#include <string>

namespace weir::doctor {

// `why` is weir's error of a login; its message holds libpq's or the server's own words.
finding failed_connection(const std::string& backend, const error& why);

} // namespace weir::doctor
