// What holds of a pool's settings together.
#pragma once

#include "config/complaint.hpp"
#include "config/settings.hpp"

namespace weir {

// Complains of what contradicts itself, and sets what follows from the rest.
void check_pool(backend_settings& backend, complaints& wrong);

} // namespace weir
