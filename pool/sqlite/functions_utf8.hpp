// Texts as characters. PostgreSQL counts code points; the text is known to be valid UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::sqlite::utf8 {

inline bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// The bytes of the character that starts at `at`.
inline std::size_t size_at(std::string_view text, std::size_t at)
{
    std::size_t size = 1;
    while (at + size < text.size() && continues(text[at + size]))
        ++size;
    return size;
}

inline std::int64_t length(std::string_view text)
{
    std::int64_t n = 0;
    for (const char c : text)
        n += continues(c) ? 0 : 1;
    return n;
}

// The bytes that so many characters take; all of them when there are fewer.
inline std::size_t prefix_size(std::string_view text, std::int64_t characters)
{
    std::size_t at = 0;
    for (; characters > 0 && at < text.size(); --characters)
        at += size_at(text, at);
    return at;
}

char32_t decode(std::string_view character); // one whole character
void append(std::string& out, char32_t code);

std::string lower(std::string_view text);
std::string upper(std::string_view text);
bool is_word(char32_t code); // a letter or a digit

} // namespace weir::sqlite::utf8
