// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

// The bytes of the character that `text`, which is not empty, starts with; 0: none.
std::size_t utf8_character_size(std::string_view text);

constexpr std::string_view replacement_character = "\xef\xbf\xbd"; // U+FFFD

// The same text, where each byte that is part of no character is a U+FFFD.
std::string well_formed_utf8(std::string_view text);

} // namespace weir
