// PURE. What is remembered of each pool. One that is made later under the same name, by a reload,
// has counters of its own, so what was known of the name is of no use for it.
#pragma once

#include "daemon/metrics_snapshot.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace weir {

template <class T>
class per_pool {
public:
    T& of(const backend_snapshot& b, T fresh) // which it is when nothing is remembered
    {
        if (!find(b))
            all_.insert_or_assign(b.name, entry{b.made_at, std::move(fresh)});
        return all_.at(b.name).what;
    }
    const T* find(const backend_snapshot& b) const // null: nothing is
    {
        const auto known = all_.find(b.name);
        return known == all_.end() || known->second.made_at != b.made_at ? nullptr
                                                                         : &known->second.what;
    }

    void forget_all_but(const std::vector<backend_snapshot>& those) // are there
    {
        std::erase_if(all_, [&](const auto& known) {
            return std::ranges::none_of(those, [&](const backend_snapshot& b) {
                return b.name == known.first && b.made_at == known.second.made_at;
            });
        });
    }

private:
    struct entry {
        std::chrono::steady_clock::time_point made_at;
        T what;
    };
    std::map<std::string, entry> all_; // by name
};

} // namespace weir
