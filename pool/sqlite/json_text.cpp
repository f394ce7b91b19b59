#include "pool/sqlite/json_text.hpp"

#include "pool/sqlite/functions_utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace weir::sqlite::json_text {

namespace {

constexpr std::string_view space = " \t\r\n";

// Where the value that starts at the front ends.
std::size_t size_of(std::string_view text)
{
    std::size_t at = 0;
    int depth = 0;
    bool in_string = false;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (in_string) {
            if (c == '\\')
                ++at;
            else if (c == '"')
                in_string = false;
            if (!in_string && depth == 0)
                return at + 1;
            continue;
        }
        if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return at; // of what this value stands in
            if (--depth == 0)
                return at + 1;
        } else if (depth == 0 && (c == ',' || space.find(c) != std::string_view::npos)) {
            return at;
        }
    }
    return at;
}

std::string_view take_value(std::string_view& rest)
{
    rest = trimmed(rest);
    const std::string_view value = rest.substr(0, size_of(rest));
    rest = trimmed(rest.substr(value.size()));
    return value;
}

void take_comma(std::string_view& rest)
{
    if (rest.starts_with(','))
        rest = trimmed(rest.substr(1));
}

std::string_view inside(std::string_view json) // of its brackets
{
    json = trimmed(json);
    return trimmed(json.substr(1, json.size() - 2));
}

std::uint32_t take_hex(std::string_view& rest)
{
    std::uint32_t code = 0;
    std::from_chars(rest.data(), rest.data() + std::min<std::size_t>(rest.size(), 4), code, 16);
    rest.remove_prefix(std::min<std::size_t>(rest.size(), 4));
    return code;
}

} // namespace

std::string_view trimmed(std::string_view json)
{
    const std::size_t start = std::min(json.find_first_not_of(space), json.size());
    json.remove_prefix(start);
    return json.substr(0, json.find_last_not_of(space) + 1);
}

kind kind_of(std::string_view json)
{
    json = trimmed(json);
    switch (json.empty() ? 'n' : json.front()) {
    case '{': return kind::object;
    case '[': return kind::array;
    case '"': return kind::string;
    case 't':
    case 'f': return kind::boolean;
    case 'n': return kind::null;
    default: return kind::number;
    }
}

std::vector<member> members(std::string_view object)
{
    std::vector<member> out;
    for (std::string_view rest = inside(object); !rest.empty(); take_comma(rest)) {
        const std::string_view key = take_value(rest);
        rest.remove_prefix(std::min<std::size_t>(rest.size(), 1)); // the colon
        out.push_back({unquoted(key), take_value(rest)});
    }
    return out;
}

std::vector<std::string_view> elements(std::string_view array)
{
    std::vector<std::string_view> out;
    for (std::string_view rest = inside(array); !rest.empty(); take_comma(rest))
        out.push_back(take_value(rest));
    return out;
}

std::string unquoted(std::string_view string)
{
    std::string_view rest = trimmed(string);
    rest = rest.substr(1, rest.size() - 2);
    std::string out;
    while (!rest.empty()) {
        const char c = rest.front();
        rest.remove_prefix(1);
        if (c != '\\' || rest.empty()) {
            out.push_back(c);
            continue;
        }
        const char escaped = rest.front();
        rest.remove_prefix(1);
        switch (escaped) {
        case 'b': out.push_back('\b'); break;
        case 'f': out.push_back('\f'); break;
        case 'n': out.push_back('\n'); break;
        case 'r': out.push_back('\r'); break;
        case 't': out.push_back('\t'); break;
        case 'u': {
            std::uint32_t code = take_hex(rest);
            if (code >= 0xd800 && code < 0xdc00 && rest.starts_with("\\u")) {
                rest.remove_prefix(2);
                code = 0x1'0000 + ((code - 0xd800) << 10) + (take_hex(rest) - 0xdc00);
            }
            utf8::append(out, code);
            break;
        }
        default: out.push_back(escaped);
        }
    }
    return out;
}

std::string quoted(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default:
            if (static_cast<unsigned char>(c) < 0x20) {
                char code[8];
                std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
                out += code;
            } else {
                out.push_back(c);
            }
        }
    }
    return out + '"';
}

std::optional<std::string_view> find(std::string_view json, std::string_view key)
{
    if (kind_of(json) != kind::object)
        return std::nullopt;
    const std::vector<member> all = members(json);
    const auto found = std::find_if(all.rbegin(), all.rend(), [key](const member& each) {
        return each.key == key;
    });
    return found == all.rend() ? std::nullopt : std::optional(found->value);
}

std::optional<std::string_view> find(std::string_view json, std::int64_t index)
{
    if (kind_of(json) != kind::array)
        return std::nullopt;
    const std::vector<std::string_view> all = elements(json);
    const auto size = static_cast<std::int64_t>(all.size());
    if (index < 0)
        index += size;
    if (index < 0 || index >= size)
        return std::nullopt;
    return all[static_cast<std::size_t>(index)];
}

std::optional<std::string_view> find_step(std::string_view json, std::string_view step)
{
    if (kind_of(json) == kind::object)
        return find(json, step);
    std::int64_t index = 0;
    const auto [end, failure] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (failure != std::errc{} || end != step.data() + step.size())
        return std::nullopt;
    return find(json, index);
}

} // namespace weir::sqlite::json_text
