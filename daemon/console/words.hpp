// PURE. A console command's words: bare ones, "quoted names" and 'literals'. Comments are skipped.
#pragma once

#include "pool/core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::console {

struct word {
    enum class kind : std::uint8_t { bare, name, literal, semicolon };
    kind is = kind::bare;
    std::string text; // a bare word is folded to lower case, a quoted one is without its quotes

    bool is_bare(std::string_view lower) const { return is == kind::bare && text == lower; }

    friend bool operator==(const word&, const word&) = default;
};

// An unterminated quote or comment is a 42601.
result<std::vector<word>> split_words(std::string_view sql);

} // namespace weir::console
