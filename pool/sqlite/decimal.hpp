// PostgreSQL's numeric: an exact decimal number, with its scale (the digits shown after the point),
// in the base of its binary format. Results have the scales that PostgreSQL gives them.
#pragma once

#include "pool/core/error.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

class decimal {
public:
    enum class kind : std::uint8_t { finite, nan, infinity, minus_infinity };

    // The parts of the binary format; value = sum of digits[i] * 10000^(weight - i). Always
    // without leading and trailing zero digits; zero has no digits and is not negative.
    kind is = kind::finite;
    bool negative = false;
    std::int32_t weight = 0;          // power of 10000 of the first digit
    std::int32_t scale = 0;           // dscale: decimal digits printed after the point
    std::vector<std::int16_t> digits; // each 0 to 9999

    decimal() = default; // 0
    explicit decimal(std::int64_t whole);
    static decimal special(kind k);

    // "12.50", " -1e3 ", "NaN", "Infinity"; 22P02 and 22003 as numeric_in says.
    static result<decimal> parse(std::string_view text);
    static decimal from_double(double v); // 15 significant digits, as float8 -> numeric
    static decimal from_float(float v);   // 6 significant digits, as float4 -> numeric

    std::string text() const;
    double to_double() const;
    result<std::int64_t>
    to_int64() const; // rounded half away from zero; 22003 "bigint out of range"

    bool is_finite() const { return is == kind::finite; }
    bool is_zero() const { return is_finite() && digits.empty(); }
    int sign() const; // -1, 0, 1; NaN counts as 1

    decimal operator-() const;
    decimal abs() const;
    decimal rounded(std::int32_t to_scale) const;   // half away from zero; a negative scale too
    decimal truncated(std::int32_t to_scale) const; // towards zero
    decimal ceiling() const;
    decimal floor() const;
    decimal trimmed() const;          // trim_scale: without trailing zeros after the point
    std::int32_t least_scale() const; // min_scale

    // To numeric(p, s) as atttypmod says; 22003 "numeric field overflow". -1 changes nothing.
    result<decimal> fitted(std::int32_t modifier) const;

    void normalise(); // for who fills the parts (binary input): drops zero digits at the ends
};

// As PostgreSQL's sort order: NaN equals itself and is greater than all, scales do not matter.
std::strong_ordering compare(const decimal& a, const decimal& b);

decimal add(const decimal& a, const decimal& b);
decimal subtract(const decimal& a, const decimal& b);
decimal multiply(const decimal& a, const decimal& b);
result<decimal> divide(const decimal& a, const decimal& b);           // 22012
result<decimal> divide_truncated(const decimal& a, const decimal& b); // div(): the whole quotient
result<decimal> modulo(const decimal& a, const decimal& b);

// a / b to so many decimal digits behind the point, rounded; both finite, b not zero. divide()
// chooses the scale itself, as PostgreSQL does.
decimal quotient(const decimal& a, const decimal& b, std::int32_t scale);

// The same functions as in PostgreSQL, with its results' scales (decimal_functions.cpp).
result<decimal> square_root(const decimal& a);                       // 2201F
result<decimal> exponential(const decimal& a);                       // exp
result<decimal> natural_logarithm(const decimal& a);                 // ln; 2201E
result<decimal> logarithm(const decimal& base, const decimal& a);    // log(b, x); log(x) is base 10
result<decimal> power(const decimal& base, const decimal& exponent); // 2201F

} // namespace weir::sqlite
