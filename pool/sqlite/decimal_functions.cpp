// Roots, powers and logarithms of exact decimals. Each picks the scale that PostgreSQL would show
// (at least 16 significant digits), calculates with some digits more, and rounds at the end.
#include "pool/sqlite/decimal.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace weir::sqlite {

namespace {

constexpr int significant_digits = 16;
constexpr std::int32_t display_scale_max = 1000;
constexpr double exponent_max = 6000; // exp() of more overflows, of less than minus that is zero
constexpr double log10_of_e = 0.434294481903252;
constexpr double ln_of_10 = 2.302585092994046;
constexpr int guard_digits = 10;

std::int32_t display_scale(double wanted, std::int32_t least)
{
    const double bounded = std::clamp(wanted, 0.0, double{display_scale_max});
    return std::clamp(static_cast<std::int32_t>(bounded),
                      std::min(least, display_scale_max),
                      display_scale_max);
}

error overflow() { return {sqlstate{"22003"}, "value overflows numeric format"}; }

decimal zero_with_scale(std::int32_t scale)
{
    decimal out;
    out.scale = scale;
    return out;
}

decimal multiply_to(const decimal& a, const decimal& b, std::int32_t scale)
{
    return multiply(a, b).rounded(scale);
}

bool is_whole(const decimal& d)
{
    return d.digits.size() <= static_cast<std::size_t>(std::max(d.weight + 1, 0));
}

// The digits alone, as if the first stood just before the point: |a| / 10000^weight.
double leading_part(const decimal& a)
{
    decimal leading = a.abs();
    leading.weight = 0;
    leading.scale = static_cast<std::int32_t>(leading.digits.size()) * 4;
    return leading.to_double();
}

// Newton's iteration, from the floating root of the leading digits. a > 0.
decimal root_of(const decimal& a, std::int32_t scale)
{
    const int odd = a.weight & 1;
    decimal x = decimal::from_double(std::sqrt(leading_part(a) * (odd == 0 ? 1 : 10'000)));
    x.weight += (a.weight - odd) / 2;
    x.scale = std::max(scale, 0);
    const decimal two{2};
    // Each step doubles the digits that are right; about 15 are at the start.
    const auto wanted = static_cast<double>(std::max(scale + a.weight * 2 + 8, 16));
    const int steps = static_cast<int>(std::log2(wanted / 15)) + 3;
    for (int i = 0; i < steps; ++i)
        x = quotient(add(x, quotient(a, x, scale)), two, scale);
    return x;
}

decimal exponential_of(const decimal& x, std::int32_t scale)
{
    const double rough = x.to_double();
    // exp(x) = exp(x / 2^n)^(2^n), with x / 2^n so small that the series ends soon.
    const int halvings = std::max(0, static_cast<int>(std::log2(std::fabs(rough) + 1e-9)) + 8);
    const auto before_point = static_cast<int>(std::max(rough, 0.0) * log10_of_e) + 1;
    const std::int32_t inner = scale + before_point + halvings / 3 + guard_digits;
    decimal r = x;
    if (halvings > 0)
        r = quotient(x, decimal{std::int64_t{1} << halvings}, inner);
    decimal sum{1};
    decimal term{1};
    for (std::int64_t n = 1; !term.is_zero(); ++n) {
        term = quotient(multiply_to(term, r, inner), decimal{n}, inner);
        sum = add(sum, term);
    }
    for (int i = 0; i < halvings; ++i)
        sum = multiply_to(sum, sum, inner);
    return sum.rounded(scale);
}

// a > 0. ln(a) = 2^n * ln(a^(1/2^n)), where the root is near 1: 2 * artanh((y - 1) / (y + 1)).
decimal logarithm_of(const decimal& a, std::int32_t scale)
{
    const decimal one{1};
    const std::int32_t inner = scale + 2 * guard_digits;
    if (compare(a, one) < 0)
        return -logarithm_of(quotient(one, a, inner + std::abs(a.weight) * 4), scale);
    decimal y = a;
    decimal factor{2};
    while (compare(y, decimal::from_double(1.1)) > 0) {
        y = root_of(y, inner);
        factor = add(factor, factor);
    }
    const decimal z = quotient(subtract(y, one), add(y, one), inner);
    const decimal square = multiply_to(z, z, inner);
    decimal sum = z;
    decimal power = z;
    for (std::int64_t n = 3; !power.is_zero(); n += 2) {
        power = multiply_to(power, square, inner);
        sum = add(sum, quotient(power, decimal{n}, inner));
    }
    return multiply_to(sum, factor, scale);
}

// How many decimal digits ln(a) has before the point, about (negative: zeros after it). a > 0.
int logarithm_weight(const decimal& a)
{
    const auto decimal_weight = [](const decimal& d) {
        return d.weight * 4 + static_cast<int>(std::log10(d.digits[0]));
    };
    const decimal distance = subtract(a, decimal{1});
    if (distance.is_zero())
        return 0;
    if (compare(distance.abs(), decimal::from_double(0.1)) <= 0)
        return decimal_weight(distance); // ln(1 + d) is about d
    const double rough = std::log(leading_part(a)) + a.weight * 4 * ln_of_10;
    return static_cast<int>(std::log10(std::fabs(rough)));
}

error not_positive(const decimal& a)
{
    return {sqlstate{"2201E"},
            a.is_zero() ? "cannot take logarithm of zero"
                        : "cannot take logarithm of a negative number"};
}

// Repeated squaring, exact but for digits that cannot show in `scale`.
result<decimal> whole_power(const decimal& base, std::int64_t exponent, std::int32_t scale)
{
    if (exponent == 0)
        return decimal{1}.rounded(scale);
    if (base.is_zero())
        return zero_with_scale(scale);
    const double figures = static_cast<double>(exponent) *
                           (std::log10(leading_part(base)) + base.weight * 4.0); // of the result
    if (figures > 131'072)
        return overflow();
    if (figures + 1 < -scale)
        return zero_with_scale(scale);
    // Significant digits to carry: the result's, and those that rounding at each step may spoil.
    const auto carried =
        static_cast<std::int32_t>(std::max(figures, 0.0)) + scale +
        static_cast<std::int32_t>(std::log10(std::fabs(static_cast<double>(exponent)))) +
        guard_digits;
    const auto shorten = [carried](const decimal& d) {
        const std::int32_t behind = carried - (d.weight + 1) * 4;
        return d.least_scale() > behind ? d.rounded(std::max(behind, 0)) : d;
    };
    decimal out{1};
    decimal squares = base;
    for (auto left = static_cast<std::uint64_t>(std::abs(exponent)); left != 0; left >>= 1) {
        if ((left & 1) != 0)
            out = shorten(multiply(out, squares));
        if (left > 1)
            squares = shorten(multiply(squares, squares));
    }
    return exponent < 0 ? quotient(decimal{1}, out, scale) : out.rounded(scale);
}

} // namespace

result<decimal> square_root(const decimal& a)
{
    if (a.is == decimal::kind::nan || a.is == decimal::kind::infinity)
        return a;
    if (a.sign() < 0)
        return error{sqlstate{"2201F"}, "cannot take square root of a negative number"};
    const std::int32_t scale = display_scale(significant_digits - (a.weight * 2 + 1), a.scale);
    if (a.is_zero())
        return zero_with_scale(scale);
    return root_of(a, scale + 4 + std::max(-a.weight, 0) * 4).rounded(scale);
}

result<decimal> exponential(const decimal& a)
{
    if (!a.is_finite())
        return a.is == decimal::kind::minus_infinity ? decimal{} : a;
    const double rough = a.to_double();
    const double weight = std::clamp(rough * log10_of_e, -2000.0, 2000.0);
    const std::int32_t scale =
        display_scale(significant_digits - static_cast<int>(weight), a.scale);
    if (std::fabs(rough) >= exponent_max) {
        if (rough > 0)
            return overflow();
        return zero_with_scale(scale);
    }
    return exponential_of(a, scale);
}

result<decimal> natural_logarithm(const decimal& a)
{
    if (a.is == decimal::kind::nan || a.is == decimal::kind::infinity)
        return a;
    if (a.sign() <= 0)
        return not_positive(a);
    return logarithm_of(a, display_scale(significant_digits - logarithm_weight(a), a.scale));
}

result<decimal> logarithm(const decimal& base, const decimal& a)
{
    if (base.is == decimal::kind::nan || a.is == decimal::kind::nan)
        return decimal::special(decimal::kind::nan);
    if (base.sign() <= 0 || a.sign() <= 0)
        return not_positive(base.sign() <= 0 ? base : a);
    if (!base.is_finite() || !a.is_finite()) {
        if (a.is_finite())
            return decimal{};
        return base.is_finite() ? a : decimal::special(decimal::kind::nan);
    }
    const int base_weight = logarithm_weight(base);
    const int weight = logarithm_weight(a);
    const std::int32_t scale =
        display_scale(significant_digits - (weight - base_weight), std::max(base.scale, a.scale));
    const std::int32_t inner = scale + guard_digits + std::abs(base_weight) + std::abs(weight);
    const decimal below = logarithm_of(base, inner);
    if (below.is_zero())
        return error{sqlstate{"22012"}, "division by zero"};
    return quotient(logarithm_of(a, inner), below, scale);
}

result<decimal> power(const decimal& base, const decimal& exponent)
{
    if (base.is_finite() && base.is_zero() && exponent.sign() < 0)
        return error{sqlstate{"2201F"}, "zero raised to a negative power is undefined"};
    if (!base.is_finite() || !exponent.is_finite())
        // Where infinities lead is IEEE 754's pow(), which PostgreSQL follows.
        return decimal::from_double(std::pow(base.to_double(), exponent.to_double()));
    if (is_whole(exponent)) {
        const result<std::int64_t> whole = exponent.to_int64();
        if (whole && std::abs(*whole) <= 0x7fff'ffff)
            return whole_power(base, *whole, display_scale(significant_digits, base.scale));
    }
    if (base.is_zero())
        return zero_with_scale(significant_digits);
    bool negative = false;
    if (base.sign() < 0) {
        if (!is_whole(exponent))
            return error{sqlstate{"2201F"},
                         "a negative number raised to a non-integer power yields a complex result"};
        negative = !modulo(exponent, decimal{2}).value().is_zero();
    }
    const decimal magnitude = base.abs();
    const int weight = logarithm_weight(magnitude);
    const decimal rough_log = logarithm_of(magnitude, std::max(significant_digits - weight, 0));
    const double rough = multiply(rough_log, exponent).to_double();
    if (std::fabs(rough) > exponent_max) {
        if (rough > 0)
            return overflow();
        return zero_with_scale(display_scale_max);
    }
    const std::int32_t scale =
        display_scale(significant_digits - static_cast<int>(rough * log10_of_e),
                      std::max(base.scale, exponent.scale));
    const std::int32_t inner = scale + static_cast<std::int32_t>(std::fabs(rough) * log10_of_e) +
                               std::max(exponent.weight + 1, 0) * 4 + guard_digits;
    const decimal out =
        exponential_of(multiply(logarithm_of(magnitude, inner), exponent).rounded(inner), scale);
    return negative ? -out : out;
}

} // namespace weir::sqlite
