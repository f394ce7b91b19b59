#include "config/pool_check.hpp"

namespace weir {

void check_pool(backend_settings& backend, complaints& wrong)
{
    pool_settings& pool = backend.pool;
    if (pool.size == 0)
        pool.max_overflow = -1;
    else if (pool.min_idle > pool.size)
        wrong.push_back({"backends." + backend.name + ".pool.min_idle",
                         "is " + std::to_string(pool.min_idle) +
                             "; it must be at most the pool's size, which is " +
                             std::to_string(pool.size)});
}

} // namespace weir
