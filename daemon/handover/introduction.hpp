// PURE. What the weir that runs tells one that wants to take over, before anything has changed: the
// other then tries what it can without being in the way.
#pragma once

#include "config/settings.hpp"
#include "pool/core/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct introduction {
    std::optional<ip_endpoint> pages = {}; // of metrics.listen; nothing: there are none
    std::vector<int> servers = {};         // their process ids: connections that go with it

    friend bool operator==(const introduction&, const introduction&) = default;
};

std::string to_text(const introduction& what);
std::string refusal_text(const error& why); // instead, or later: nobody can take over now
bool is_refusal(std::string_view text);

// An error: it is a refusal, in its words, or none of both.
result<introduction> read_introduction(std::string_view text);

// One can listen there only when the other has gone.
bool is_in_the_way(const ip_endpoint& one, const ip_endpoint& other);

} // namespace weir
