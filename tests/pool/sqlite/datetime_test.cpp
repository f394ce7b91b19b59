// Dates, times and intervals against the answers of PostgreSQL 15, in Europe/Berlin.
#include "pool/sqlite/datetime.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace weir;
using namespace weir::sqlite;

namespace {

const time_zone& berlin()
{
    static const time_zone* const zone = time_zone::find("Europe/Berlin");
    REQUIRE(zone != nullptr);
    return *zone;
}

template <class T>
std::string text_of(const result<T>& read)
{
    if (!read)
        return "ERROR " + std::string(read.error().code.text());
    if constexpr (std::is_same_v<T, timestamptz>)
        return to_text(*read, berlin());
    else
        return to_text(*read);
}

datetime_context context()
{
    datetime_context out;
    out.zone = &berlin();
    out.now =
        parse_timestamptz("2024-03-31 00:30:00+00", {}).value(); // half an hour before the jump
    return out;
}

std::string read(std::string_view type, std::string_view text)
{
    if (type == "date")
        return text_of(parse_date(text, context()));
    if (type == "time")
        return text_of(parse_time(text, context()));
    if (type == "timestamp")
        return text_of(parse_timestamp(text, context()));
    if (type == "timestamptz")
        return text_of(parse_timestamptz(text, context()));
    return text_of(parse_interval(text));
}

struct reading {
    std::string_view type;
    std::string_view text;
    std::string_view answer;
};

const reading readings[] = {
    {"date", "2024-02-29", "2024-02-29"},
    {"date", "2023-02-29", "ERROR 22008"},
    {"date", "20240229", "2024-02-29"},
    {"date", "Jan 8, 1999", "1999-01-08"},
    {"date", "8 January 1999", "1999-01-08"},
    {"date", "1999-Jan-08", "1999-01-08"},
    {"date", "Jan-08-1999", "1999-01-08"},
    {"date", "1/18/1999", "1999-01-18"},
    {"date", "18/1/1999", "ERROR 22008"},
    {"date", "1.2.2024", "2024-01-02"},
    {"date", "01/02/03", "2003-01-02"},
    {"date", "infinity", "infinity"},
    {"date", "epoch", "1970-01-01"},
    {"date", "x", "ERROR 22007"},
    {"date", "", "ERROR 22007"},
    {"date", "2024-1", "ERROR 22007"},
    {"date", "Fri Jan 5 2024", "2024-01-05"},
    {"date", "0000-01-01", "ERROR 22008"},
    {"time", "04:05:06.789", "04:05:06.789"},
    {"time", "04:05", "04:05:00"},
    {"time", "040506", "04:05:06"},
    {"time", "04:05 PM", "16:05:00"},
    {"time", "12:05 AM", "00:05:00"},
    {"time", "24:00", "24:00:00"},
    {"time", "25:00", "ERROR 22008"},
    {"time", "allballs", "00:00:00"},
    {"time", "04:05:06.1234567", "04:05:06.123457"},
    {"time", "2024-01-01 04:05", "04:05:00"},
    {"time", "x", "ERROR 22007"},
    {"timestamp", "2024-02-29T13:14:15Z", "2024-02-29 13:14:15"},
    {"timestamp", "2024-02-29 13:14", "2024-02-29 13:14:00"},
    {"timestamp", "20240229T131415", "2024-02-29 13:14:15"},
    {"timestamp", "2024-02-29 13:14:15.1234567", "2024-02-29 13:14:15.123457"},
    {"timestamp", "Thu Feb 29 13:14:15.5 2024", "2024-02-29 13:14:15.5"},
    {"timestamp", "2024-02-29 01:14:15 PM", "2024-02-29 13:14:15"},
    {"timestamp", "2024-02-29 24:00", "2024-03-01 00:00:00"},
    {"timestamp", "infinity", "infinity"},
    {"timestamp", "2024-02-29 junk", "ERROR 22007"},
    {"timestamptz", "2024-02-29 13:14:15+02", "2024-02-29 12:14:15+01"},
    {"timestamptz", "2024-02-29 13:14:15-0530", "2024-02-29 19:44:15+01"},
    {"timestamptz", "2024-02-29 13:14:15 PST", "2024-02-29 22:14:15+01"},
    {"timestamptz", "2024-02-29 13:14:15 America/New_York", "2024-02-29 19:14:15+01"},
    {"timestamptz", "2024-03-31 02:30", "2024-03-31 03:30:00+02"},
    {"timestamptz", "2024-10-27 02:30", "2024-10-27 02:30:00+01"},
    {"timestamptz", "1890-01-01 00:00", "1890-01-01 00:00:00+00:53:28"},
    {"timestamptz", "2437-10-25 02:30", "2437-10-25 02:30:00+01"},
    {"timestamptz", "2024-02-29 13:14+16", "ERROR 22009"},
    {"timestamptz", "2024-07-01", "2024-07-01 00:00:00+02"},
    {"interval", "1 year 2 mons 3 days 04:05:06.789", "1 year 2 mons 3 days 04:05:06.789"},
    {"interval", "-1 day", "-1 days"},
    {"interval", "1 day ago", "-1 days"},
    {"interval", "P1Y2M3DT4H5M6.7S", "1 year 2 mons 3 days 04:05:06.7"},
    {"interval", "1-2", "1 year 2 mons"},
    {"interval", "3 4:05:06", "3 days 04:05:06"},
    {"interval", "1.5 days", "1 day 12:00:00"},
    {"interval", "1.1 years", "1 year 1 mon"},
    {"interval", "0.5 mons", "15 days"},
    {"interval", "5", "00:00:05"},
    {"interval", "1:30", "01:30:00"},
    {"interval", "1 day -04:00", "1 day -04:00:00"},
    {"interval", "1 century", "100 years"},
    {"interval", "1 foo", "ERROR 22007"},
    {"interval", "", "ERROR 22007"},
    {"interval", "1 hour 1 hour", "ERROR 22007"},
    {"interval", "1 mon -1 day", "1 mon -1 days"},
};

struct styled_interval {
    std::string_view text;
    std::string_view style;
    std::string_view answer;
};

const styled_interval styled_intervals[] = {
    {"1 year 2 mons 3 days 04:05:06.789", "postgres", "1 year 2 mons 3 days 04:05:06.789"},
    {"1 year 2 mons 3 days 04:05:06.789",
     "postgres_verbose",
     "@ 1 year 2 mons 3 days 4 hours 5 mins 6.789 secs"},
    {"1 year 2 mons 3 days 04:05:06.789", "sql_standard", "+1-2 +3 +4:05:06.789"},
    {"1 year 2 mons 3 days 04:05:06.789", "iso_8601", "P1Y2M3DT4H5M6.789S"},
    {"-1 year -2 mons", "postgres", "-1 years -2 mons"},
    {"-1 year -2 mons", "postgres_verbose", "@ 1 year 2 mons ago"},
    {"-1 year -2 mons", "sql_standard", "-1-2"},
    {"-1 year -2 mons", "iso_8601", "P-1Y-2M"},
    {"1 mon -1 day 00:00:01", "postgres", "1 mon -1 days +00:00:01"},
    {"1 mon -1 day 00:00:01", "postgres_verbose", "@ 1 mon -1 days 1 sec"},
    {"1 mon -1 day 00:00:01", "sql_standard", "+0-1 -1 +0:00:01"},
    {"1 mon -1 day 00:00:01", "iso_8601", "P1M-1DT1S"},
    {"0", "postgres", "00:00:00"},
    {"0", "postgres_verbose", "@ 0"},
    {"0", "sql_standard", "0"},
    {"0", "iso_8601", "PT0S"},
    {"-3 days", "postgres", "-3 days"},
    {"-3 days", "postgres_verbose", "@ 3 days ago"},
    {"-3 days", "sql_standard", "-3 0:00:00"},
    {"-3 days", "iso_8601", "P-3D"},
    {"00:00:00.5", "postgres", "00:00:00.5"},
    {"00:00:00.5", "postgres_verbose", "@ 0.5 secs"},
    {"00:00:00.5", "sql_standard", "0:00:00.5"},
    {"00:00:00.5", "iso_8601", "PT0.5S"},
};

struct styled_time { // 2024-07-01 01:02:03.5+02
    std::string_view style;
    std::string_view instant;
    std::string_view day;
};

const styled_time styled_times[] = {
    {"ISO, MDY", "2024-07-01 01:02:03.5+02", "2024-07-01"},
    {"SQL, DMY", "01/07/2024 01:02:03.5 CEST", "01/07/2024"},
    {"SQL, MDY", "07/01/2024 01:02:03.5 CEST", "07/01/2024"},
    {"Postgres, MDY", "Mon Jul 01 01:02:03.5 2024 CEST", "07-01-2024"},
    {"Postgres, DMY", "Mon 01 Jul 01:02:03.5 2024 CEST", "01-07-2024"},
    {"German", "01.07.2024 01:02:03.5 CEST", "01.07.2024"},
};

timestamp at(std::string_view text) { return parse_timestamp(text, {}).value(); }
interval length(std::string_view text) { return parse_interval(text).value(); }

} // namespace

