#include "pool/sqlite/value_codecs.hpp"

#include <algorithm>
#include <array>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <system_error>

namespace weir::sqlite {

namespace {

// PostgreSQL writes a plain number up to `plain_digits` digits before the point and four zeros
// behind it, beyond that an exponent of two digits at least: 1e+20, 1e-05.
template <class Float>
std::string shortest_text(Float v, int plain_digits)
{
    std::array<char, 64> text;
    const auto [scientific_end, failed] =
        std::to_chars(text.data(), text.data() + text.size(), v, std::chars_format::scientific);
    const std::string scientific{text.data(), scientific_end};
    const std::size_t e = scientific.find('e');
    int exponent = 0;
    const std::size_t digits_at = e + (scientific[e + 1] == '+' ? 2 : 1);
    std::from_chars(scientific.data() + digits_at, scientific.data() + scientific.size(), exponent);
    if (exponent < -4 || exponent >= plain_digits)
        return scientific;
    const auto fixed =
        std::to_chars(text.data(), text.data() + text.size(), v, std::chars_format::fixed);
    return {text.data(), fixed.ptr};
}

template <class Float>
std::string float_text(Float v, int extra_digits, int plain_digits, int sure_digits)
{
    if (std::isnan(v))
        return "NaN";
    if (std::isinf(v))
        return v > 0 ? "Infinity" : "-Infinity";
    if (extra_digits > 0)
        return shortest_text(v, plain_digits);
    std::array<char, 64> text;
    std::snprintf(text.data(),
                  text.size(),
                  "%.*g",
                  std::max(1, sure_digits + extra_digits),
                  static_cast<double>(v));
    return text.data();
}

std::string lowered(std::string_view text)
{
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

template <class Float>
result<Float> parse_floating(std::string_view in, std::string_view type_name)
{
    std::string_view text = trimmed(in);
    const std::string word = lowered(text);
    if (word == "nan")
        return std::numeric_limits<Float>::quiet_NaN();
    if (text.starts_with('+') && text.size() > 1 && text[1] != '-')
        text.remove_prefix(1); // from_chars takes no plus
    Float v{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (failed == std::errc::invalid_argument || end != text.data() + text.size() ||
        (std::isnan(v)))
        return invalid_text(type_name, in);
    if (failed == std::errc::result_out_of_range)
        return error{"22003",
                     '"' + std::string{in} + "\" is out of range for type " +
                         std::string{type_name}};
    return v;
}

struct integer_range {
    std::string_view name;
    std::int64_t least, greatest;
};

integer_range range_of(oid t)
{
    if (t == type::int2)
        return {"smallint",
                std::numeric_limits<std::int16_t>::min(),
                std::numeric_limits<std::int16_t>::max()};
    if (t == type::int4)
        return {"integer",
                std::numeric_limits<std::int32_t>::min(),
                std::numeric_limits<std::int32_t>::max()};
    if (t == type::oid_) // as PostgreSQL: -1 is 4294967295
        return {"oid",
                std::numeric_limits<std::int32_t>::min(),
                std::numeric_limits<std::uint32_t>::max()};
    return {"bigint",
            std::numeric_limits<std::int64_t>::min(),
            std::numeric_limits<std::int64_t>::max()};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The words of numeric's binary format.
constexpr std::int32_t greatest_scale = 0x3fff;
constexpr std::uint16_t sign_minus = 0x4000, sign_nan = 0xC000, sign_infinity = 0xD000,
                        sign_minus_infinity = 0xF000;

} // namespace

std::string_view trimmed(std::string_view text)
{
    const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

error invalid_text(std::string_view type, std::string_view text)
{
    return {"22P02",
            "invalid input syntax for type " + std::string{type} + ": \"" + std::string{text} +
                '"'};
}

error out_of_type(std::string_view text, std::string_view type)
{
    return {"22003",
            "value \"" + std::string{text} + "\" is out of range for type " + std::string{type}};
}

error invalid_binary(std::string_view what) { return {"22P03", std::string{what}}; }

std::string text_of_double(double v, int extra_float_digits)
{
    return float_text(v, extra_float_digits, 15, DBL_DIG);
}

std::string text_of_float(float v, int extra_float_digits)
{
    return float_text(v, extra_float_digits, 6, FLT_DIG);
}

result<std::int64_t> parse_integer(std::string_view in, oid t)
{
    const integer_range range = range_of(t);
    std::string_view text = trimmed(in);
    if (text.starts_with('+') && text.size() > 1 && is_digit(text[1]))
        text.remove_prefix(1);
    std::int64_t v = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (failed == std::errc::invalid_argument || end != text.data() + text.size())
        return invalid_text(range.name, in);
    if (failed == std::errc::result_out_of_range || v < range.least || v > range.greatest)
        return out_of_type(in, range.name);
    return t == type::oid_ ? static_cast<std::int64_t>(static_cast<std::uint32_t>(v)) : v;
}

result<double> parse_double(std::string_view text)
{
    return parse_floating<double>(text, "double precision");
}

result<float> parse_float(std::string_view text) { return parse_floating<float>(text, "real"); }

void append_numeric_binary(std::string& out, const decimal& d)
{
    const std::uint16_t sign = d.is == decimal::kind::nan              ? sign_nan
                               : d.is == decimal::kind::infinity       ? sign_infinity
                               : d.is == decimal::kind::minus_infinity ? sign_minus_infinity
                               : d.negative                            ? sign_minus
                                                                       : std::uint16_t{0};
    append_big_endian(out, static_cast<std::uint16_t>(d.digits.size()));
    append_big_endian(out, static_cast<std::uint16_t>(d.weight));
    append_big_endian(out, sign);
    append_big_endian(out, static_cast<std::uint16_t>(d.scale));
    for (const std::int16_t digit : d.digits)
        append_big_endian(out, static_cast<std::uint16_t>(digit));
}

result<decimal> numeric_from_binary(std::string_view in)
{
    if (in.size() < 8)
        return invalid_binary();
    const auto count = load_big_endian<std::uint16_t>(in);
    const auto sign = load_big_endian<std::uint16_t>(in.substr(4));
    decimal d;
    d.weight = static_cast<std::int16_t>(load_big_endian<std::uint16_t>(in.substr(2)));
    d.scale = load_big_endian<std::uint16_t>(in.substr(6));
    if (in.size() != 8U + 2U * count)
        return invalid_binary();
    switch (sign) {
    case sign_nan: return decimal::special(decimal::kind::nan);
    case sign_infinity: return decimal::special(decimal::kind::infinity);
    case sign_minus_infinity: return decimal::special(decimal::kind::minus_infinity);
    case sign_minus: d.negative = true; break;
    case 0: break;
    default: return invalid_binary("invalid sign in external \"numeric\" value");
    }
    if (d.scale > greatest_scale)
        return invalid_binary("invalid scale in external \"numeric\" value");
    for (in.remove_prefix(8); !in.empty(); in.remove_prefix(2)) {
        const auto digit = load_big_endian<std::uint16_t>(in);
        if (digit > 9999)
            return invalid_binary("invalid digit in external \"numeric\" value");
        d.digits.push_back(static_cast<std::int16_t>(digit));
    }
    d.normalise();
    return d.truncated(d.scale); // digits behind the scale do not count
}

} // namespace weir::sqlite
