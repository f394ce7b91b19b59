// What --json prints.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace weir::commands {

using json = nlohmann::ordered_json;

// What is no UTF-8 (a file of long ago, a process's name, a server's words) must not break the
// document.
inline std::string printed(const json& document)
{
    constexpr int indent = 2;
    return document.dump(indent, ' ', false, json::error_handler_t::replace) + '\n';
}

} // namespace weir::commands
