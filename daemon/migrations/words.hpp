// PURE. Small help with words, for those who read revision files and speak of them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

inline std::string lower(std::string_view text)
{
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return out;
}

constexpr std::string_view blanks = " \t\r\n\f\v";

inline std::string_view trimmed(std::string_view text)
{
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// The parts of "a, b,c", which may be empty; of nothing, none.
inline std::vector<std::string> comma_separated(std::string_view text)
{
    std::vector<std::string> out;
    while (!trimmed(text).empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        out.emplace_back(trimmed(text.substr(0, comma)));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return out;
}

// a, b, c
template <class Strings>
std::string listed(const Strings& all)
{
    std::string out;
    for (const auto& each : all)
        (out += out.empty() ? "" : ", ") += each;
    return out;
}

} // namespace weir::migrations
