// md5(), sha256(), encode() and decode().
#include "pool/sqlite/functions_call.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace weir::sqlite {

namespace {

using word = std::uint32_t;

// Both digests pad alike: a bit, zeros, and the length in bits, so that blocks of 64 bytes result.
std::string padded(std::string_view bytes, bool big_endian)
{
    std::string out(bytes);
    out.push_back(static_cast<char>(0x80));
    out.append((120 - out.size() % 64) % 64, 0);
    const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
    for (int i = 0; i < 8; ++i)
        out.push_back(static_cast<char>(bits >> 8 * (big_endian ? 7 - i : i)));
    return out;
}

word load(std::string_view block, std::size_t index, bool big_endian)
{
    word out = 0;
    for (std::size_t i = 0; i < 4; ++i)
        out |= word{static_cast<unsigned char>(block[index * 4 + i])}
               << 8 * (big_endian ? 3 - i : i);
    return out;
}

template <std::size_t Size>
std::string stored(const std::array<word, Size>& state, bool big_endian)
{
    std::string out;
    for (const word w : state)
        for (unsigned i = 0; i < 4; ++i)
            out.push_back(static_cast<char>(w >> 8 * (big_endian ? 3 - i : i)));
    return out;
}

// RFC 1321.
std::string md5(std::string_view bytes)
{
    constexpr std::array<std::array<int, 4>, 4> turns{
        {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};
    std::array<word, 4> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    const std::string input = padded(bytes, false);
    for (std::size_t at = 0; at < input.size(); at += 64) {
        const std::string_view block = std::string_view(input).substr(at, 64);
        auto [a, b, c, d] = state;
        for (unsigned i = 0; i < 64; ++i) {
            word mixed = 0;
            unsigned index = 0;
            switch (i / 16) {
            case 0: mixed = (b & c) | (~b & d), index = i; break;
            case 1: mixed = (d & b) | (~d & c), index = (5 * i + 1) % 16; break;
            case 2: mixed = b ^ c ^ d, index = (3 * i + 5) % 16; break;
            default: mixed = c ^ (b | ~d), index = 7 * i % 16;
            }
            const auto constant = static_cast<word>(std::fabs(std::sin(i + 1.0)) * 4294967296.0);
            const word sum = a + mixed + constant + load(block, index, false);
            a = d;
            d = c;
            c = b;
            b += std::rotl(sum, turns[i / 16][i % 4]);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
    }
    return stored(state, false);
}

// FIPS 180-4: the constants are the fractions of the roots of the first primes.
std::array<word, 64> sha256_constants()
{
    std::array<word, 64> out{};
    std::size_t count = 0;
    for (int n = 2; count < out.size(); ++n) {
        bool is_prime = true;
        for (int d = 2; d * d <= n; ++d)
            is_prime = is_prime && n % d != 0;
        if (!is_prime)
            continue;
        const long double root = std::cbrt(static_cast<long double>(n));
        out[count++] = static_cast<word>((root - std::floor(root)) * 4294967296.0L);
    }
    return out;
}

std::string sha256(std::string_view bytes)
{
    static const std::array<word, 64> constants = sha256_constants();
    std::array<word, 8> state{0x6a09e667,
                              0xbb67ae85,
                              0x3c6ef372,
                              0xa54ff53a,
                              0x510e527f,
                              0x9b05688c,
                              0x1f83d9ab,
                              0x5be0cd19};
    const std::string input = padded(bytes, true);
    for (std::size_t at = 0; at < input.size(); at += 64) {
        std::array<word, 64> w{};
        for (std::size_t i = 0; i < 16; ++i)
            w[i] = load(std::string_view(input).substr(at, 64), i, true);
        for (std::size_t i = 16; i < 64; ++i) {
            const word a = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
            const word b = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
            w[i] = w[i - 16] + a + w[i - 7] + b;
        }
        auto [a, b, c, d, e, f, g, h] = state;
        for (std::size_t i = 0; i < 64; ++i) {
            const word s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
            const word first = h + s1 + ((e & f) ^ (~e & g)) + constants[i] + w[i];
            const word s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
            const word second = s0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + first;
            d = c, c = b, b = a, a = first + second;
        }
        const std::array<word, 8> mixed{a, b, c, d, e, f, g, h};
        for (std::size_t i = 0; i < 8; ++i)
            state[i] += mixed[i];
    }
    return stored(state, true);
}

std::string to_hex(std::string_view bytes)
{
    constexpr std::string_view figures = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        out.push_back(figures[static_cast<unsigned char>(c) >> 4]);
        out.push_back(figures[static_cast<unsigned char>(c) & 15]);
    }
    return out;
}

std::string from_hex(std::string_view text)
{
    std::string out;
    int high = -1;
    for (const char c : text) {
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r')
            continue;
        const char letter = static_cast<char>(c | 32);
        const bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && (letter < 'a' || letter > 'f'))
            refuse("22023", std::string("invalid hexadecimal digit: \"") + c + '"');
        const int figure = is_digit ? c - '0' : letter - 'a' + 10;
        if (high >= 0)
            out.push_back(static_cast<char>(high << 4 | figure));
        high = high >= 0 ? -1 : figure;
    }
    if (high >= 0)
        refuse("22023", "invalid hexadecimal data: odd number of digits");
    return out;
}

constexpr std::string_view base64_figures =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// In lines of 76, as PostgreSQL breaks them.
std::string to_base64(std::string_view bytes)
{
    std::string out;
    std::size_t in_line = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        if (in_line == 76) {
            out.push_back('\n');
            in_line = 0;
        }
        const std::size_t left = std::min<std::size_t>(bytes.size() - i, 3);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8 | (j < left ? static_cast<unsigned char>(bytes[i + j]) : 0u);
        for (std::size_t j = 0; j < 4; ++j)
            out.push_back(j <= left ? base64_figures[group >> (18 - 6 * j) & 63] : '=');
        in_line += 4;
    }
    return out;
}

