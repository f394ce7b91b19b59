// What a reload has to do: the difference between the settings in use and the new ones.
#pragma once

#include "config/settings.hpp"

#include <string>
#include <vector>

namespace weir {

struct settings_changes {
    // Backends, by name; one is in at most one of the first three, and retuned only in that one.
    std::vector<std::string> added;
    std::vector<std::string> removed;
    std::vector<std::string> readdressed; // the same name, another url: new logins go elsewhere
    std::vector<std::string> retuned;     // other pool settings

    std::vector<std::string> live;    // paths of daemon settings that apply from now on
    std::vector<std::string> restart; // paths of those that only a restart can apply

    bool empty() const;
};

settings_changes compare(const settings& before, const settings& after);

} // namespace weir
