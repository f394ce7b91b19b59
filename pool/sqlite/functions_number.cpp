// Arithmetic: integers that must not leave their type, floats that must not overflow, and exact
// decimals. SQLite turns an integer that does not fit into a float, which is how one is told here.
#include "pool/sqlite/decimal.hpp"
#include "pool/sqlite/functions_call.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace weir::sqlite {

namespace {

constexpr double two_to_63 = 9223372036854775808.0;

[[noreturn]] void refuse_range(std::string_view type)
{
    refuse("22003", std::string(type) + " out of range");
}

[[noreturn]] void refuse_zero() { refuse("22012", "division by zero"); }

// Any number as an integer of the type: a float rounds to even, a numeric away from zero.
void give_integer(function_call& call, std::int64_t least, std::int64_t most, std::string_view type)
{
    const value v = call.argument(0);
    std::int64_t n = v.integer;
    if (v.is == value::kind::real) {
        // -2^63 is refused with all below it: as a float it may be what was left of an overflow.
        const double rounded = std::nearbyint(v.real);
        if (!(rounded > -two_to_63 && rounded < two_to_63))
            refuse_range(type);
        n = static_cast<std::int64_t>(rounded);
    } else if (v.is != value::kind::integer) {
        const decimal d = call.number(0);
        if (!d.is_finite())
            refuse("0A000",
                   "cannot convert " +
                       std::string(d.is == decimal::kind::nan ? "NaN" : "infinity") + " to " +
                       std::string(type));
        const result<std::int64_t> whole = d.to_int64();
        if (!whole)
            refuse_range(type);
        n = *whole;
    }
    if (n < least || n > most)
        refuse_range(type);
    call.give(n);
}

template <class Integer>
void give_integer(function_call& call, std::string_view type)
{
    give_integer(call,
                 std::numeric_limits<Integer>::min(),
                 std::numeric_limits<Integer>::max(),
                 type);
}

void divide_integers(function_call& call)
{
    const std::int64_t a = call.integer(0), b = call.integer(1);
    if (b == 0)
        refuse_zero();
    if (b == -1 && a == std::numeric_limits<std::int64_t>::min())
        refuse_range("bigint");
    call.give(a / b);
}

void integer_modulo(function_call& call)
{
    const std::int64_t a = call.integer(0), b = call.integer(1);
    if (b == 0)
        refuse_zero();
    call.give(b == -1 ? 0 : a % b); // the one quotient that does not fit has no remainder
}

void absolute_integer(function_call& call)
{
    const std::int64_t n = call.integer(0);
    if (n == std::numeric_limits<std::int64_t>::min())
        refuse_range("bigint");
    call.give(n < 0 ? -n : n);
}

// To the left, or to the right when the count is negative; only the low bits of the count matter.
template <class Integer>
void shift(function_call& call)
{
    using bits = std::make_unsigned_t<Integer>;
    constexpr std::int64_t mask = sizeof(Integer) * 8 - 1;
    const auto n = static_cast<Integer>(call.integer(0));
    const std::int64_t count = call.integer(1);
    if (count < 0)
        call.give(std::int64_t{static_cast<Integer>(n >> (-count & mask))});
    else
        call.give(std::int64_t{static_cast<Integer>(static_cast<bits>(n) << (count & mask))});
}

// SQLite has no NaN: it would become NULL, so it is refused where it arises.
void give_float(function_call& call, double result)
{
    if (std::isnan(result))
        refuse_feature("NaN of type double precision");
    call.give_real(result);
}

void give_checked(function_call& call, double result, bool zero_is_right)
{
    const bool infinite_before =
        std::isinf(call.real(0)) || (call.size() > 1 && std::isinf(call.real(1)));
    if (std::isinf(result) && !infinite_before)
        refuse("22003", "value out of range: overflow");
    if (result == 0 && !zero_is_right)
        refuse("22003", "value out of range: underflow");
    give_float(call, result);
}

void multiply_floats(function_call& call)
{
    const double a = call.real(0), b = call.real(1);
    give_checked(call, a * b, a == 0 || b == 0);
}

void divide_floats(function_call& call)
{
    const double a = call.real(0), b = call.real(1);
    if (b == 0)
        refuse_zero();
    give_checked(call, a / b, a == 0 || std::isinf(b));
}

void to_float4(function_call& call)
{
    const double wide = call.real(0);
    const auto narrow = static_cast<float>(wide);
    if (std::isinf(narrow) && !std::isinf(wide))
        refuse("22003", "value out of range: overflow");
    if (narrow == 0 && wide != 0)
        refuse("22003", "value out of range: underflow");
    call.give_real(narrow);
}

void float_power(function_call& call)
{
    const double a = call.real(0), b = call.real(1);
    if (a == 0 && b < 0)
        refuse("2201F", "zero raised to a negative power is undefined");
    if (a < 0 && std::floor(b) != b)
        refuse("2201F", "a negative number raised to a non-integer power yields a complex result");
    const double out = std::pow(a, b);
    give_checked(call, out, a == 0 || std::isinf(b));
}

void float_logarithm(function_call& call, double (*logarithm)(double))
{
    const double a = call.real(0);
    if (a == 0)
        refuse("2201E", "cannot take logarithm of zero");
    if (a < 0)
        refuse("2201E", "cannot take logarithm of a negative number");
    give_checked(call, logarithm(a), a == 1);
}

void float_root(function_call& call)
{
    if (call.real(0) < 0)
        refuse("2201F", "cannot take square root of a negative number");
    give_float(call, std::sqrt(call.real(0)));
}

// The second argument is how many digits of the float are sure: 15, or 6 of a float4.
void float_to_numeric(function_call& call)
{
    call.give(call.integer(1) == 6 ? decimal::from_float(static_cast<float>(call.real(0)))
                                   : decimal::from_double(call.real(0)));
}

void numeric_to_float(function_call& call)
{
    const decimal d = call.number(0);
    const double out = d.to_double();
    if (std::isinf(out) && d.is_finite())
        refuse("22003", '"' + d.text() + "\" is out of range for type double precision");
    give_float(call, out);
}

template <decimal (*Operation)(const decimal&, const decimal&)>
void binary(function_call& call)
{
    call.give(Operation(call.number(0), call.number(1)));
}

template <result<decimal> (*Operation)(const decimal&, const decimal&)>
void fallible(function_call& call)
{
    call.give(must(Operation(call.number(0), call.number(1))));
}

// numeric(p, s)
void fit_numeric(function_call& call)
{
    const std::int64_t modifier = (call.integer(1) << 16 | (call.integer(2) & 0x7ff)) + 4;
    call.give(must(call.number(0).fitted(static_cast<std::int32_t>(modifier))));
}

std::int32_t scale_argument(const function_call& call)
{
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(call.integer(1), -2000, 2000));
}

