#include "daemon/escape.hpp"

#include "pool/core/utf8.hpp"

#include <cstddef>
#include <cstdint>

namespace weir {
namespace {

// U+0080 to U+009F: a terminal may take U+009B for the start of an escape sequence.
bool is_c1_control(std::string_view character)
{
    return character.size() == 2 && character[0] == '\xc2' &&
           static_cast<unsigned char>(character[1]) < 0xa0;
}

void append_code(std::string& out, unsigned char code)
{
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u00";
    out += digits[code >> 4];
    out += digits[code & 0xf];
}

void append_ascii(std::string& out, char c, bool quoted)
{
    const auto code = static_cast<unsigned char>(c);
    switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '"':
    case '\\':
        if (quoted)
            out += '\\';
        out += c;
        return;
    default: break;
    }
    if (code < 0x20 || code == 0x7f)
        append_code(out, code);
    else
        out += c;
}

void append(std::string& out, std::string_view text, bool quoted)
{
    while (!text.empty()) {
        const std::size_t size = utf8_character_size(text);
        if (size == 0)
            out += replacement_character;
        else if (size == 1)
            append_ascii(out, text[0], quoted);
        else if (is_c1_control(text.substr(0, size)))
            append_code(out, static_cast<unsigned char>(text[1]));
        else
            out += text.substr(0, size);
        text.remove_prefix(size == 0 ? 1 : size);
    }
}

} // namespace

void append_json_string(std::string& out, std::string_view text)
{
    out += '"';
    append(out, text, true);
    out += '"';
}

void append_printable(std::string& out, std::string_view text) { append(out, text, false); }

} // namespace weir
