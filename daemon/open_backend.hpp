// The settings of a backend -> the thing that logs in to it. Nothing is opened or asked here.
#pragma once

#include "config/settings.hpp"
#include "pool/core/error.hpp"
#include "pool/core/link.hpp"

#include <memory>

namespace weir {

result<std::unique_ptr<backend>> open_backend(const backend_settings& s);

} // namespace weir
