#include "daemon/status/status_board.hpp"

#include <utility>

namespace weir::status {

void board::note(const moment& m)
{
    if (last_)
        for (event& e : events_between(*last_, m.numbers))
            events_.note(m.today, std::move(e));
    last_ = m.numbers;
    for (const backend_snapshot& b : m.numbers.backends)
        pools_.of(b, {}).note(m.now, b);
    pools_.forget_all_but(m.numbers.backends);
}

recent_figures board::recent(const moment& m, const backend_snapshot& b) const
{
    const pool_history* const known = pools_.find(b);
    return known ? known->recent(m.now, b) : recent_figures{};
}

} // namespace weir::status
