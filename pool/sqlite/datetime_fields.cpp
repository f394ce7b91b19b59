// EXTRACT, date_trunc and the settings' names: what depends on words like "quarter" and "isodow".
#include "pool/sqlite/datetime.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::sqlite {

namespace {

enum class field : std::uint8_t {
    microseconds,
    milliseconds,
    second,
    minute,
    hour,
    day,
    week,
    month,
    quarter,
    year,
    decade,
    century,
    millennium,
    isoyear,
    julian,
    dow,
    isodow,
    doy,
    epoch,
    timezone,
    timezone_hour,
    timezone_minute
};

std::string lower(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

std::optional<field> field_named(std::string_view name)
{
    static constexpr auto names = std::to_array<std::pair<std::string_view, field>>({
        {"microseconds", field::microseconds},
        {"microsecond", field::microseconds},
        {"us", field::microseconds},
        {"usec", field::microseconds},
        {"usecs", field::microseconds},
        {"milliseconds", field::milliseconds},
        {"millisecond", field::milliseconds},
        {"ms", field::milliseconds},
        {"msec", field::milliseconds},
        {"msecs", field::milliseconds},
        {"second", field::second},
        {"seconds", field::second},
        {"sec", field::second},
        {"secs", field::second},
        {"s", field::second},
        {"minute", field::minute},
        {"minutes", field::minute},
        {"min", field::minute},
        {"mins", field::minute},
        {"m", field::minute},
        {"hour", field::hour},
        {"hours", field::hour},
        {"hr", field::hour},
        {"hrs", field::hour},
        {"h", field::hour},
        {"day", field::day},
        {"days", field::day},
        {"d", field::day},
        {"week", field::week},
        {"weeks", field::week},
        {"w", field::week},
        {"month", field::month},
        {"months", field::month},
        {"mon", field::month},
        {"mons", field::month},
        {"quarter", field::quarter},
        {"qtr", field::quarter},
        {"year", field::year},
        {"years", field::year},
        {"yr", field::year},
        {"yrs", field::year},
        {"y", field::year},
        {"decade", field::decade},
        {"decades", field::decade},
        {"dec", field::decade},
        {"decs", field::decade},
        {"century", field::century},
        {"centuries", field::century},
        {"cent", field::century},
        {"c", field::century},
        {"millennium", field::millennium},
        {"millennia", field::millennium},
        {"mil", field::millennium},
        {"mils", field::millennium},
        {"isoyear", field::isoyear},
        {"julian", field::julian},
        {"jd", field::julian},
        {"j", field::julian},
        {"dow", field::dow},
        {"isodow", field::isodow},
        {"doy", field::doy},
        {"epoch", field::epoch},
        {"timezone", field::timezone},
        {"timezone_h", field::timezone_hour},
        {"timezone_hour", field::timezone_hour},
        {"timezone_m", field::timezone_minute},
        {"timezone_minute", field::timezone_minute},
    });
    const auto* const found =
        std::ranges::find(names, lower(name), [](const auto& n) { return n.first; });
    return found == names.end() ? std::nullopt : std::optional(found->second);
}

constexpr std::string_view date_name = "date";
constexpr std::string_view time_name = "time without time zone";
constexpr std::string_view timestamp_name = "timestamp without time zone";
constexpr std::string_view timestamptz_name = "timestamp with time zone";
constexpr std::string_view interval_name = "interval";

error not_recognized(std::string_view name, std::string_view type)
{
    return {sqlstate{"22023"},
            "unit \"" + lower(name) + "\" not recognized for type " + std::string(type)};
}

error not_supported(std::string_view name, std::string_view type)
{
    return {sqlstate{"0A000"},
            "unit \"" + lower(name) + "\" not supported for type " + std::string(type)};
}

// n / 10^scale, with that scale.
decimal scaled(std::int64_t n, std::int32_t scale)
{
    decimal unit{1};
    for (std::int32_t i = 0; i < scale; ++i)
        unit = multiply(unit, decimal{10});
    return quotient(decimal{n}, unit, scale);
}

std::int64_t julian_day(date d) { return std::int64_t{d.days} + 2'451'545; }

int iso_weekday(date d) // Monday is 1
{
    const int since_saturday = static_cast<int>((std::int64_t{d.days} % 7 + 7) % 7);
    return (since_saturday + 5) % 7 + 1;
}

// The year and week of ISO 8601: a week belongs to the year of its Thursday.
std::pair<std::int32_t, int> iso_week(date d)
{
    const date thursday{d.days + 4 - iso_weekday(d)};
    const std::int32_t year = to_civil(thursday).year;
    return {year, (thursday.days - to_date(year, 1, 1).days) / 7 + 1};
}

// What all types with a day have; the other fields are nothing.
std::optional<std::int64_t> day_field(field f, date d)
{
    const civil c = to_civil(d);
    switch (f) {
    case field::day: return c.day;
    case field::week: return iso_week(d).second;
    case field::month: return c.month;
    case field::quarter: return (c.month - 1) / 3 + 1;
    case field::year: return c.year;
    case field::decade: return c.year / 10;
    case field::century: return (c.year + 99) / 100;
    case field::millennium: return (c.year + 999) / 1000;
    case field::isoyear: return iso_week(d).first;
    case field::dow: return iso_weekday(d) % 7;
    case field::isodow: return iso_weekday(d);
    case field::doy: return d.days - to_date(c.year, 1, 1).days + 1;
    default: return std::nullopt;
    }
}

// What all types with a clock have.
std::optional<decimal> clock_field(field f, std::int64_t microseconds)
{
    const std::int64_t of_minute = microseconds % (60 * microseconds_per_second);
    switch (f) {
    case field::microseconds: return decimal{of_minute};
    case field::milliseconds: return scaled(of_minute, 3);
    case field::second: return scaled(of_minute, 6);
    case field::minute: return decimal{microseconds / (60 * microseconds_per_second) % 60};
    case field::hour: return decimal{microseconds / (3600 * microseconds_per_second)};
    default: return std::nullopt;
    }
}

// For infinity: fields that grow with time are infinite, those that go round are null.
std::optional<decimal> infinite_field(field f, bool positive)
{
    switch (f) {
    case field::year:
    case field::decade:
    case field::century:
    case field::millennium:
    case field::isoyear:
    case field::julian:
    case field::epoch:
        return decimal::special(positive ? decimal::kind::infinity : decimal::kind::minus_infinity);
    default: return std::nullopt;
    }
}

bool is_zone_field(field f)
{
    return f == field::timezone || f == field::timezone_hour || f == field::timezone_minute;
}

// The common part of timestamp and timestamptz; `utc` is what the epoch is counted from.
result<std::optional<decimal>> extract_timestamp(field f, timestamp local, std::int64_t utc)
{
    if (!local.is_finite())
        return infinite_field(f, local == timestamp::infinity());
    const date day = to_date(local);
    const std::int64_t clock = to_time(local).microseconds;
    if (f == field::epoch)
        return scaled(utc + unix_epoch_seconds * microseconds_per_second, 6);
    if (f == field::julian)
        return add(decimal{julian_day(day)},
                   divide(decimal{clock}, decimal{microseconds_per_day}).value());
    if (const auto whole = day_field(f, day))
        return decimal{*whole};
    return clock_field(f, clock);
}

// date_trunc() has not even heard of the fields that are no spans of time.
error not_a_span(field f, std::string_view name, std::string_view type)
{
    return is_zone_field(f) ? not_supported(name, type) : not_recognized(name, type);
}

// The first instant of the field that t is in; nothing for fields that are no spans.
std::optional<timestamp> start_of(field f, timestamp t)
{
    const auto down_to = [t](std::int64_t unit) {
        const std::int64_t clock = to_time(t).microseconds;
        return timestamp{t.microseconds - clock % unit};
    };
    const auto year_start = [](std::int32_t year) { return to_timestamp(to_date(year, 1, 1)); };
    const date day = to_date(t);
    const civil c = to_civil(day);
    switch (f) {
    case field::microseconds: return t;
    case field::milliseconds: return down_to(1000);
    case field::second: return down_to(microseconds_per_second);
    case field::minute: return down_to(60 * microseconds_per_second);
    case field::hour: return down_to(3600 * microseconds_per_second);
    case field::day: return to_timestamp(day);
    case field::week: return to_timestamp(date{day.days + 1 - iso_weekday(day)});
    case field::month: return to_timestamp(to_date(c.year, c.month, 1));
    case field::quarter: return to_timestamp(to_date(c.year, (c.month - 1) / 3 * 3 + 1, 1));
    case field::year: return year_start(c.year);
    case field::decade: return year_start(std::max(c.year / 10 * 10, 1));
    case field::century: return year_start((c.year - 1) / 100 * 100 + 1);
    case field::millennium: return year_start((c.year - 1) / 1000 * 1000 + 1);
    default: return std::nullopt;
    }
}

} // namespace

std::optional<date_format> date_format::parse(std::string_view setting)
{
    date_format out;
    for (std::string rest = lower(setting); !rest.empty();) {
        const std::size_t end = rest.find_first_of(", ");
        const std::string word = rest.substr(0, end);
        rest.erase(0, end == std::string::npos ? rest.size() : end + 1);
        if (word.empty())
            continue;
        if (word == "iso")
            out.style = date_style::iso;
        else if (word == "sql")
            out.style = date_style::sql;
        else if (word.starts_with("postgres"))
            out.style = date_style::postgres;
        else if (word == "german")
            out = {date_style::german, date_order::dmy};
        else if (word == "ymd")
            out.order = date_order::ymd;
        else if (word == "dmy" || word.starts_with("euro"))
            out.order = date_order::dmy;
        else if (word == "mdy" || word == "us" || word.starts_with("noneuro"))
            out.order = date_order::mdy;
        else
            return std::nullopt;
    }
    return out;
}

std::optional<interval_style> parse_interval_style(std::string_view setting)
{
    const std::string name = lower(setting);
    if (name == "postgres")
        return interval_style::postgres;
    if (name == "postgres_verbose")
        return interval_style::postgres_verbose;
    if (name == "sql_standard")
        return interval_style::sql_standard;
    if (name == "iso_8601")
        return interval_style::iso_8601;
    return std::nullopt;
}

result<std::optional<decimal>> extract(std::string_view name, date d)
{
    const auto f = field_named(name);
    if (!f)
        return not_recognized(name, date_name);
    const bool of_days = *f == field::julian || *f == field::epoch || day_field(*f, date{});
    if (!of_days)
        return not_supported(name, date_name);
    if (!d.is_finite())
        return infinite_field(*f, d == date::infinity());
    if (*f == field::julian)
        return decimal{julian_day(d)};
    if (*f == field::epoch)
        return decimal{d.days * std::int64_t{86'400} + unix_epoch_seconds};
    return decimal{*day_field(*f, d)};
}

result<std::optional<decimal>> extract(std::string_view name, time_of_day t)
{
    const auto f = field_named(name);
    if (!f)
        return not_recognized(name, time_name);
    if (*f == field::epoch)
        return scaled(t.microseconds, 6);
    const auto out = clock_field(*f, t.microseconds);
    if (!out)
        return not_supported(name, time_name);
    return out;
}

result<std::optional<decimal>> extract(std::string_view name, timestamp t)
{
    const auto f = field_named(name);
    if (!f)
        return not_recognized(name, timestamp_name);
    if (is_zone_field(*f) && t.is_finite())
        return not_supported(name, timestamp_name);
    return extract_timestamp(*f, t, t.microseconds);
}

result<std::optional<decimal>> extract(std::string_view name, timestamptz t, const time_zone& zone)
{
    const auto f = field_named(name);
    if (!f)
        return not_recognized(name, timestamptz_name);
    if (is_zone_field(*f)) {
        if (!t.is_finite())
            return std::optional<decimal>{};
        const std::int32_t offset = zone.at_instant(t.microseconds).seconds_east;
        return decimal{std::int64_t{*f == field::timezone        ? offset
                                    : *f == field::timezone_hour ? offset / 3600
                                                                 : offset / 60 % 60}};
    }
    return extract_timestamp(*f, at_zone(t, zone), t.microseconds);
}

result<std::optional<decimal>> extract(std::string_view name, const interval& i)
{
    const auto f = field_named(name);
    if (!f)
        return not_recognized(name, interval_name);
    switch (*f) {
    case field::day: return decimal{std::int64_t{i.days}};
    case field::month: return decimal{std::int64_t{i.months % 12}};
    case field::quarter: return decimal{std::int64_t{i.months % 12 / 3 + 1}};
    case field::year: return decimal{std::int64_t{i.months / 12}};
    case field::decade: return decimal{std::int64_t{i.months / 120}};
    case field::century: return decimal{std::int64_t{i.months / 1200}};
    case field::millennium: return decimal{std::int64_t{i.months / 12'000}};
    case field::epoch: {
        // A year is 365.25 days here, a month 30: their quarters of days are exact.
        const std::int64_t quarter_days = std::int64_t{i.months / 12} * 1461 +
                                          std::int64_t{i.months % 12} * 120 +
                                          std::int64_t{i.days} * 4;
        return add(decimal{quarter_days * 21'600}, scaled(i.microseconds, 6));
    }
    default: break;
    }
    const auto out = clock_field(*f, i.microseconds);
    if (!out)
        return not_supported(name, interval_name);
    return out;
}

result<timestamp> truncated(std::string_view name, timestamp t)
{
    if (!t.is_finite())
        return t;
    const auto f = field_named(name);
    if (!f)
        return not_recognized(name, timestamp_name);
    const auto out = start_of(*f, t);
    if (!out)
        return not_a_span(*f, name, timestamp_name);
    return *out;
}

result<timestamptz> truncated(std::string_view name, timestamptz t, const time_zone& zone)
{
    if (!t.is_finite())
        return t;
    const auto f = field_named(name);
    if (!f)
        return not_recognized(name, timestamptz_name);
    const timestamp local = at_zone(t, zone);
    const auto out = start_of(*f, local);
    if (!out)
        return not_a_span(*f, name, timestamptz_name);
    // Within an hour the offset stays; midnight may have another one.
    if (*f <= field::hour)
        return timestamptz{t.microseconds - (local.microseconds - out->microseconds)};
    return from_zone(*out, zone);
}

result<interval> truncated(std::string_view name, const interval& i)
{
    const auto f = field_named(name);
    if (!f)
        return not_recognized(name, interval_name);
    interval out = i;
    const auto whole_months = [&](std::int32_t unit) {
        return interval{0, 0, i.months / unit * unit};
    };
    const auto down_to = [&](std::int64_t unit) {
        out.microseconds = i.microseconds / unit * unit;
        return out;
    };
    switch (*f) {
    case field::microseconds: return out;
    case field::milliseconds: return down_to(1000);
    case field::second: return down_to(microseconds_per_second);
    case field::minute: return down_to(60 * microseconds_per_second);
    case field::hour: return down_to(3600 * microseconds_per_second);
    case field::day: return interval{0, i.days, i.months};
    case field::month: return whole_months(1);
    case field::quarter: return whole_months(3);
    case field::year: return whole_months(12);
    case field::decade: return whole_months(120);
    case field::century: return whole_months(1200);
    case field::millennium: return whole_months(12'000);
    case field::week: {
        error e = not_supported(name, interval_name);
        e.detail = "Months usually have fractional weeks.";
        return e;
    }
    default: return not_a_span(*f, name, interval_name);
    }
}

} // namespace weir::sqlite
