#include "daemon/status/holders.hpp"

#include <algorithm>
#include <functional>

namespace weir::status {
namespace {

template <class Row, class Age>
void keep_longest(std::vector<Row>& rows, std::size_t most, Age Row::*which)
{
    std::ranges::stable_sort(rows, std::greater{}, which);
    if (rows.size() > most)
        rows.resize(most);
}

} // namespace

std::vector<holder> top_holders(std::span<const console::socket> held, std::size_t most)
{
    std::vector<holder> found;
    for (const console::socket& s : held) {
        auto known = std::ranges::find_if(found, [&](const holder& h) {
            return h.pid == s.pid && h.process == s.process && h.backend == s.database;
        });
        if (known == found.end())
            known = found.insert(found.end(),
                                 {.backend = s.database, .process = s.process, .pid = s.pid});
        ++known->connections;
        known->longest = std::max(known->longest, s.held);
    }
    keep_longest(found, most, &holder::longest);
    return found;
}

std::vector<console::socket> longest_transactions(std::span<const console::socket> held,
                                                  std::size_t most)
{
    std::vector<console::socket> found;
    std::ranges::copy_if(held, std::back_inserter(found), [](const console::socket& s) {
        return s.transaction != console::socket::age{};
    });
    keep_longest(found, most, &console::socket::transaction);
    return found;
}

} // namespace weir::status