std::string from_base64(std::string_view text)
{
    std::string out;
    std::uint32_t group = 0;
    int figures = 0;
    bool ended = false;
    for (const char c : text) {
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r')
            continue;
        if (c == '=' && figures >= 2) {
            ended = true;
            continue;
        }
        const std::size_t figure = base64_figures.find(c);
        if (figure == std::string_view::npos || ended)
            refuse("22023",
                   std::string("invalid symbol \"") + c +
                       "\" found while decoding base64 sequence");
        group = group << 6 | static_cast<std::uint32_t>(figure);
        if (++figures == 4) {
            for (int shift = 16; shift >= 0; shift -= 8)
                out.push_back(static_cast<char>(group >> shift));
            group = 0;
            figures = 0;
        }
    }
    if (figures == 1 || (figures > 0 && !ended))
        refuse("22023",
               "invalid base64 end sequence",
               -1,
               "Input data is missing padding, is truncated, or is otherwise corrupted.");
    if (figures >= 2)
        out.push_back(static_cast<char>(group >> (figures == 2 ? 4 : 10)));
    if (figures == 3)
        out.push_back(static_cast<char>(group >> 2));
    return out;
}

std::string to_escape(std::string_view bytes)
{
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == 0 || byte >= 0x80) {
            out.push_back('\\');
            for (const int shift : {6, 3, 0})
                out.push_back(static_cast<char>('0' + (byte >> shift & 7)));
        } else {
            out.append(c == '\\' ? 2 : 1, c);
        }
    }
    return out;
}

std::string from_escape(std::string_view text)
{
    std::string out;
    const auto figure = [text](std::size_t at, char most) {
        return at < text.size() && text[at] >= '0' && text[at] <= most ? text[at] - '0' : -1;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out.push_back(text[i]);
        } else if (i + 1 < text.size() && text[i + 1] == '\\') {
            out.push_back('\\');
            ++i;
        } else if (figure(i + 1, '3') >= 0 && figure(i + 2, '7') >= 0 && figure(i + 3, '7') >= 0) {
            out.push_back(static_cast<char>(figure(i + 1, '3') << 6 | figure(i + 2, '7') << 3 |
                                            figure(i + 3, '7')));
            i += 3;
        } else {
            refuse("22P02", "invalid input syntax for type bytea");
        }
    }
    return out;
}

[[noreturn]] void refuse_encoding(std::string_view name)
{
    refuse("22023", "unrecognized encoding: \"" + std::string(name) + '"');
}

void encode_bytes(function_call& call)
{
    const std::string format(call.text(1));
    const std::string_view bytes = call.argument(0).bytes;
    if (format == "hex")
        call.give(to_hex(bytes));
    else if (format == "base64")
        call.give(to_base64(bytes));
    else if (format == "escape")
        call.give(to_escape(bytes));
    else
        refuse_encoding(format);
}

void decode_text(function_call& call)
{
    const std::string format(call.text(1));
    const std::string_view text = call.text(0);
    if (format == "hex")
        call.give_blob(from_hex(text));
    else if (format == "base64")
        call.give_blob(from_base64(text));
    else if (format == "escape")
        call.give_blob(from_escape(text));
    else
        refuse_encoding(format);
}

using enum scalar_function::kind;

constexpr scalar_function functions[] = {
    {"pg_md5", 1, [](function_call& c) { c.give(to_hex(md5(c.argument(0).bytes))); }},
    {"pg_sha256", 1, [](function_call& c) { c.give_blob(sha256(c.argument(0).bytes)); }},
    {"pg_encode", 2, encode_bytes},
    {"pg_decode", 2, decode_text},
};

} // namespace

void register_digest_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
