#include "pool/sqlite/decimal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace weir::sqlite {

namespace {

constexpr int base = 10'000; // four decimal digits in each of ours
constexpr int base_digits = 4;

// PostgreSQL's limits (documentation, 8.1.2): digits before and after the point.
constexpr std::int32_t weight_max = 131'072 / base_digits - 1;
constexpr std::int32_t scale_max = 16'383;
constexpr std::int32_t result_scale_max = 2000; // of round() and trunc()
constexpr std::int32_t quotient_scale_max = 1000;
constexpr int quotient_significant_digits = 16;

constexpr std::array<int, base_digits + 1> powers_of_ten{1, 10, 100, 1000, 10'000};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text)
{
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

bool equals_ignoring_case(std::string_view a, std::string_view lower)
{
    return std::ranges::equal(a, lower, [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
    });
}

error no_number(std::string_view text)
{
    return {sqlstate{"22P02"},
            "invalid input syntax for type numeric: \"" + std::string(text) + '"'};
}

error overflow() { return {sqlstate{"22003"}, "value overflows numeric format"}; }

// The digit that counts 10000^power; zero outside what is stored.
int digit_at(const decimal& d, std::int64_t power)
{
    const std::int64_t index = d.weight - power;
    return index >= 0 && index < static_cast<std::int64_t>(d.digits.size())
               ? d.digits[static_cast<std::size_t>(index)]
               : 0;
}

std::int64_t lowest_power(const decimal& d)
{
    return std::int64_t{d.weight} - static_cast<std::int64_t>(d.digits.size()) + 1;
}

std::strong_ordering compare_magnitudes(const decimal& a, const decimal& b)
{
    if (a.digits.empty() || b.digits.empty())
        return b.digits.empty() <=> a.digits.empty();
    if (a.weight != b.weight)
        return a.weight <=> b.weight;
    return std::lexicographical_compare_three_way(a.digits.begin(),
                                                  a.digits.end(),
                                                  b.digits.begin(),
                                                  b.digits.end());
}

// |a| + sign * |b|, where |a| >= |b| if sign is -1.
decimal combine_magnitudes(const decimal& a, const decimal& b, int sign)
{
    if (b.digits.empty())
        return a;
    if (a.digits.empty())
        return b;
    decimal out;
    const std::int64_t low = std::min(lowest_power(a), lowest_power(b));
    const std::int64_t high = std::max(a.weight, b.weight) + 1;
    out.weight = static_cast<std::int32_t>(high);
    out.digits.resize(static_cast<std::size_t>(high - low + 1));
    int carry = 0;
    for (std::int64_t power = low; power <= high; ++power) {
        int sum = digit_at(a, power) + sign * digit_at(b, power) + carry;
        carry = sum < 0 ? -1 : sum >= base ? 1 : 0;
        sum -= carry * base;
        out.digits[static_cast<std::size_t>(high - power)] = static_cast<std::int16_t>(sum);
    }
    return out;
}

decimal combine(const decimal& a, const decimal& b, bool negate_b)
{
    if (!a.is_finite() || !b.is_finite()) {
        const decimal other = negate_b ? -b : b;
        if (a.is == decimal::kind::nan || b.is == decimal::kind::nan ||
            (!a.is_finite() && !b.is_finite() && a.is != other.is)) // infinity - infinity
            return decimal::special(decimal::kind::nan);
        return a.is_finite() ? other : a;
    }
    decimal out;
    const bool b_negative = b.negative != negate_b;
    if (a.negative == b_negative) {
        out = combine_magnitudes(a, b, 1);
        out.negative = a.negative;
    } else if (compare_magnitudes(a, b) >= 0) {
        out = combine_magnitudes(a, b, -1);
        out.negative = a.negative;
    } else {
        out = combine_magnitudes(b, a, -1);
        out.negative = b_negative;
    }
    out.scale = std::max(a.scale, b.scale);
    out.normalise();
    return out;
}

// What multiplying and dividing do with infinities; nothing when both are finite.
decimal special_product(const decimal& a, const decimal& b)
{
    const int sign = a.sign() * b.sign();
    if (a.is == decimal::kind::nan || b.is == decimal::kind::nan || sign == 0)
        return decimal::special(decimal::kind::nan);
    return decimal::special(sign > 0 ? decimal::kind::infinity : decimal::kind::minus_infinity);
}

// Long division (Knuth, volume 2, 4.3.1, algorithm D): floor(u / v); both have their most
// significant digit first, v's is not 0.
std::vector<std::int16_t> divide_digits(std::vector<std::int32_t> u, std::vector<std::int32_t> v)
{
    const std::size_t n = v.size();
    if (u.size() < n)
        return {};
    const int factor = base / (v[0] + 1); // so that estimates of a digit are at most 2 too large
    const auto scale_up = [factor](std::vector<std::int32_t>& x) {
        int carry = 0;
        for (std::size_t i = x.size(); i-- > 0;) {
            const int product = x[i] * factor + carry;
            x[i] = product % base;
            carry = product / base;
        }
        return carry;
    };
    u.insert(u.begin(), 0);
    scale_up(u);
    scale_up(v);
    std::vector<std::int16_t> quotient(u.size() - n);
    for (std::size_t j = 0; j < quotient.size(); ++j) {
        const int head = u[j] * base + u[j + 1];
        int estimate = std::min(head / v[0], base - 1);
        if (n > 1) {
            const auto too_large = [&] {
                const std::int64_t rest = head - std::int64_t{estimate} * v[0];
                return rest < base && std::int64_t{estimate} * v[1] >
                                          rest * base + (j + 2 < u.size() ? u[j + 2] : 0);
            };
            while (too_large())
                --estimate;
        }
        int borrow = 0;
        for (std::size_t i = n; i-- > 0;) {
            int digit = u[j + 1 + i] - estimate * v[i] - borrow;
            borrow = digit < 0 ? (-digit + base - 1) / base : 0;
            digit += borrow * base;
            u[j + 1 + i] = digit;
        }
        u[j] -= borrow;
        if (u[j] < 0) { // one too large after all: add v back
            --estimate;
            int carry = 0;
            for (std::size_t i = n; i-- > 0;) {
                const int digit = u[j + 1 + i] + v[i] + carry;
                u[j + 1 + i] = digit % base;
                carry = digit / base;
            }
            u[j] += carry;
        }
        quotient[j] = static_cast<std::int16_t>(estimate);
    }
    return quotient;
}

// |a| / |b| truncated after `fraction_groups` digits (of ours) behind the point; b is not zero.
decimal quotient_of(const decimal& a, const decimal& b, std::int64_t fraction_groups)
{
    decimal out;
    if (a.digits.empty())
        return out;
    // As whole numbers A * 10000^la and B * 10000^lb; the quotient's last digit has power -groups.
    const std::int64_t shift = lowest_power(a) - lowest_power(b) + fraction_groups;
    std::vector<std::int32_t> u(a.digits.begin(), a.digits.end());
    const std::vector<std::int32_t> v(b.digits.begin(), b.digits.end());
    const std::int64_t length = static_cast<std::int64_t>(u.size()) + shift;
    if (length <= 0)
        return out;
    u.resize(static_cast<std::size_t>(length)); // longer or, if digits cannot matter, shorter
    out.digits = divide_digits(std::move(u), v);
    out.weight = static_cast<std::int32_t>(static_cast<std::int64_t>(out.digits.size()) - 1 -
                                           fraction_groups);
    out.normalise();
    return out;
}

// Quotients get at least 16 significant digits, and no fewer after the point than the operands.
std::int32_t quotient_scale(const decimal& a, const decimal& b)
{
    const int first_a = a.digits.empty() ? 0 : a.digits[0];
    const int first_b = b.digits[0];
    int weight = (a.digits.empty() ? 0 : a.weight) - b.weight;
    if (first_a <= first_b)
        --weight;
    const std::int32_t scale =
        std::max({quotient_significant_digits - weight * base_digits, a.scale, b.scale, 0});
    return std::min(scale, quotient_scale_max);
}

} // namespace

decimal::decimal(std::int64_t whole)
{
    negative = whole < 0;
    auto rest = static_cast<std::uint64_t>(whole);
    if (negative)
        rest = 0 - rest;
    for (; rest != 0; rest /= base)
        digits.push_back(static_cast<std::int16_t>(rest % base));
    std::ranges::reverse(digits);
    weight = static_cast<std::int32_t>(digits.size()) - 1;
    normalise();
}

decimal decimal::special(kind k)
{
    decimal out;
    out.is = k;
    return out;
}

void decimal::normalise()
{
    const auto first = std::ranges::find_if(digits, [](int d) { return d != 0; });
    weight -= static_cast<std::int32_t>(first - digits.begin());
    digits.erase(digits.begin(), first);
    while (!digits.empty() && digits.back() == 0)
        digits.pop_back();
    if (digits.empty()) {
        weight = 0;
        negative = false;
    }
}

result<decimal> decimal::parse(std::string_view text)
{
    std::string_view rest = trim(text);
    decimal out;
    if (rest.starts_with('-') || rest.starts_with('+')) {
        out.negative = rest.front() == '-';
        rest.remove_prefix(1);
    }
    if (equals_ignoring_case(rest, "nan") && rest.size() == trim(text).size())
        return special(kind::nan);
    if (equals_ignoring_case(rest, "infinity") || equals_ignoring_case(rest, "inf"))
        return special(out.negative ? kind::minus_infinity : kind::infinity);

    std::string figures; // all of them, the point taken out
    std::int64_t before_point = 0;
    bool seen_point = false;
    for (; !rest.empty() && (is_digit(rest.front()) || (rest.front() == '.' && !seen_point));
         rest.remove_prefix(1)) {
        if (rest.front() == '.') {
            seen_point = true;
            continue;
        }
        figures.push_back(rest.front());
        before_point += seen_point ? 0 : 1;
    }
    if (figures.empty())
        return no_number(text);
    std::int64_t after_point = static_cast<std::int64_t>(figures.size()) - before_point;
    if (!rest.empty() && (rest.front() == 'e' || rest.front() == 'E')) {
        rest.remove_prefix(1);
        if (rest.starts_with('+'))
            rest.remove_prefix(1);
        std::int64_t exponent = 0;
        const auto [end, failure] =
            std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
        if (failure == std::errc::result_out_of_range || std::abs(exponent) > 1'000'000'000)
            return overflow();
        if (failure != std::errc{} || end != rest.data() + rest.size())
            return no_number(text);
        rest = {};
        before_point += exponent;
        after_point -= exponent;
    }
    if (!rest.empty())
        return no_number(text);
    if (after_point > scale_max)
        return overflow();
    out.scale = static_cast<std::int32_t>(std::max<std::int64_t>(after_point, 0));

    // Groups of four are counted from the point, so the first may need zeros in front.
    const std::size_t zeros = figures.find_first_not_of('0');
    if (zeros == std::string::npos) {
        out.negative = false;
        return out;
    }
    figures.erase(0, zeros);
    before_point -= static_cast<std::int64_t>(zeros);
    const std::int64_t groups_before = before_point > 0
                                           ? (before_point + base_digits - 1) / base_digits
                                           : -(-before_point / base_digits);
    if (groups_before > weight_max + 1)
        return overflow();
    figures.insert(0, static_cast<std::size_t>(groups_before * base_digits - before_point), '0');
    figures.resize((figures.size() + base_digits - 1) / base_digits * base_digits, '0');
    out.weight = static_cast<std::int32_t>(groups_before) - 1;
    out.digits.reserve(figures.size() / base_digits);
    for (std::size_t i = 0; i < figures.size(); i += base_digits)
        out.digits.push_back(
            static_cast<std::int16_t>((figures[i] - '0') * 1000 + (figures[i + 1] - '0') * 100 +
                                      (figures[i + 2] - '0') * 10 + (figures[i + 3] - '0')));
    out.normalise();
    return out;
}

namespace {

decimal from_printed(double v, const char* format)
{
    if (std::isnan(v))
        return decimal::special(decimal::kind::nan);
    if (std::isinf(v))
        return decimal::special(v > 0 ? decimal::kind::infinity : decimal::kind::minus_infinity);
    std::array<char, 32> printed{};
    std::snprintf(printed.data(), printed.size(), format, v);
    return decimal::parse(printed.data()).value(); // what printf prints is a number
}

} // namespace

decimal decimal::from_double(double v) { return from_printed(v, "%.15g"); }

decimal decimal::from_float(float v) { return from_printed(double{v}, "%.6g"); }

std::string decimal::text() const
{
    switch (is) {
    case kind::nan: return "NaN";
    case kind::infinity: return "Infinity";
    case kind::minus_infinity: return "-Infinity";
    case kind::finite: break;
    }
    std::string out;
    if (negative)
        out.push_back('-');
    const auto append_group = [&out](int digit, int figures) {
        for (int i = 0; i < figures; ++i)
            out.push_back(static_cast<char>('0' + digit / powers_of_ten[base_digits - 1 - i] % 10));
    };
    if (weight < 0 || digits.empty()) {
        out.push_back('0');
    } else {
        out += std::to_string(digits[0]);
        for (std::int32_t power = weight - 1; power >= 0; --power)
            append_group(digit_at(*this, power), base_digits);
    }
    if (scale > 0) {
        out.push_back('.');
        std::int32_t left = scale;
        for (std::int32_t power = -1; left > 0; --power, left -= base_digits)
            append_group(digit_at(*this, power), std::min(left, base_digits));
    }
    return out;
}

double decimal::to_double() const
{
    switch (is) {
    case kind::nan: return std::numeric_limits<double>::quiet_NaN();
    case kind::infinity: return std::numeric_limits<double>::infinity();
    case kind::minus_infinity: return -std::numeric_limits<double>::infinity();
    case kind::finite: break;
    }
    return std::strtod(text().c_str(), nullptr); // correctly rounded, unlike a sum of digits
}

result<std::int64_t> decimal::to_int64() const
{
    if (!is_finite())
        return error{sqlstate{"0A000"},
                     is == kind::nan ? "cannot convert NaN to bigint"
                                     : "cannot convert infinity to bigint"};
    const decimal whole = rounded(0);
    const error out_of_range{sqlstate{"22003"}, "bigint out of range"};
    std::int64_t sum = 0; // on the negative side, which reaches one further
    if (whole.digits.empty())
        return sum;
    if (whole.weight > 4) // 10000^5 is beyond 2^63
        return out_of_range;
    for (std::int32_t power = whole.weight; power >= 0; --power)
        if (__builtin_mul_overflow(sum, std::int64_t{base}, &sum) ||
            __builtin_sub_overflow(sum, std::int64_t{digit_at(whole, power)}, &sum))
            return out_of_range;
    if (!whole.negative && __builtin_sub_overflow(std::int64_t{0}, sum, &sum))
        return out_of_range;
    return sum;
}

int decimal::sign() const
{
    if (!is_finite())
        return is == kind::minus_infinity ? -1 : 1;
    return digits.empty() ? 0 : negative ? -1 : 1;
}

decimal decimal::operator-() const
{
    decimal out = *this;
    if (is == kind::infinity)
        out.is = kind::minus_infinity;
    else if (is == kind::minus_infinity)
        out.is = kind::infinity;
    else
        out.negative = is_finite() && !negative && !digits.empty();
    return out;
}

decimal decimal::abs() const { return sign() < 0 ? -*this : *this; }

namespace {

// Keeps `to_scale` decimal digits behind the point (before it, when negative) and drops the rest.
// The first figure dropped says whether the magnitude is to be rounded up.
decimal cut(const decimal& in, std::int32_t to_scale, bool round_half_up)
{
    decimal out = in;
    out.scale = std::max(to_scale, 0);
    const std::int64_t kept = (std::int64_t{in.weight} + 1) * base_digits + to_scale;
    if (in.digits.empty() || kept >= static_cast<std::int64_t>(in.digits.size()) * base_digits)
        return out;
    if (kept < 0) {
        out.digits.clear();
        out.normalise();
        return out;
    }
    const auto whole_groups = static_cast<std::size_t>(kept / base_digits);
    const auto part = static_cast<std::size_t>(kept % base_digits);
    const int unit = powers_of_ten[base_digits - part]; // one kept figure, within its group
    const int dropped = in.digits[whole_groups] % unit;
    const bool up = round_half_up && dropped >= unit / 2;
    out.digits.resize(whole_groups + 1);
    int carry = up ? unit : 0;
    out.digits[whole_groups] = static_cast<std::int16_t>(in.digits[whole_groups] - dropped);
    for (std::size_t i = whole_groups + 1; i-- > 0 && carry != 0;) {
        const int sum = out.digits[i] + carry;
        carry = sum >= base ? 1 : 0;
        out.digits[i] = static_cast<std::int16_t>(sum - carry * base);
    }
    if (carry != 0) {
        out.digits.insert(out.digits.begin(), 1);
        ++out.weight;
    }
    out.normalise();
    return out;
}

} // namespace

decimal decimal::rounded(std::int32_t to_scale) const
{
    if (!is_finite())
        return *this;
    return cut(*this, std::clamp(to_scale, -result_scale_max, scale_max), true);
}

decimal decimal::truncated(std::int32_t to_scale) const
{
    if (!is_finite())
        return *this;
    return cut(*this, std::clamp(to_scale, -result_scale_max, scale_max), false);
}

decimal decimal::ceiling() const
{
    const decimal whole = truncated(0);
    return compare(whole, *this) < 0 ? add(whole, decimal{1}) : whole;
}

decimal decimal::floor() const
{
    const decimal whole = truncated(0);
    return compare(whole, *this) > 0 ? subtract(whole, decimal{1}) : whole;
}

std::int32_t decimal::least_scale() const
{
    if (!is_finite() || digits.empty())
        return 0;
    std::int64_t least = -lowest_power(*this) * base_digits;
    for (int last = digits.back(); last % 10 == 0; last /= 10) // the last digit is not zero
        --least;
    return static_cast<std::int32_t>(std::max<std::int64_t>(least, 0));
}

decimal decimal::trimmed() const
{
    decimal out = *this;
    out.scale = least_scale();
    return out;
}

result<decimal> decimal::fitted(std::int32_t modifier) const
{
    if (modifier < 4 || is == kind::nan)
        return *this;
    const std::int32_t precision = ((modifier - 4) >> 16) & 0xffff;
    const std::int32_t wanted = (((modifier - 4) & 0x7ff) ^ 1024) - 1024; // 11 bits, signed
    const std::string field =
        "A field with precision " + std::to_string(precision) + ", scale " + std::to_string(wanted);
    if (!is_finite())
        return error{sqlstate{"22003"},
                     "numeric field overflow",
                     field + " cannot hold an infinite value."};
    const decimal out = rounded(wanted);
    if (out.digits.empty())
        return out;
    const int most = precision - wanted; // decimal digits before the point
    const auto figures =
        static_cast<int>(std::to_string(out.digits[0]).size()) + out.weight * base_digits;
    if (figures > most)
        return error{sqlstate{"22003"},
                     "numeric field overflow",
                     field + " must round to an absolute value less than " +
                         (most == 0 ? "1" : "10^" + std::to_string(most)) + "."};
    return out;
}

std::strong_ordering compare(const decimal& a, const decimal& b)
{
    const auto rank = [](const decimal& d) {
        switch (d.is) {
        case decimal::kind::minus_infinity: return -1;
        case decimal::kind::finite: return 0;
        case decimal::kind::infinity: return 1;
        case decimal::kind::nan: return 2;
        }
        return 0;
    };
    if (rank(a) != 0 || rank(b) != 0)
        return rank(a) <=> rank(b);
    if (a.sign() != b.sign())
        return a.sign() <=> b.sign();
    return a.negative ? compare_magnitudes(b, a) : compare_magnitudes(a, b);
}

decimal add(const decimal& a, const decimal& b) { return combine(a, b, false); }

decimal subtract(const decimal& a, const decimal& b) { return combine(a, b, true); }

decimal multiply(const decimal& a, const decimal& b)
{
    if (!a.is_finite() || !b.is_finite())
        return special_product(a, b);
    decimal out;
    out.scale = a.scale + b.scale;
    if (!a.digits.empty() && !b.digits.empty()) {
        std::vector<std::int64_t> sums(a.digits.size() + b.digits.size());
        for (std::size_t i = 0; i < a.digits.size(); ++i)
            for (std::size_t j = 0; j < b.digits.size(); ++j)
                sums[i + j + 1] += std::int64_t{a.digits[i]} * b.digits[j];
        out.digits.resize(sums.size());
        std::int64_t carry = 0;
        for (std::size_t i = sums.size(); i-- > 0;) {
            carry += sums[i];
            out.digits[i] = static_cast<std::int16_t>(carry % base);
            carry /= base;
        }
        out.weight = a.weight + b.weight + 1;
        out.negative = a.negative != b.negative;
        out.normalise();
    }
    return out.scale > scale_max ? out.rounded(scale_max) : out;
}

decimal quotient(const decimal& a, const decimal& b, std::int32_t scale)
{
    // One digit more than is kept decides the rounding; what follows it cannot.
    decimal out = quotient_of(a, b, std::max(scale, 0) / base_digits + 2);
    out.negative = a.negative != b.negative;
    out.normalise();
    return out.rounded(scale);
}

result<decimal> divide(const decimal& a, const decimal& b)
{
    if (b.is_zero() && a.is != decimal::kind::nan)
        return error{sqlstate{"22012"}, "division by zero"};
    if (!a.is_finite() || !b.is_finite()) {
        if (a.is_finite() && b.is != decimal::kind::nan)
            return decimal{};
        if (!a.is_finite() && !b.is_finite())
            return decimal::special(decimal::kind::nan);
        return special_product(a, b);
    }
    return quotient(a, b, quotient_scale(a, b));
}

result<decimal> divide_truncated(const decimal& a, const decimal& b)
{
    if (!a.is_finite() || !b.is_finite() || b.is_zero())
        return divide(a, b);
    decimal out = quotient_of(a, b, 0);
    out.negative = a.negative != b.negative;
    out.normalise();
    return out;
}

result<decimal> modulo(const decimal& a, const decimal& b)
{
    if (a.is == decimal::kind::nan || b.is == decimal::kind::nan)
        return decimal::special(decimal::kind::nan);
    if (b.is_zero())
        return error{sqlstate{"22012"}, "division by zero"};
    if (!a.is_finite())
        return decimal::special(decimal::kind::nan);
    if (!b.is_finite())
        return a;
    decimal out = subtract(a, multiply(b, divide_truncated(a, b).value()));
    out.scale = std::max(a.scale, b.scale);
    return out;
}

} // namespace weir::sqlite
