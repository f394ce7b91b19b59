// The calendar and its arithmetic; reading, printing and fields are in files of their own.
#include "pool/sqlite/datetime.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

namespace weir::sqlite {

namespace {

constexpr std::int64_t seconds_per_day = 86'400;
constexpr int months_per_year = 12;
constexpr int days_per_month = 30; // where PostgreSQL has to guess

constexpr std::chrono::sys_days day_zero{std::chrono::year{2000} / 1 / 1};

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Stored years have four digits, so that texts sort as times do.
bool in_calendar(timestamp t)
{
    static const std::int64_t first = to_timestamp(to_date(1, 1, 1)).microseconds;
    static const std::int64_t end =
        to_timestamp(to_date(9999, 12, 31)).microseconds + microseconds_per_day;
    return t.microseconds >= first && t.microseconds < end;
}

error timestamp_out_of_range() { return {sqlstate{"22008"}, "timestamp out of range"}; }
error interval_out_of_range() { return {sqlstate{"22008"}, "interval out of range"}; }

// An interval's fields are read as a whole number of days and what is left, so that the sum of
// its three parts cannot overflow.
struct span {
    std::int64_t days;
    std::int64_t microseconds;
    friend auto operator<=>(const span&, const span&) = default;
};

span span_of(const interval& i)
{
    const std::int64_t whole = floor_divide(i.microseconds, microseconds_per_day);
    return {std::int64_t{i.months} * days_per_month + i.days + whole,
            i.microseconds - whole * microseconds_per_day};
}

std::int64_t rounded_to(std::int64_t microseconds, int digits)
{
    if (digits < 0 || digits >= 6)
        return microseconds;
    static constexpr std::array<std::int64_t, 6> units{1'000'000, 100'000, 10'000, 1000, 100, 10};
    const std::int64_t unit = units[static_cast<std::size_t>(digits)];
    const std::int64_t half = microseconds < 0 ? -unit / 2 : unit / 2; // half away from zero
    return (microseconds + half) / unit * unit;
}

// Days beyond the month's end become its last day: January 31st plus a month.
std::optional<date> add_months(date d, std::int64_t months)
{
    const civil c = to_civil(d);
    const std::int64_t sum = std::int64_t{c.year} * months_per_year + c.month - 1 + months;
    const std::int64_t year = floor_divide(sum, months_per_year);
    if (year < 1 || year > 9999)
        return std::nullopt;
    const auto month = static_cast<int>(sum - year * months_per_year) + 1;
    int day = c.day;
    while (!is_valid_day(static_cast<std::int32_t>(year), month, day))
        --day;
    return to_date(static_cast<std::int32_t>(year), month, day);
}

bool fits_int32(double v) { return v >= -2147483648.0 && v <= 2147483647.0; }

double round_to_microseconds(double seconds) { return std::rint(seconds * 1e6) / 1e6; }

// What does not make a whole month becomes days, what does not make a whole day becomes time.
result<interval> from_fractions(double months, double days, double microseconds)
{
    if (!fits_int32(months) || !fits_int32(days)) // nor does NaN
        return interval_out_of_range();
    const double days_left = round_to_microseconds((months - std::trunc(months)) * days_per_month);
    double seconds_left = round_to_microseconds(
        (days - std::trunc(days) + days_left - std::trunc(days_left)) * seconds_per_day);
    double whole_days = std::trunc(days) + std::trunc(days_left);
    if (std::fabs(seconds_left) >= seconds_per_day) {
        const double carried = std::trunc(seconds_left / seconds_per_day);
        whole_days += carried;
        seconds_left -= carried * seconds_per_day;
    }
    const double clock = std::rint(microseconds + seconds_left * 1e6);
    if (!fits_int32(whole_days) || !(std::fabs(clock) < 9.2e18))
        return interval_out_of_range();
    return interval{static_cast<std::int64_t>(clock),
                    static_cast<std::int32_t>(whole_days),
                    static_cast<std::int32_t>(months)};
}

} // namespace

civil to_civil(date d)
{
    const std::chrono::year_month_day ymd{day_zero + std::chrono::days{d.days}};
    civil out;
    out.year = static_cast<int>(ymd.year());
    out.month = static_cast<int>(static_cast<unsigned>(ymd.month()));
    out.day = static_cast<int>(static_cast<unsigned>(ymd.day()));
    return out;
}

civil to_civil(timestamp t)
{
    const date day = to_date(t);
    civil out = to_civil(day);
    std::int64_t rest = t.microseconds - to_timestamp(day).microseconds;
    out.microsecond = static_cast<int>(rest % microseconds_per_second);
    rest /= microseconds_per_second;
    out.hour = static_cast<int>(rest / 3600);
    out.minute = static_cast<int>(rest / 60 % 60);
    out.second = static_cast<int>(rest % 60);
    return out;
}

date to_date(std::int32_t year, int month, int day)
{
    const std::chrono::sys_days at{std::chrono::year{year} / month / day};
    return {static_cast<std::int32_t>((at - day_zero).count())};
}

bool is_valid_day(std::int32_t year, int month, int day)
{
    return month >= 1 && month <= months_per_year && day >= 1 && day <= 31 &&
           (std::chrono::year{year} / month / day).ok();
}

timestamp to_timestamp(date d)
{
    if (!d.is_finite())
        return d == date::infinity() ? timestamp::infinity() : timestamp::minus_infinity();
    return {d.days * microseconds_per_day};
}

date to_date(timestamp t)
{
    if (!t.is_finite())
        return t == timestamp::infinity() ? date::infinity() : date::minus_infinity();
    return {static_cast<std::int32_t>(floor_divide(t.microseconds, microseconds_per_day))};
}

time_of_day to_time(timestamp t)
{
    return {t.microseconds -
            floor_divide(t.microseconds, microseconds_per_day) * microseconds_per_day};
}

timestamp at_zone(timestamptz t, const time_zone& zone)
{
    if (!t.is_finite())
        return {t.microseconds}; // the same ends of the same range
    return {t.microseconds +
            zone.at_instant(t.microseconds).seconds_east * microseconds_per_second};
}

timestamptz from_zone(timestamp t, const time_zone& zone)
{
    if (!t.is_finite())
        return {t.microseconds};
    return {t.microseconds - zone.at_local(t.microseconds).seconds_east * microseconds_per_second};
}

time_of_day rounded(time_of_day t, int digits) { return {rounded_to(t.microseconds, digits)}; }

timestamp rounded(timestamp t, int digits)
{
    return t.is_finite() ? timestamp{rounded_to(t.microseconds, digits)} : t;
}

timestamptz rounded(timestamptz t, int digits)
{
    return t.is_finite() ? timestamptz{rounded_to(t.microseconds, digits)} : t;
}

std::strong_ordering operator<=>(const interval& a, const interval& b)
{
    return span_of(a) <=> span_of(b);
}

result<date> add_days(date d, std::int64_t days)
{
    if (!d.is_finite())
        return d;
    static const std::int64_t first = to_date(1, 1, 1).days;
    static const std::int64_t last = to_date(9999, 12, 31).days;
    std::int64_t sum = 0;
    if (__builtin_add_overflow(std::int64_t{d.days}, days, &sum) || sum < first || sum > last)
        return error{sqlstate{"22008"}, "date out of range"};
    return date{static_cast<std::int32_t>(sum)};
}

result<timestamp> add(timestamp t, const interval& i)
{
    if (!t.is_finite())
        return t;
    const std::int64_t clock = to_time(t).microseconds;
    std::optional<date> day = to_date(t);
    if (i.months != 0)
        day = add_months(*day, i.months);
    if (!day)
        return timestamp_out_of_range();
    const result<date> moved = add_days(*day, i.days);
    timestamp out;
    if (!moved ||
        __builtin_add_overflow(to_timestamp(*moved).microseconds + clock,
                               i.microseconds,
                               &out.microseconds) ||
        !in_calendar(out))
        return timestamp_out_of_range();
    return out;
}

result<timestamptz> add(timestamptz t, const interval& i, const time_zone& zone)
{
    if (!t.is_finite())
        return t;
    timestamptz out = t;
    if (i.months != 0 || i.days != 0) { // a day may have 23 or 25 hours, so on the clock
        const result<timestamp> moved = add(at_zone(t, zone), {0, i.days, i.months});
        if (!moved)
            return moved.error();
        out = from_zone(*moved, zone);
    }
    if (__builtin_add_overflow(out.microseconds, i.microseconds, &out.microseconds) ||
        !in_calendar({out.microseconds}))
        return timestamp_out_of_range();
    return out;
}

time_of_day add(time_of_day t, const interval& i)
{
    const std::int64_t sum = t.microseconds + i.microseconds % microseconds_per_day;
    return {sum - floor_divide(sum, microseconds_per_day) * microseconds_per_day};
}

interval subtract(timestamp a, timestamp b)
{
    return justify_hours({a.microseconds - b.microseconds, 0, 0});
}

interval age(timestamp a, timestamp b)
{
    if (a < b)
        return negate(age(b, a));
    const civil x = to_civil(a);
    const civil y = to_civil(b);
    std::int64_t clock = to_time(a).microseconds - to_time(b).microseconds;
    int days = x.day - y.day;
    int months = (x.year - y.year) * months_per_year + x.month - y.month;
    if (clock < 0) {
        clock += microseconds_per_day;
        --days;
    }
    if (days < 0) { // borrow the earlier month's length
        int length = 31;
        while (!is_valid_day(y.year, y.month, length))
            --length;
        days += length;
        --months;
    }
    return {clock, days, months};
}

result<interval> add(const interval& a, const interval& b)
{
    interval out;
    if (__builtin_add_overflow(a.months, b.months, &out.months) ||
        __builtin_add_overflow(a.days, b.days, &out.days) ||
        __builtin_add_overflow(a.microseconds, b.microseconds, &out.microseconds))
        return interval_out_of_range();
    return out;
}

interval negate(const interval& i)
{
    // Unsigned, so that the most negative stays itself instead of being undefined.
    return {static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(i.microseconds)),
            static_cast<std::int32_t>(0 - static_cast<std::uint32_t>(i.days)),
            static_cast<std::int32_t>(0 - static_cast<std::uint32_t>(i.months))};
}

