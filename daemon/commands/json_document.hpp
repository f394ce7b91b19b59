// What --json prints.
#pragma once

#include "pool/core/error.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace weir::commands {

using json = nlohmann::ordered_json;

// What is no UTF-8 (a file of long ago, a process's name, a server's words) must not break the
// document.
inline std::string printed(const json& document, int indent = 2)
{
    return document.dump(indent, ' ', false, json::error_handler_t::replace) + '\n';
}

inline std::string on_a_line(const json& document) { return printed(document, -1); }

inline json document_of(const error& why)
{
    return {{"error",
             {{"sqlstate", why.code.text()},
              {"message", why.message},
              {"detail", why.detail},
              {"hint", why.hint}}}};
}

} // namespace weir::commands
