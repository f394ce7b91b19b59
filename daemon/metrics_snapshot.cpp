#include "daemon/metrics_snapshot.hpp"

#include <algorithm>

namespace weir {

void error_counts::add(const sqlstate& code)
{
    const sqlstate_class its_class{code.text()[0], code.text()[1]};
    const auto place =
        std::lower_bound(counts_.begin(),
                         counts_.end(),
                         its_class,
                         [](const auto& entry, const auto& c) { return entry.first < c; });
    if (place != counts_.end() && place->first == its_class)
        ++place->second;
    else if (counts_.size() < most)
        counts_.insert(place, {its_class, 1});
    else
        ++others_;
}

} // namespace weir
