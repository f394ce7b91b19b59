#include "pool/sqlite/value_codecs.hpp"

#include <chrono>

namespace weir::sqlite {

namespace {

datetime_context reading_stored() { return {date_order::ymd, &time_zone::utc(), {}}; }

timestamptz now()
{
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count() -
            unix_epoch_seconds * microseconds_per_second};
}

// A text of this type, read and handed to `then`.
template <class Then>
result<std::string>
read_as(oid t, std::string_view text, const datetime_context& context, Then then)
{
    const auto passed_on = [&](const auto& parsed) -> result<std::string> {
        if (!parsed)
            return parsed.error();
        return then(*parsed);
    };
    if (t == type::date)
        return passed_on(parse_date(text, context));
    if (t == type::time)
        return passed_on(parse_time(text, context));
    if (t == type::timestamp)
        return passed_on(parse_timestamp(text, context));
    if (t == type::timestamptz)
        return passed_on(parse_timestamptz(text, context));
    return passed_on(parse_interval(text));
}

struct print_stored {
    template <class Value>
    std::string operator()(const Value& v) const
    {
        return to_text(v);
    }
};

struct print_for {
    const output_settings& settings;

    std::string operator()(date d) const { return to_text(d, printing(settings)); }
    std::string operator()(time_of_day t) const { return to_text(t); }
    std::string operator()(timestamp t) const { return to_text(t, printing(settings)); }
    std::string operator()(timestamptz t) const
    {
        return to_text(t, zone_of(settings), printing(settings));
    }
    std::string operator()(const interval& i) const
    {
        return to_text(i, parse_interval_style(settings.interval_style).value_or(interval_style{}));
    }
};

struct print_binary {
    template <class Signed>
    static std::string big_endian(Signed v)
    {
        std::string out;
        append_big_endian(out, static_cast<std::make_unsigned_t<Signed>>(v));
        return out;
    }
    std::string operator()(date d) const { return big_endian(d.days); }
    std::string operator()(time_of_day t) const { return big_endian(t.microseconds); }
    std::string operator()(timestamp t) const { return big_endian(t.microseconds); }
    std::string operator()(timestamptz t) const { return big_endian(t.microseconds); }
    std::string operator()(const interval& i) const
    {
        return big_endian(i.microseconds) + big_endian(i.days) + big_endian(i.months);
    }
};

// The calendar of weir's texts: years 0001 to 9999.
bool is_in_calendar(std::int64_t microseconds)
{
    static const std::int64_t first = to_date(1, 1, 1).days * microseconds_per_day;
    static const std::int64_t last = (to_date(9999, 12, 31).days + 1) * microseconds_per_day - 1;
    return microseconds >= first && microseconds <= last;
}

} // namespace

bool is_datetime(oid t)
{
    return t == type::date || t == type::time || t == type::timestamp || t == type::timestamptz ||
           t == type::interval;
}

bool is_stored_form(oid t, const output_settings& settings)
{
    if (t == type::time)
        return true;
    if (t == type::interval)
        return settings.interval_style == "postgres";
    if (!settings.date_style.starts_with("ISO"))
        return false;
    return t != type::timestamptz || &zone_of(settings) == &time_zone::utc();
}

std::string datetime_text(std::string_view stored, oid t, const output_settings& settings)
{
    const auto printed = read_as(t, stored, reading_stored(), print_for{settings});
    return printed ? *printed : std::string{stored};
}

void append_datetime_binary(std::string& out, std::string_view stored, oid t)
{
    // Read back from our own file; should the text be no date after all, a client that reads a
    // fixed number of bytes is told zero rather than left out of step.
    const std::size_t size = t == type::date ? 4 : t == type::interval ? 16 : 8;
    const auto binary = read_as(t, stored, reading_stored(), print_binary{});
    out.append(binary ? *binary : std::string(size, '\0'));
}

result<std::string> stored_datetime(std::string_view text, oid t, const output_settings& settings)
{
    return read_as(t, text, reading(settings), print_stored{});
}

result<std::string> datetime_from_binary(std::string_view in, oid t)
{
    if (in.size() != (t == type::date ? 4U : t == type::interval ? 16U : 8U))
        return invalid_binary();
    if (t == type::date) {
        const date d{static_cast<std::int32_t>(load_big_endian<std::uint32_t>(in))};
        std::int64_t us = 0; // a day number from the wire may be beyond what microseconds can say
        if (d.is_finite() &&
            (__builtin_mul_overflow(std::int64_t{d.days}, microseconds_per_day, &us) ||
             !is_in_calendar(us)))
            return error{"22008", "date out of range"};
        return to_text(d);
    }
    const auto us = static_cast<std::int64_t>(load_big_endian<std::uint64_t>(in));
    if (t == type::interval)
        return to_text(
            interval{us,
                     static_cast<std::int32_t>(load_big_endian<std::uint32_t>(in.substr(8))),
                     static_cast<std::int32_t>(load_big_endian<std::uint32_t>(in.substr(12)))});
    if (t == type::time) {
        if (us < 0 || us > microseconds_per_day)
            return error{"22008", "time out of range"};
        return to_text(time_of_day{us});
    }
    if (timestamp{us}.is_finite() && !is_in_calendar(us))
        return error{"22008", "timestamp out of range"};
    return t == type::timestamp ? to_text(timestamp{us}) : to_text(timestamptz{us});
}

datetime_context reading(const output_settings& settings)
{
    return {printing(settings).order, &zone_of(settings), now()};
}

date_format printing(const output_settings& settings)
{
    return date_format::parse(settings.date_style).value_or(date_format{});
}

const time_zone& zone_of(const output_settings& settings)
{
    // A session asks for the same zone row after row.
    thread_local std::string known_name = "UTC";
    thread_local const time_zone* known = &time_zone::utc();
    if (known_name != settings.time_zone) {
        const time_zone* found = time_zone::find(settings.time_zone);
        known = found ? found : &time_zone::utc(); // SET has checked the name
        known_name = settings.time_zone;
    }
    return *known;
}

} // namespace weir::sqlite
