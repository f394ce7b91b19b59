// What a gate's thread does: the migrator, or a test's stand-in for it.
#pragma once

#include "daemon/migrations/migrator.hpp"

#include <functional>
#include <stop_token>

namespace weir {

// Blocking, and called one at a time.
struct migration_work {
    std::function<migrations::attempt<migrations::report>(const migrations::target&,
                                                          const migrations::request&,
                                                          migrations::observer&,
                                                          std::stop_token)>
        migrate;
    std::function<migrations::attempt<migrations::state>(const migrations::target&,
                                                         std::stop_token)>
        inspect;
};

migration_work real_migration_work();

} // namespace weir
