// Environment, JSON file and command line -> settings, or everything that is wrong with them.
// settings.hpp says which source wins.
#pragma once

#include "config/complaint.hpp"
#include "config/settings.hpp"
#include "config/sources.hpp"

namespace weir {

checked<settings> load(const sources& from);

// Where a weir with these settings listens, however wrong the rest of them may be: whoever asks a
// running one need not be able to start it. systemd's credentials, say, are the service's alone.
listen_settings load_listen(const sources& from);

} // namespace weir