TEST_SUITE("sqlite datetime")
{
    TEST_CASE("texts are read in PostgreSQL's forms")
    {
        for (const reading& each : readings) {
            CAPTURE(each.type);
            CAPTURE(each.text);
            CHECK(read(each.type, each.text) == each.answer);
        }
    }

    TEST_CASE("words for days are those of the zone")
    {
        CHECK(read("date", "today") == "2024-03-31");
        CHECK(read("date", "yesterday") == "2024-03-30");
        CHECK(read("timestamp", "tomorrow") == "2024-04-01 00:00:00");
        CHECK(read("timestamptz", "now") == "2024-03-31 01:30:00+01");
        CHECK(read("timestamptz", "tomorrow") == "2024-04-01 00:00:00+02");
    }

    TEST_CASE("what is stored is read back as it was")
    {
        for (const std::string_view text : {"0001-01-01 00:00:00",
                                            "9999-12-31 23:59:59.999999",
                                            "1999-12-31 23:59:59.5",
                                            "infinity",
                                            "-infinity"}) {
            CAPTURE(text);
            CHECK(to_text(at(text)) == text);
        }
        CHECK(to_text(parse_timestamptz("2024-02-29 12:00:00+00", {}).value()) ==
              "2024-02-29 12:00:00+00");
    }

    TEST_CASE("the order of stored texts is the order of time")
    {
        timestamp before = at("-infinity");
        std::string text_before = to_text(before);
        for (std::int64_t us = at("0001-01-01").microseconds; us < at("9990-01-01").microseconds;
             us += 777'777'777'777'777) {
            const std::string text = to_text(timestamp{us});
            CHECK(text_before < text);
            text_before = text;
        }
        CHECK(text_before < to_text(timestamp::infinity()));
    }

    TEST_CASE("every style prints as PostgreSQL does")
    {
        for (const styled_interval& each : styled_intervals) {
            CAPTURE(each.text);
            CAPTURE(each.style);
            CHECK(to_text(length(each.text), parse_interval_style(each.style).value()) ==
                  each.answer);
        }
        const timestamptz instant = parse_timestamptz("2024-07-01 01:02:03.5+02", {}).value();
        for (const styled_time& each : styled_times) {
            CAPTURE(each.style);
            const date_format format = date_format::parse(each.style).value();
            CHECK(to_text(instant, berlin(), format) == each.instant);
            CHECK(to_text(to_date(2024, 7, 1), format) == each.day);
        }
        CHECK(!date_format::parse("ISO, XYZ"));
    }

    TEST_CASE("months end where they end, and a day may have 23 hours")
    {
        CHECK(to_text(add(at("2024-01-31"), length("1 month")).value()) == "2024-02-29 00:00:00");
        CHECK(to_text(add(at("2024-02-29"), length("-1 year")).value()) == "2023-02-28 00:00:00");
        const timestamptz evening = parse_timestamptz("2024-03-30 12:00:00+01", {}).value();
        CHECK(to_text(add(evening, length("1 day"), berlin()).value(), berlin()) ==
              "2024-03-31 12:00:00+02");
        CHECK(to_text(add(evening, length("24 hours"), berlin()).value(), berlin()) ==
              "2024-03-31 13:00:00+02");
        CHECK(add(at("9999-12-31"), length("1 day")).error().code == sqlstate{"22008"});
        CHECK(to_text(age(at("2024-03-01"), at("2023-01-15"))) == "1 year 1 mon 17 days");
        CHECK(to_text(subtract(at("2024-03-01 01:00"), at("2024-02-28 02:00"))) ==
              "1 day 23:00:00");
    }

    TEST_CASE("intervals are equal when a month is 30 days and a day 24 hours")
    {
        CHECK(length("1 month") == length("30 days"));
        CHECK(length("1 day") == length("24:00:00"));
        CHECK(length("1 month") < length("31 days"));
        CHECK(to_text(multiply(length("1 month"), 0.5).value()) == "15 days");
        CHECK(divide(length("1 day"), 0).error().code == sqlstate{"22012"});
        CHECK(to_text(justify_interval(length("1 mon -1 hour"))) == "29 days 23:00:00");
    }

    TEST_CASE("fields and truncation")
    {
        const timestamp t = at("2024-12-30 13:14:15.5");
        const auto field = [t](std::string_view name) { return extract(name, t).value()->text(); };
        CHECK(field("second") == "15.500000");
        CHECK(field("isoyear") == "2025");
        CHECK(field("week") == "1");
        CHECK(field("dow") == "1");
        CHECK(field("epoch") == "1735564455.500000");
        CHECK(extract("fortnight", t).error().code == sqlstate{"22023"});
        CHECK(extract("hour", date{}).error().code == sqlstate{"0A000"});
        CHECK(!extract("day", timestamp::infinity()).value());
        CHECK(extract("year", timestamp::infinity()).value()->text() == "Infinity");
        CHECK(to_text(truncated("week", t).value()) == "2024-12-30 00:00:00");
        CHECK(to_text(truncated("century", t).value()) == "2001-01-01 00:00:00");
    }

    TEST_CASE("zones: by name in any case, as rules, and as abbreviations")
    {
        CHECK(time_zone::find("europe/berlin")->name() == "Europe/Berlin");
        CHECK(time_zone::find("Nowhere/City") == nullptr);
        CHECK(time_zone::find("../etc/passwd") == nullptr);
        CHECK(time_zone::find("UTC+3")->at_instant(0).seconds_east == -3 * 3600);
        CHECK(time_zone::from_setting("2.5")->name() == "<+02:30>-02:30");
        CHECK(time_zone::find("<+02:30>-02:30")->at_instant(0).seconds_east == 9000);
        CHECK(time_zone::from_abbreviation("cest")->at_instant(0).seconds_east == 7200);
        CHECK(time_zone::from_abbreviation("nope") == nullptr);
        // Far beyond the file's last change its rule goes on.
        CHECK(berlin().at_instant(at("3024-07-01").microseconds).abbreviation == "CEST");
        CHECK(berlin().at_instant(at("3024-01-01").microseconds).abbreviation == "CET");
    }
}
