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
        pools_[b.name].note(m.now, b);
}

recent_figures board::recent(const moment& m, const backend_snapshot& b) const
{
    const auto known = pools_.find(b.name);
    return known == pools_.end() ? recent_figures{} : known->second.recent(m.now, b);
}

} // namespace weir::status
