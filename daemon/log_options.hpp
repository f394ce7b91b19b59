// What the settings say of the log, in the log's words.
#pragma once

#include "config/settings.hpp"
#include "daemon/log.hpp"

namespace weir {

log::options log_options(const log_settings& wanted);

} // namespace weir
