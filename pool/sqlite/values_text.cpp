#include "pool/core/utf8.hpp"
#include "pool/sqlite/value_codecs.hpp"

#include <algorithm>
#include <cstdio>

namespace weir::sqlite {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void append_hex(std::string& out, char byte)
{
    const auto b = static_cast<unsigned char>(byte);
    out.push_back(hex_digits[b >> 4]);
    out.push_back(hex_digits[b & 15]);
}

result<std::string> bytes_of_hex(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
            ++i;
            continue;
        }
        const int high = hex_value(text[i]);
        if (high < 0)
            return error{"22023", std::string{"invalid hexadecimal digit: \""} + text[i] + '"'};
        if (i + 1 == text.size())
            return error{"22023", "invalid hexadecimal data: odd number of digits"};
        const int low = hex_value(text[i + 1]);
        if (low < 0)
            return error{"22023", std::string{"invalid hexadecimal digit: \""} + text[i + 1] + '"'};
        out.push_back(static_cast<char>(high << 4 | low));
        i += 2;
    }
    return out;
}

// bytea's old form: \\ and \ooo.
result<std::string> bytes_of_escapes(std::string_view text)
{
    const auto octal = [&](std::size_t at, char greatest) {
        return at < text.size() && text[at] >= '0' && text[at] <= greatest;
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out.push_back(text[i]);
        } else if (i + 1 < text.size() && text[i + 1] == '\\') {
            out.push_back('\\');
            i += 1;
        } else if (octal(i + 1, '3') && octal(i + 2, '7') && octal(i + 3, '7')) {
            out.push_back(static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                                            (text[i + 3] - '0')));
            i += 3;
        } else {
            return error{"22P02", "invalid input syntax for type bytea"};
        }
    }
    return out;
}

} // namespace

bool is_valid_utf8(std::string_view text)
{
    while (!text.empty()) {
        const std::size_t size = utf8_character_size(text);
        if (size == 0 || text[0] == '\0') // PostgreSQL's texts hold no NUL
            return false;
        text.remove_prefix(size);
    }
    return true;
}

result<bool> parse_boolean(std::string_view in)
{
    std::string word{trimmed(in)};
    std::ranges::transform(word, word.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    const auto begins = [&](std::string_view full, std::size_t least = 1) {
        return word.size() >= least && full.starts_with(word);
    };
    if (begins("true") || begins("yes") || begins("on", 2) || word == "1")
        return true;
    if (begins("false") || begins("no") || begins("off", 2) || word == "0")
        return false;
    return invalid_text("boolean", in);
}

result<std::string> parse_uuid(std::string_view in)
{
    std::string_view text = in;
    if (text.starts_with('{') && text.ends_with('}') && text.size() > 2)
        text = text.substr(1, text.size() - 2);
    std::string bytes;
    for (std::size_t i = 0; i < text.size();) {
        // A hyphen may stand behind each group of four digits.
        if (text[i] == '-' && i > 0 && bytes.size() % 2 == 0 && text[i - 1] != '-' &&
            bytes.size() < 16) {
            ++i;
            continue;
        }
        const int high = hex_value(text[i]);
        const int low = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
        if (high < 0 || low < 0)
            return invalid_text("uuid", in);
        bytes.push_back(static_cast<char>(high << 4 | low));
        i += 2;
    }
    if (bytes.size() != 16)
        return invalid_text("uuid", in);
    return uuid_from_bytes(bytes);
}

std::string uuid_from_bytes(std::string_view bytes)
{
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out.push_back('-');
        append_hex(out, bytes[i]);
    }
    return out;
}

std::string bytes_of_uuid(std::string_view uuid)
{
    std::string out;
    int high = -1;
    for (const char c : uuid) {
        const int digit = hex_value(c);
        if (digit < 0)
            continue;
        if (high < 0) {
            high = digit;
        } else {
            out.push_back(static_cast<char>(high << 4 | digit));
            high = -1;
        }
    }
    return out;
}

result<std::string> parse_bytea(std::string_view text)
{
    return text.starts_with("\\x") ? bytes_of_hex(text.substr(2)) : bytes_of_escapes(text);
}

void append_bytea(std::string& out, std::string_view bytes, std::string_view bytea_output)
{
    if (bytea_output != "escape") {
        out.append("\\x");
        for (const char c : bytes)
            append_hex(out, c);
        return;
    }
    for (const char c : bytes) {
        const auto b = static_cast<unsigned char>(c);
        if (c == '\\') {
            out.append("\\\\");
        } else if (b < 0x20 || b > 0x7e) {
            char octal[8];
            std::snprintf(octal, sizeof octal, "\\%03o", b);
            out.append(octal);
        } else {
            out.push_back(c);
        }
    }
}

} // namespace weir::sqlite
