// What `weir check`, and weir at boot, has found out: what is so, and what to do about it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::doctor {

enum class severity : std::uint8_t {
    ok,      // looked at, and as it should be
    note,    // worth knowing; nothing fails
    warning, // something will fail under load, or later
    error,   // something fails now
};

struct finding {
    severity is = severity::ok;
    std::string backend = {}; // empty: weir itself
    std::string check = {};   // "settings", "socket", "connection", "version", "budget" ...
    std::string what = {};    // with the numbers
    std::string fix = {};     // empty where nothing is to be done
};

using findings = std::vector<finding>;

} // namespace weir::doctor
