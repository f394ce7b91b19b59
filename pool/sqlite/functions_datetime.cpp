// Functions of dates and times, which come and go in the form that they are stored in (types.hpp).
#include "pool/sqlite/datetime.hpp"
#include "pool/sqlite/functions_call.hpp"

#include <cmath>
#include <string>

namespace weir::sqlite {

namespace {

// Stored texts depend on no setting.
date date_at(const function_call& call, std::size_t i)
{
    return must(parse_date(call.text(i), {}));
}

timestamp timestamp_at(const function_call& call, std::size_t i)
{
    return must(parse_timestamp(call.text(i), {}));
}

timestamptz timestamptz_at(const function_call& call, std::size_t i)
{
    return must(parse_timestamptz(call.text(i), {}));
}

time_of_day time_at(const function_call& call, std::size_t i)
{
    return must(parse_time(call.text(i), {}));
}

interval interval_at(const function_call& call, std::size_t i)
{
    return must(parse_interval(call.text(i)));
}

const time_zone& session_zone(const function_call& call)
{
    const time_zone* const zone = time_zone::find(call.session().time_zone);
    return zone != nullptr ? *zone : time_zone::utc();
}

// AT TIME ZONE: an abbreviation wins over a zone of that name.
const time_zone& zone_at(const function_call& call, std::size_t i)
{
    const time_zone* zone = time_zone::from_abbreviation(call.text(i));
    if (zone == nullptr)
        zone = time_zone::find(call.text(i));
    if (zone == nullptr)
        refuse("22023", "time zone \"" + std::string(call.text(i)) + "\" not recognized");
    return *zone;
}

void give_field(function_call& call)
{
    const std::string field(call.text(0));
    const std::string_view type = call.text(2);
    const auto give = [&call](const result<std::optional<decimal>>& found) {
        const std::optional<decimal> value = must(found);
        if (value)
            call.give(*value);
    };
    if (type == "date")
        give(extract(field, date_at(call, 1)));
    else if (type == "time")
        give(extract(field, time_at(call, 1)));
    else if (type == "timestamp")
        give(extract(field, timestamp_at(call, 1)));
    else if (type == "timestamptz")
        give(extract(field, timestamptz_at(call, 1), session_zone(call)));
    else
        give(extract(field, interval_at(call, 1)));
}

void truncate(function_call& call)
{
    const std::string field(call.text(0));
    const std::string_view type = call.text(2);
    if (type == "timestamp")
        call.give(to_text(must(truncated(field, timestamp_at(call, 1)))));
    else if (type == "timestamptz")
        call.give(to_text(must(truncated(field, timestamptz_at(call, 1), session_zone(call)))));
    else
        call.give(to_text(must(truncated(field, interval_at(call, 1)))));
}

void add_interval(function_call& call)
{
    const interval by = interval_at(call, 1);
    const std::string_view type = call.text(2);
    if (type == "timestamp")
        call.give(to_text(must(add(timestamp_at(call, 0), by))));
    else if (type == "timestamptz")
        call.give(to_text(must(add(timestamptz_at(call, 0), by, session_zone(call)))));
    else
        call.give(to_text(add(time_at(call, 0), by)));
}

// Of two timestamps, or of two timestamptz, which are stored alike.
void subtract_timestamps(function_call& call)
{
    const timestamptz a = timestamptz_at(call, 0), b = timestamptz_at(call, 1);
    if (!a.is_finite() || !b.is_finite())
        refuse("22008", "cannot subtract infinite timestamps");
    call.give(to_text(subtract(timestamp{a.microseconds}, timestamp{b.microseconds})));
}

void subtract_dates(function_call& call)
{
    const date a = date_at(call, 0), b = date_at(call, 1);
    if (!a.is_finite() || !b.is_finite())
        refuse("22008", "cannot subtract infinite dates");
    call.give(std::int64_t{a.days} - b.days);
}

void give_age(function_call& call)
{
    const timestamp a = timestamp_at(call, 0), b = timestamp_at(call, 1);
    if (!a.is_finite() || !b.is_finite())
        refuse("22008", "timestamp out of range");
    call.give(to_text(age(a, b)));
}

void from_epoch(function_call& call)
{
    const double seconds = call.real(0);
    if (std::isinf(seconds))
        return call.give(
            to_text(seconds > 0 ? timestamptz::infinity() : timestamptz::minus_infinity()));
    const double microseconds =
        std::rint((seconds - static_cast<double>(unix_epoch_seconds)) * 1e6);
    static const auto first = static_cast<double>(to_timestamp(to_date(1, 1, 1)).microseconds);
    static const auto end = static_cast<double>(to_timestamp(to_date(9999, 12, 31)).microseconds) +
                            static_cast<double>(microseconds_per_day);
    if (!(microseconds >= first && microseconds < end))
        refuse("22008", "timestamp out of range: \"" + std::string(call.text(0)) + '"');
    call.give(to_text(timestamptz{static_cast<std::int64_t>(microseconds)}));
}

void make_date(function_call& call)
{
    const std::int64_t year = call.integer(0), month = call.integer(1), day = call.integer(2);
    const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    const auto small = [](std::int64_t n) { return n >= 1 && n <= 9999; };
    if (!small(year) || !small(month) || !small(day) ||
        !is_valid_day(static_cast<std::int32_t>(year),
                      static_cast<int>(month),
                      static_cast<int>(day)))
        refuse("22008",
               "date field value out of range: " + std::to_string(year) + '-' + two(month) + '-' +
                   two(day));
    call.give(to_text(
        to_date(static_cast<std::int32_t>(year), static_cast<int>(month), static_cast<int>(day))));
}

void round_time(function_call& call)
{
    const int digits = static_cast<int>(call.integer(1));
    const std::string_view type = call.text(2);
    if (type == "time")
        call.give(to_text(rounded(time_at(call, 0), digits)));
    else if (type == "timestamp")
        call.give(to_text(rounded(timestamp_at(call, 0), digits)));
    else
        call.give(to_text(rounded(timestamptz_at(call, 0), digits)));
}

void interval_to_time(function_call& call)
{
    call.give(to_text(add(time_of_day{}, interval{interval_at(call, 0).microseconds, 0, 0})));
}

// For JSON: ISO 8601 with its T, and the session's offset as +02:00.
void give_json_time(function_call& call)
{
    std::string text;
    if (call.integer(1) == 1184) { // timestamptz
        const timestamptz t = timestamptz_at(call, 0);
        const time_zone& zone = session_zone(call);
        text = to_text(t, zone);
        if (t.is_finite() && text.rfind(':') < text.size() - 4)
            text += ":00";
    } else {
        text = call.text(0);
    }
    if (const std::size_t space = text.find(' ');
        space != std::string::npos && call.integer(1) != 1186)
        text[space] = 'T';
    call.give('"' + text + '"');
}

using enum scalar_function::kind;

constexpr scalar_function functions[] = {
    {"pg_extract", 3, give_field, stable},
    {"pg_date_trunc", 3, truncate, stable},
    {"pg_add_interval", 3, add_interval, stable},
    {"pg_age", 2, give_age},
    {"pg_timestamp_subtract", 2, subtract_timestamps},
    {"pg_time_subtract",
     2,
     [](function_call& c) {
         c.give(to_text(interval{time_at(c, 0).microseconds - time_at(c, 1).microseconds, 0, 0}));
     }},
    {"pg_date_add",
     2,
     [](function_call& c) { c.give(to_text(must(add_days(date_at(c, 0), c.integer(1))))); }},
    {"pg_date_subtract", 2, subtract_dates},
    {"pg_date_to_timestamp",
     1,
     [](function_call& c) { c.give(to_text(to_timestamp(date_at(c, 0)))); }},
    {"pg_timestamp_to_date",
     1,
     [](function_call& c) { c.give(to_text(to_date(timestamp_at(c, 0)))); }},
    {"pg_timestamp_to_time",
     1,
     [](function_call& c) {
         const timestamp t = timestamp_at(c, 0);
         if (t.is_finite())
             c.give(to_text(to_time(t)));
     }},
    {"pg_timestamptz_to_timestamp",
     1,
     [](function_call& c) { c.give(to_text(at_zone(timestamptz_at(c, 0), session_zone(c)))); },
     stable},
    {"pg_timestamptz_to_timestamp",
     2,
     [](function_call& c) { c.give(to_text(at_zone(timestamptz_at(c, 0), zone_at(c, 1)))); }},
    {"pg_timestamp_to_timestamptz",
     1,
     [](function_call& c) { c.give(to_text(from_zone(timestamp_at(c, 0), session_zone(c)))); },
     stable},
    {"pg_timestamp_to_timestamptz",
     2,
     [](function_call& c) { c.give(to_text(from_zone(timestamp_at(c, 0), zone_at(c, 1)))); }},
    {"pg_time_to_interval",
     1,
     [](function_call& c) {
         c.give(to_text(interval{time_at(c, 0).microseconds, 0, 0}));
     }},
    {"pg_interval_to_time", 1, interval_to_time},
    {"pg_interval_negate", 1, [](function_call& c) { c.give(to_text(negate(interval_at(c, 0)))); }},
    {"pg_interval_add",
     2,
     [](function_call& c) { c.give(to_text(must(add(interval_at(c, 0), interval_at(c, 1))))); }},
    {"pg_interval_multiply",
     2,
     [](function_call& c) { c.give(to_text(must(multiply(interval_at(c, 0), c.real(1))))); }},
    {"pg_interval_divide",
     2,
     [](function_call& c) { c.give(to_text(must(divide(interval_at(c, 0), c.real(1))))); }},
    {"pg_justify_days",
     1,
     [](function_call& c) { c.give(to_text(justify_days(interval_at(c, 0)))); }},
    {"pg_justify_hours",
     1,
     [](function_call& c) { c.give(to_text(justify_hours(interval_at(c, 0)))); }},
    {"pg_justify_interval",
     1,
     [](function_call& c) { c.give(to_text(justify_interval(interval_at(c, 0)))); }},
    {"pg_to_timestamp", 1, from_epoch},
    {"pg_make_date", 3, make_date},
    {"pg_round_time", 3, round_time},
    {"pg_json_time", 2, give_json_time, stable},
};

} // namespace

void register_datetime_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
