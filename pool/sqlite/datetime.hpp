// PostgreSQL's dates and times as integers: how they are read, printed and calculated with. The
// epoch is PostgreSQL's, 2000-01-01, so the binary formats are these integers as they are.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/decimal.hpp"
#include "pool/sqlite/time_zone.hpp"

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace weir::sqlite {

inline constexpr std::int64_t microseconds_per_second = 1'000'000;
inline constexpr std::int64_t microseconds_per_day = 86'400 * microseconds_per_second;
inline constexpr std::int64_t unix_epoch_seconds = 946'684'800; // 2000-01-01 as time_t

struct date {
    std::int32_t days = 0;
    static constexpr date infinity() { return {std::numeric_limits<std::int32_t>::max()}; }
    static constexpr date minus_infinity() { return {std::numeric_limits<std::int32_t>::min()}; }
    constexpr bool is_finite() const { return *this != infinity() && *this != minus_infinity(); }
    friend constexpr auto operator<=>(const date&, const date&) = default;
};

struct time_of_day {
    std::int64_t microseconds = 0; // up to and with 24:00:00
    friend constexpr auto operator<=>(const time_of_day&, const time_of_day&) = default;
};

// Clock and calendar of no zone in particular.
struct timestamp {
    std::int64_t microseconds = 0;
    static constexpr timestamp infinity() { return {std::numeric_limits<std::int64_t>::max()}; }
    static constexpr timestamp minus_infinity()
    {
        return {std::numeric_limits<std::int64_t>::min()};
    }
    constexpr bool is_finite() const { return *this != infinity() && *this != minus_infinity(); }
    friend constexpr auto operator<=>(const timestamp&, const timestamp&) = default;
};

// An instant: microseconds in UTC.
struct timestamptz {
    std::int64_t microseconds = 0;
    static constexpr timestamptz infinity() { return {std::numeric_limits<std::int64_t>::max()}; }
    static constexpr timestamptz minus_infinity()
    {
        return {std::numeric_limits<std::int64_t>::min()};
    }
    constexpr bool is_finite() const { return *this != infinity() && *this != minus_infinity(); }
    friend constexpr auto operator<=>(const timestamptz&, const timestamptz&) = default;
};

// Equality is PostgreSQL's: a month is 30 days, a day 24 hours.
struct interval {
    std::int64_t microseconds = 0;
    std::int32_t days = 0;
    std::int32_t months = 0;
    friend std::strong_ordering operator<=>(const interval& a, const interval& b);
    friend bool operator==(const interval& a, const interval& b) { return (a <=> b) == 0; }
};

// A point of the proleptic Gregorian calendar, taken apart.
struct civil {
    std::int32_t year = 2000; // 0 is 1 BC
    int month = 1;
    int day = 1;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int microsecond = 0;
};
civil to_civil(timestamp t); // t is finite
civil to_civil(date d);
date to_date(std::int32_t year, int month, int day); // the day is valid
bool is_valid_day(std::int32_t year, int month, int day);

enum class date_order : std::uint8_t { mdy, dmy, ymd };
enum class date_style : std::uint8_t { iso, sql, postgres, german };
enum class interval_style : std::uint8_t { postgres, postgres_verbose, sql_standard, iso_8601 };

// The setting DateStyle: "ISO, MDY".
struct date_format {
    date_style style = date_style::iso;
    date_order order = date_order::mdy;
    static std::optional<date_format> parse(std::string_view setting);
};
std::optional<interval_style> parse_interval_style(std::string_view setting);

// What reading depends on besides the text.
struct datetime_context {
    date_order order = date_order::mdy;
    const time_zone* zone = &time_zone::utc();
    timestamptz now = {}; // for 'now', 'today', 'tomorrow', 'yesterday'
};

// Reading: 22007 for what is no date, 22008 for what is outside the calendar. Years 0001 to 9999.
result<date> parse_date(std::string_view text, const datetime_context& context);
result<time_of_day> parse_time(std::string_view text, const datetime_context& context);
result<timestamp> parse_timestamp(std::string_view text, const datetime_context& context);
result<timestamptz> parse_timestamptz(std::string_view text, const datetime_context& context);
result<interval> parse_interval(std::string_view text);

// Printing. With the defaults it is the form that is stored in SQLite (types.hpp).
std::string to_text(date d, date_format format = {});
std::string to_text(time_of_day t);
std::string to_text(timestamp t, date_format format = {});
std::string
to_text(timestamptz t, const time_zone& zone = time_zone::utc(), date_format format = {});
std::string to_text(const interval& i, interval_style style = interval_style::postgres);

// To the n digits of timestamp(n), time(n); n < 0 changes nothing.
time_of_day rounded(time_of_day t, int digits);
timestamp rounded(timestamp t, int digits);
timestamptz rounded(timestamptz t, int digits);

// Between the types.
timestamp to_timestamp(date d);
date to_date(timestamp t);
time_of_day to_time(timestamp t);
timestamp at_zone(timestamptz t, const time_zone& zone); // what clocks show there
timestamptz from_zone(timestamp t, const time_zone& zone);

// Arithmetic: 22008 outside the calendar. Days and months are added on the clock of `zone`.
result<date> add_days(date d, std::int64_t days);
result<timestamp> add(timestamp t, const interval& i);
result<timestamptz> add(timestamptz t, const interval& i, const time_zone& zone);
time_of_day add(time_of_day t, const interval& i); // wraps at midnight
interval subtract(timestamp a, timestamp b);       // days and time, no months; both finite
interval age(timestamp a, timestamp b);            // years, months and days
result<interval> add(const interval& a, const interval& b);
interval negate(const interval& i);
result<interval> multiply(const interval& i, double factor);
result<interval> divide(const interval& i, double divisor); // 22012
interval justify_hours(interval i);
interval justify_days(interval i);
interval justify_interval(interval i);

// EXTRACT(field FROM value): 22023 for a field that the type has not. Infinite values give
// nothing (null) for most fields, infinity for those that grow with time.
result<std::optional<decimal>> extract(std::string_view field, date d);
result<std::optional<decimal>> extract(std::string_view field, time_of_day t);
result<std::optional<decimal>> extract(std::string_view field, timestamp t);
result<std::optional<decimal>>
extract(std::string_view field, timestamptz t, const time_zone& zone);
result<std::optional<decimal>> extract(std::string_view field, const interval& i);

// date_trunc().
result<timestamp> truncated(std::string_view field, timestamp t);
result<timestamptz> truncated(std::string_view field, timestamptz t, const time_zone& zone);
result<interval> truncated(std::string_view field, const interval& i);

} // namespace weir::sqlite