result<interval> multiply(const interval& i, double factor)
{
    return from_fractions(i.months * factor,
                          i.days * factor,
                          static_cast<double>(i.microseconds) * factor);
}

result<interval> divide(const interval& i, double divisor)
{
    if (divisor == 0)
        return error{sqlstate{"22012"}, "division by zero"};
    return from_fractions(i.months / divisor,
                          i.days / divisor,
                          static_cast<double>(i.microseconds) / divisor);
}

interval justify_hours(interval i)
{
    const auto days = static_cast<std::int32_t>(i.microseconds / microseconds_per_day);
    i.microseconds -= days * microseconds_per_day;
    i.days += days;
    if (i.days > 0 && i.microseconds < 0) {
        i.microseconds += microseconds_per_day;
        --i.days;
    } else if (i.days < 0 && i.microseconds > 0) {
        i.microseconds -= microseconds_per_day;
        ++i.days;
    }
    return i;
}

interval justify_days(interval i)
{
    const std::int32_t months = i.days / days_per_month;
    i.days -= months * days_per_month;
    i.months += months;
    if (i.months > 0 && i.days < 0) {
        i.days += days_per_month;
        --i.months;
    } else if (i.months < 0 && i.days > 0) {
        i.days -= days_per_month;
        ++i.months;
    }
    return i;
}

interval justify_interval(interval i)
{
    const auto days = static_cast<std::int32_t>(i.microseconds / microseconds_per_day);
    i.microseconds -= days * microseconds_per_day;
    i.days += days;
    const std::int32_t months = i.days / days_per_month;
    i.days -= months * days_per_month;
    i.months += months;
    // All three fields take the sign of the largest that is not zero.
    if (i.months > 0 && (i.days < 0 || (i.days == 0 && i.microseconds < 0))) {
        i.days += days_per_month;
        --i.months;
    } else if (i.months < 0 && (i.days > 0 || (i.days == 0 && i.microseconds > 0))) {
        i.days -= days_per_month;
        ++i.months;
    }
    if (i.days > 0 && i.microseconds < 0) {
        i.microseconds += microseconds_per_day;
        --i.days;
    } else if (i.days < 0 && i.microseconds > 0) {
        i.microseconds -= microseconds_per_day;
        ++i.days;
    }
    return i;
}

} // namespace weir::sqlite
