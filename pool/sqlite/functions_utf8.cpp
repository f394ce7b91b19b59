#include "pool/sqlite/functions_utf8.hpp"

#include <clocale>
#include <cwctype>

namespace weir::sqlite::utf8 {

namespace {

// Letters' cases as PostgreSQL has them in C.UTF-8, whatever the daemon's own locale is.
locale_t locale()
{
    static const locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return made;
}

template <class Change>
std::string changed(std::string_view text, Change change)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = size_at(text, at);
        append(out, change(decode(text.substr(at, size))));
        at += size;
    }
    return out;
}

} // namespace

char32_t decode(std::string_view character)
{
    const auto first = static_cast<unsigned char>(character[0]);
    if (first < 0x80)
        return first;
    char32_t code = first & (0xffu >> (character.size() + 1));
    for (const char c : character.substr(1))
        code = code << 6 | (static_cast<unsigned char>(c) & 0x3f);
    return code;
}

void append(std::string& out, char32_t code)
{
    const auto add = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        add(code);
    } else if (code < 0x800) {
        add(0xc0 | code >> 6);
        add(0x80 | (code & 0x3f));
    } else if (code < 0x1'0000) {
        add(0xe0 | code >> 12);
        add(0x80 | (code >> 6 & 0x3f));
        add(0x80 | (code & 0x3f));
    } else {
        add(0xf0 | code >> 18);
        add(0x80 | (code >> 12 & 0x3f));
        add(0x80 | (code >> 6 & 0x3f));
        add(0x80 | (code & 0x3f));
    }
}

std::string lower(std::string_view text)
{
    return changed(text, [](char32_t c) {
        return static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), locale()));
    });
}

std::string upper(std::string_view text)
{
    return changed(text, [](char32_t c) {
        return static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), locale()));
    });
}

bool is_word(char32_t code) { return iswalnum_l(static_cast<wint_t>(code), locale()) != 0; }

} // namespace weir::sqlite::utf8
