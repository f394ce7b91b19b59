// What an operator has stopped (PAUSE, KILL, DISABLE), as the next weir is told: a line for each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct stopped_pools {
    std::vector<std::string> paused = {}; // backends' names, in which there is no line break
    std::vector<std::string> disabled = {};

    friend bool operator==(const stopped_pools&, const stopped_pools&) = default;
};

std::string to_text(const stopped_pools&); // nothing is stopped: empty
stopped_pools
read_stopped_pools(std::string_view text); // what it does not understand it leaves out

} // namespace weir