void limit(function_call& call)
{
    if (call.is_null(0))
        return call.give(std::int64_t{-1}); // SQLite's "all"
    if (call.integer(0) < 0)
        refuse("2201W", "LIMIT must not be negative");
    call.give(call.integer(0));
}

void offset(function_call& call)
{
    if (!call.is_null(0) && call.integer(0) < 0)
        refuse("2201X", "OFFSET must not be negative");
    call.give(call.integer(0)); // NULL is 0
}

// generate_series(): whether `next` is still on the way to `stop`. A float has left int8.
void series_goes_on(function_call& call)
{
    const std::int64_t step = call.integer(2);
    if (step == 0)
        refuse("22023", "step size cannot equal zero");
    const value next = call.argument(0);
    call.give(next.is == value::kind::integer &&
              (step > 0 ? next.integer <= call.integer(1) : next.integer >= call.integer(1)));
}

using enum scalar_function::kind;

constexpr scalar_function functions[] = {
    {"pg_int2", 1, [](function_call& c) { give_integer<std::int16_t>(c, "smallint"); }},
    {"pg_int4", 1, [](function_call& c) { give_integer<std::int32_t>(c, "integer"); }},
    {"pg_int8", 1, [](function_call& c) { give_integer<std::int64_t>(c, "bigint"); }},
    {"pg_oid", 1, [](function_call& c) { give_integer(c, 0, 0xffff'ffff, "OID"); }},
    {"pg_int8_abs", 1, absolute_integer},
    {"pg_int_divide", 2, divide_integers},
    {"pg_int_modulo", 2, integer_modulo},
    {"pg_int4_shift", 2, shift<std::int32_t>},
    {"pg_int8_shift", 2, shift<std::int64_t>},
    {"pg_float4", 1, to_float4},
    {"pg_float8_add", 2, [](function_call& c) { give_checked(c, c.real(0) + c.real(1), true); }},
    {"pg_float8_subtract",
     2,
     [](function_call& c) { give_checked(c, c.real(0) - c.real(1), true); }},
    {"pg_float8_multiply", 2, multiply_floats},
    {"pg_float8_divide", 2, divide_floats},
    {"pg_float8_power", 2, float_power},
    {"pg_float8_sqrt", 1, float_root},
    {"pg_float8_exp",
     1,
     [](function_call& c) { give_checked(c, std::exp(c.real(0)), std::isinf(c.real(0))); }},
    {"pg_float8_ln",
     1,
     [](function_call& c) { float_logarithm(c, [](double x) { return std::log(x); }); }},
    {"pg_float8_log10",
     1,
     [](function_call& c) { float_logarithm(c, [](double x) { return std::log10(x); }); }},
    {"pg_float8_round", 1, [](function_call& c) { c.give_real(std::nearbyint(c.real(0))); }},
    {"pg_float_to_numeric", 2, float_to_numeric},
    {"pg_numeric_to_float8", 1, numeric_to_float},
    {"pg_numeric_add", 2, binary<add>},
    {"pg_numeric_subtract", 2, binary<subtract>},
    {"pg_numeric_multiply", 2, binary<multiply>},
    {"pg_numeric_divide", 2, fallible<divide>},
    {"pg_numeric_div", 2, fallible<divide_truncated>},
    {"pg_numeric_modulo", 2, fallible<modulo>},
    {"pg_numeric_power", 2, fallible<power>},
    {"pg_numeric_log", 2, fallible<logarithm>},
    {"pg_numeric_sqrt", 1, [](function_call& c) { c.give(must(square_root(c.number(0)))); }},
    {"pg_numeric_exp", 1, [](function_call& c) { c.give(must(exponential(c.number(0)))); }},
    {"pg_numeric_ln", 1, [](function_call& c) { c.give(must(natural_logarithm(c.number(0)))); }},
    {"pg_numeric_negate", 1, [](function_call& c) { c.give(-c.number(0)); }},
    {"pg_numeric_sign", 1, [](function_call& c) { c.give(decimal{c.number(0).sign()}); }},
    {"pg_numeric_ceil", 1, [](function_call& c) { c.give(c.number(0).ceiling()); }},
    {"pg_numeric_floor", 1, [](function_call& c) { c.give(c.number(0).floor()); }},
    {"pg_numeric_round",
     2,
     [](function_call& c) { c.give(c.number(0).rounded(scale_argument(c))); }},
    {"pg_numeric_trunc",
     2,
     [](function_call& c) { c.give(c.number(0).truncated(scale_argument(c))); }},
    {"pg_numeric_fit", 3, fit_numeric},
    {"pg_numeric_scale", 1, [](function_call& c) { c.give(std::int64_t{c.number(0).scale}); }},
    {"pg_numeric_trim_scale", 1, [](function_call& c) { c.give(c.number(0).trimmed()); }},
    {"pg_limit", 1, limit, pure, false},
    {"pg_offset", 1, offset, pure, false},
    {"pg_series_goes_on", 3, series_goes_on},
};

} // namespace

void register_number_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
