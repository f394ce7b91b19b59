// What a reload has to do: the difference between the settings in use and the new ones.
#pragma once

#include "config/settings.hpp"

#include <set>
#include <string>
#include <vector>

namespace weir {

struct settings_changes {
    // Backends, by name. One whose url is of another kind is removed and added; apart from that one
    // is in at most one of the first three, and retuned with the third or alone.
    std::set<std::string> added;
    std::set<std::string> removed;
    std::set<std::string> readdressed; // the same name, another url: new logins go elsewhere
    std::set<std::string> retuned;     // other pool settings

    std::vector<std::string> live;    // paths of daemon settings that apply from now on
    std::vector<std::string> restart; // paths of those that only a restart can apply

    bool empty() const;
};

settings_changes compare(const settings& before, const settings& after);

} // namespace weir
