// Dates, times and intervals as PostgreSQL prints them in each DateStyle and IntervalStyle.
#include "pool/sqlite/datetime.hpp"

#include <array>
#include <cstdlib>

namespace weir::sqlite {

namespace {

constexpr std::array<std::string_view, 12> months{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

void append_padded(std::string& out, std::int64_t n, std::size_t width)
{
    const std::string figures = std::to_string(n);
    if (figures.size() < width)
        out.append(width - figures.size(), '0');
    out += figures;
}

void append_fraction(std::string& out, std::int64_t microseconds)
{
    if (microseconds == 0)
        return;
    out.push_back('.');
    append_padded(out, microseconds, 6);
    while (out.back() == '0')
        out.pop_back();
}

// 13:14:15.5; hours may exceed a day.
void append_clock(std::string& out, std::int64_t microseconds)
{
    const std::int64_t seconds = microseconds / microseconds_per_second;
    append_padded(out, seconds / 3600, 2);
    out.push_back(':');
    append_padded(out, seconds / 60 % 60, 2);
    out.push_back(':');
    append_padded(out, seconds % 60, 2);
    append_fraction(out, microseconds % microseconds_per_second);
}

void append_offset(std::string& out, std::int32_t seconds_east)
{
    out.push_back(seconds_east < 0 ? '-' : '+');
    const std::int32_t size = std::abs(seconds_east);
    append_padded(out, size / 3600, 2);
    if (size % 3600 == 0)
        return;
    out.push_back(':');
    append_padded(out, size / 60 % 60, 2);
    if (size % 60 == 0)
        return;
    out.push_back(':');
    append_padded(out, size % 60, 2);
}

// Day and month in the order asked for, with `separator` between.
void append_day_month(std::string& out, const civil& c, bool day_first, char separator)
{
    append_padded(out, day_first ? c.day : c.month, 2);
    out.push_back(separator);
    append_padded(out, day_first ? c.month : c.day, 2);
}

void append_date(std::string& out, const civil& c, date_format format)
{
    const bool day_first = format.order == date_order::dmy;
    switch (format.style) {
    case date_style::iso:
        append_padded(out, c.year, 4);
        out.push_back('-');
        append_day_month(out, c, false, '-');
        return;
    case date_style::sql:
        append_day_month(out, c, day_first, '/');
        out.push_back('/');
        break;
    case date_style::postgres:
        append_day_month(out, c, day_first, '-');
        out.push_back('-');
        break;
    case date_style::german:
        append_day_month(out, c, true, '.');
        out.push_back('.');
        break;
    }
    append_padded(out, c.year, 4);
}

std::string infinity_text(bool positive) { return positive ? "infinity" : "-infinity"; }

// Date and clock; in the style "Postgres" the year comes last: Mon Jul 01 01:02:03.5 2024.
std::string date_and_clock(timestamp t, date_format format)
{
    const civil c = to_civil(t);
    std::string out;
    if (format.style != date_style::postgres) {
        append_date(out, c, format);
        out.push_back(' ');
        append_clock(out, to_time(t).microseconds);
        return out;
    }
    const std::int32_t since_saturday = to_date(t).days % 7; // 2000-01-01 was one
    out += weekdays[static_cast<std::size_t>((since_saturday + 7 + 6) % 7)];
    out.push_back(' ');
    const std::string_view month = months[static_cast<std::size_t>(c.month - 1)];
    if (format.order == date_order::dmy) {
        append_padded(out, c.day, 2);
        out.push_back(' ');
        out += month;
    } else {
        out += month;
        out.push_back(' ');
        append_padded(out, c.day, 2);
    }
    out.push_back(' ');
    append_clock(out, to_time(t).microseconds);
    out.push_back(' ');
    append_padded(out, c.year, 4);
    return out;
}

std::uint64_t magnitude(std::int64_t n)
{
    return n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
}

void append_interval_clock(std::string& out, std::uint64_t microseconds)
{
    // The one value without a positive twin prints a microsecond short rather than as nonsense.
    append_clock(out, static_cast<std::int64_t>(microseconds - (microseconds >> 63)));
}

// 1 year 2 mons -3 days +04:05:06: a field after a negative one says its plus.
std::string postgres_interval(const interval& i)
{
    std::string out;
    bool after_negative = false;
    const auto append = [&](std::int32_t n, std::string_view unit) {
        if (n == 0)
            return;
        if (!out.empty())
            out.push_back(' ');
        if (after_negative && n > 0)
            out.push_back('+');
        out += std::to_string(n) + ' ';
        out += unit;
        if (n != 1)
            out.push_back('s');
        after_negative = n < 0;
    };
    append(i.months / 12, "year");
    append(i.months % 12, "mon");
    append(i.days, "day");
    if (i.microseconds != 0 || out.empty()) {
        if (!out.empty())
            out.push_back(' ');
        if (i.microseconds < 0)
            out.push_back('-');
        else if (after_negative)
            out.push_back('+');
        append_interval_clock(out, magnitude(i.microseconds));
    }
    return out;
}

// @ 1 year 2 mons 3 days 4 hours 5 mins 6 secs ago: the first field's sign is everyone's.
std::string verbose_interval(const interval& i)
{
    std::string out = "@";
    bool first = true;
    bool ago = false;
    const auto sign_of = [&](bool negative) {
        if (first)
            ago = negative;
        first = false;
        return negative != ago;
    };
    const auto append = [&](std::int64_t n, std::string_view unit) {
        if (n == 0)
            return;
        const bool minus = sign_of(n < 0);
        out += minus ? " -" : " ";
        out += std::to_string(magnitude(n)) + ' ';
        out += unit;
        if (minus || magnitude(n) != 1)
            out.push_back('s');
    };
    append(i.months / 12, "year");
    append(i.months % 12, "mon");
    append(i.days, "day");
    append(i.microseconds / (3600 * microseconds_per_second), "hour");
    append(i.microseconds / (60 * microseconds_per_second) % 60, "min");
    const std::int64_t rest = i.microseconds % (60 * microseconds_per_second);
    if (rest != 0) {
        out += sign_of(rest < 0) ? " -" : " ";
        out += std::to_string(magnitude(rest) / microseconds_per_second);
        append_fraction(out, std::abs(rest % microseconds_per_second));
        out += magnitude(rest) == microseconds_per_second ? " sec" : " secs";
    }
    if (first)
        out += " 0";
    if (ago)
        out += " ago";
    return out;
}

// 1-2 (years and months), 3 4:05:06 (days and time), or all of them with a sign each.
std::string sql_interval(const interval& i)
{
    const bool any_negative = i.months < 0 || i.days < 0 || i.microseconds < 0;
    const bool any_positive = i.months > 0 || i.days > 0 || i.microseconds > 0;
    const bool has_months = i.months != 0;
    const bool has_days = i.days != 0;
    const bool has_clock = i.microseconds != 0;
    std::string out;
    const auto append_year_month = [&] {
        out += std::to_string(magnitude(i.months) / 12) + '-' +
               std::to_string(magnitude(i.months) % 12);
    };
    const auto append_hours = [&] {
        std::string clock;
        append_interval_clock(clock, magnitude(i.microseconds));
        out += clock.starts_with('0') ? clock.substr(1) : clock;
    };
    if (!any_negative && !any_positive)
        return "0";
    if ((any_negative && any_positive) || (has_months && (has_days || has_clock))) {
        out.push_back(i.months < 0 ? '-' : '+');
        append_year_month();
        out += i.days < 0 ? " -" : " +";
        out += std::to_string(magnitude(i.days));
        out += i.microseconds < 0 ? " -" : " +";
        append_hours();
        return out;
    }
    if (any_negative)
        out.push_back('-');
    if (has_months) {
        append_year_month();
        return out;
    }
    if (has_days)
        out += std::to_string(magnitude(i.days)) + ' ';
    append_hours();
    return out;
}

// P1Y2M3DT4H5M6.7S
std::string iso_interval(const interval& i)
{
    std::string out = "P";
    const auto append = [&out](std::int64_t n, char unit) {
        if (n != 0)
            out += std::to_string(n) + unit;
    };
    append(i.months / 12, 'Y');
    append(i.months % 12, 'M');
    append(i.days, 'D');
    if (i.microseconds != 0) {
        out.push_back('T');
        append(i.microseconds / (3600 * microseconds_per_second), 'H');
        append(i.microseconds / (60 * microseconds_per_second) % 60, 'M');
        const std::int64_t rest = i.microseconds % (60 * microseconds_per_second);
        if (rest != 0) {
            if (rest < 0)
                out.push_back('-');
            out += std::to_string(magnitude(rest) / microseconds_per_second);
            append_fraction(out, std::abs(rest % microseconds_per_second));
            out.push_back('S');
        }
    }
    return out == "P" ? "PT0S" : out;
}

} // namespace

std::string to_text(date d, date_format format)
{
    if (!d.is_finite())
        return infinity_text(d == date::infinity());
    std::string out;
    append_date(out, to_civil(d), format);
    return out;
}

std::string to_text(time_of_day t)
{
    std::string out;
    append_clock(out, t.microseconds);
    return out;
}

std::string to_text(timestamp t, date_format format)
{
    if (!t.is_finite())
        return infinity_text(t == timestamp::infinity());
    return date_and_clock(t, format);
}

std::string to_text(timestamptz t, const time_zone& zone, date_format format)
{
    if (!t.is_finite())
        return infinity_text(t == timestamptz::infinity());
    std::string out = date_and_clock(at_zone(t, zone), format);
    const time_zone::period& period = zone.at_instant(t.microseconds);
    if (format.style == date_style::iso) {
        append_offset(out, period.seconds_east);
    } else if (period.abbreviation.empty()) {
        out.push_back(' ');
        append_offset(out, period.seconds_east);
    } else {
        out.push_back(' ');
        out += period.abbreviation;
    }
    return out;
}

std::string to_text(const interval& i, interval_style style)
{
    switch (style) {
    case interval_style::postgres: return postgres_interval(i);
    case interval_style::postgres_verbose: return verbose_interval(i);
    case interval_style::sql_standard: return sql_interval(i);
    case interval_style::iso_8601: return iso_interval(i);
    }
    return {};
}

} // namespace weir::sqlite
