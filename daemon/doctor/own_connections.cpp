#include "daemon/doctor/own_connections.hpp"

#include <algorithm>

namespace weir::doctor {

std::vector<int> own_pids_at(const backend_settings& at,
                             const std::vector<backend_settings>& all,
                             std::span<const own_connection> own)
{
    const auto is_there = [&](const own_connection& c) {
        return std::ranges::any_of(all, [&](const backend_settings& b) {
            return b.url.kind == at.url.kind && b.url.hosts == at.url.hosts &&
                   (c.backend == b.name || c.backend == b.name + ":session");
        });
    };
    std::vector<int> pids;
    for (const own_connection& c : own)
        if (is_there(c))
            pids.push_back(c.pid);
    return pids;
}

} // namespace weir::doctor
