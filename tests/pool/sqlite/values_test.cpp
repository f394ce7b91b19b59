#include "pool/sqlite/values.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir;
using namespace weir::sqlite;
using namespace std::string_literals;

namespace {

// What SQLite would hold for a text that a client sends, and what it sends back as text; or the
// SQLSTATE.
std::string through(std::string_view in, oid t, const output_settings& settings = {})
{
    std::string storage, out;
    const auto v = decode(in, t, wire_format::text, settings, storage);
    if (!v)
        return std::string{v.error().code.text()};
    encode(out, *v, t, wire_format::text, settings);
    return out;
}

std::string message(std::string_view in, oid t)
{
    std::string storage;
    const auto v = decode(in, t, wire_format::text, {}, storage);
    return v ? "" : v.error().message;
}

std::string to_binary(std::string_view text, oid t)
{
    std::string storage, out;
    const auto v = decode(text, t, wire_format::text, {}, storage);
    REQUIRE(v.has_value());
    encode(out, *v, t, wire_format::binary, {});
    return out;
}

std::string from_binary(std::string_view bytes, oid t)
{
    std::string storage, out;
    const auto v = decode(bytes, t, wire_format::binary, {}, storage);
    if (!v)
        return std::string{v.error().code.text()};
    encode(out, *v, t, wire_format::text, {});
    return out;
}

std::string shown(double d, oid t = type::float8, int extra_float_digits = 1)
{
    std::string out;
    output_settings settings;
    settings.extra_float_digits = extra_float_digits;
    encode(out, {.is = value::kind::real, .real = d}, t, wire_format::text, settings);
    return out;
}

} // namespace

TEST_SUITE("sqlite values")
{
    TEST_CASE("integers: white space is ignored, ranges are kept")
    {
        CHECK(through(" 42 ", type::int4) == "42");
        CHECK(through("+7", type::int2) == "7");
        CHECK(through("-32768", type::int2) == "-32768");
        CHECK(through("32768", type::int2) == "22003");
        CHECK(through("2147483648", type::int4) == "22003");
        CHECK(through("9223372036854775807", type::int8) == "9223372036854775807");
        CHECK(through("9223372036854775808", type::int8) == "22003");
        CHECK(through("4294967295", type::oid_) == "4294967295");
        for (const char* wrong : {"", " ", "x", "1x", "1.5", "--1", "+-1", "0x10"}) {
            CAPTURE(wrong);
            CHECK(through(wrong, type::int4) == "22P02");
        }
        CHECK(message("x", type::int4) == "invalid input syntax for type integer: \"x\"");
        CHECK(message("99999", type::int2) == "value \"99999\" is out of range for type smallint");
    }

    TEST_CASE("floats print the shortest text that reads back, as PostgreSQL does")
    {
        CHECK(shown(0.1) == "0.1");
        CHECK(shown(1.0) == "1");
        CHECK(shown(-0.0) == "-0");
        CHECK(shown(1e14) == "100000000000000");
        CHECK(shown(1e15) == "1e+15");
        CHECK(shown(1e20) == "1e+20");
        CHECK(shown(1.5e-5) == "1.5e-05");
        CHECK(shown(0.0001) == "0.0001");
        CHECK(shown(1.0 / 3) == "0.3333333333333333");
        CHECK(shown(1e300 * 1e10) == "Infinity");
        CHECK(shown(-1e300 * 1e10) == "-Infinity");
        CHECK(shown(1.0f / 3, type::float4) == "0.33333334");
        CHECK(shown(1e6, type::float4) == "1e+06");
        CHECK(shown(1.0 / 3, type::float8, 0) == "0.333333333333333");
        CHECK(through("1e400", type::float8) == "22003");
        CHECK(through("inf", type::float8) == "Infinity");
        CHECK(through("1,5", type::float8) == "22P02");
        CHECK(through("NaN", type::float8) == "0A000"); // SQLite would make NULL of it
    }

    TEST_CASE("numeric keeps its digits, in text and in binary")
    {
        CHECK(through("1.50", type::numeric) == "1.50");
        CHECK(through("-0.00", type::numeric) == "0.00");
        CHECK(through("1e3", type::numeric) == "1000");
        CHECK(through(".5", type::numeric) == "0.5");
        CHECK(through("NaN", type::numeric) == "NaN");
        CHECK(through("1.2.3", type::numeric) == "22P02");
        CHECK(to_binary("12345.678", type::numeric) == "\0\3\0\1\0\0\0\3\0\1\x09\x29\x1a\x7c"s);
        CHECK(to_binary("0", type::numeric) == "\0\0\0\0\0\0\0\0"s);
        const std::vector<std::string> texts{"0",
                                             "0.00",
                                             "1",
                                             "-1",
                                             "10000",
                                             "100000000",
                                             "0.0001",
                                             "0.00000001",
                                             "-12345.6789",
                                             "99999999999999999999.999999999999999999999",
                                             "1.10",
                                             "NaN",
                                             "Infinity",
                                             "-Infinity"};
        for (const std::string& text : texts) {
            CAPTURE(text);
            CHECK(from_binary(to_binary(text, type::numeric), type::numeric) == text);
        }
        CHECK(from_binary("\0\1\0\0"s, type::numeric) == "22P03");
        CHECK(from_binary("\0\1\0\0\0\0\0\0\x27\x10"s, type::numeric) == "22P03"); // digit 10000
    }

    TEST_CASE("booleans, as PostgreSQL reads them")
    {
        for (const char* yes : {"t", "true", "TRUE", " y", "yes", "on", "1"})
            CHECK(through(yes, type::boolean) == "t");
        for (const char* no : {"f", "fal", "no", "off", "of", "0"})
            CHECK(through(no, type::boolean) == "f");
        for (const char* wrong : {"", "o", "2", "truer"})
            CHECK(through(wrong, type::boolean) == "22P02");
        CHECK(to_binary("t", type::boolean) == "\1");
        CHECK(from_binary("\0"s, type::boolean) == "f");
    }

    TEST_CASE("texts are valid UTF-8 without NUL")
    {
        CHECK(through("žlutý", type::text) == "žlutý");
        CHECK(through("\xff", type::text) == "22021");
        CHECK(through("\xc0\x80", type::text) == "22021");     // overlong
        CHECK(through("\xed\xa0\x80", type::text) == "22021"); // a surrogate
        CHECK(through("a\0b"s, type::text) == "22021");
    }

    TEST_CASE("bytea: hex and escapes in, hex or escapes out")
    {
        CHECK(through("\\x00FFab", type::bytea) == "\\x00ffab");
        CHECK(through("a\\\\b\\001", type::bytea) == "\\x615c6201");
        CHECK(through("\\x0", type::bytea) == "22023");
        CHECK(through("\\xzz", type::bytea) == "22023");
        CHECK(through("\\9", type::bytea) == "22P02");
        output_settings escapes;
        escapes.bytea_output = "escape";
        CHECK(through("\\x00415c", type::bytea, escapes) == "\\000A\\\\");
        CHECK(from_binary("\0\1"s, type::bytea) == "\\x0001");
    }

    TEST_CASE("uuid: any usual spelling in, one spelling out")
    {
        const std::string id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        CHECK(through("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", type::uuid) == id);
        CHECK(through("{a0eebc999c0b4ef8bb6d6bb9bd380a11}", type::uuid) == id);
        CHECK(through("a0eebc99", type::uuid) == "22P02");
        CHECK(from_binary(to_binary(id, type::uuid), type::uuid) == id);
        CHECK(to_binary(id, type::uuid).size() == 16);
        CHECK(from_binary("short", type::uuid) == "22P03");
    }

    TEST_CASE("json is checked and kept; jsonb is brought into its normal form")
    {
        CHECK(through("{\"b\":1,  \"a\":[1,2]}", type::json) == "{\"b\":1,  \"a\":[1,2]}");
        CHECK(through("{\"bb\":1.50,\"a\":[1,{}],\"a\":null}", type::jsonb) ==
              "{\"a\": null, \"bb\": 1.50}");
        CHECK(through("\"\\u00e9\\n\\/\"", type::jsonb) == "\"é\\n/\"");
        CHECK(through("\"\\ud83d\\ude00\"", type::jsonb) == "\"😀\"");
        CHECK(through("1e2", type::jsonb) == "100");
        for (const char* wrong : {"", "{", "[1,]", "{\"a\"}", "01", "tru", "\"\\ud83d\"", "1 2"}) {
            CAPTURE(wrong);
            CHECK(through(wrong, type::json) == "22P02");
            CHECK(through(wrong, type::jsonb) == "22P02");
        }
        CHECK(through("\"\\u0000\"", type::jsonb) == "22P05");
        CHECK(through(std::string(20'000, '['), type::jsonb) == "54001");
        CHECK(to_binary("[1]", type::jsonb) == "\1[1]");
        CHECK(from_binary("\1[1]", type::jsonb) == "[1]");
        CHECK(from_binary("\2[1]", type::jsonb) == "22P03");
    }

    TEST_CASE("dates and times: text, binary, zones and styles")
    {
        CHECK(through("2024-02-29", type::date) == "2024-02-29");
        CHECK(through("2023-02-29", type::date) == "22008");
        CHECK(through("nonsense", type::date) == "22007");
        CHECK(to_binary("2000-01-02", type::date) == "\0\0\0\1"s);
        CHECK(from_binary("\xff\xff\xff\xff", type::date) == "1999-12-31");
        CHECK(through("13:14:15.500", type::time) == "13:14:15.5");
        CHECK(through("2024-02-29 13:14:15.123456", type::timestamp) ==
              "2024-02-29 13:14:15.123456");
        CHECK(to_binary("2000-01-01 00:00:01", type::timestamp) == "\0\0\0\0\0\x0f\x42\x40"s);
        CHECK(through("2024-07-01 12:00:00+02", type::timestamptz) == "2024-07-01 10:00:00+00");
        CHECK(through("infinity", type::timestamptz) == "infinity");
        CHECK(to_binary("infinity", type::timestamp) == "\x7f\xff\xff\xff\xff\xff\xff\xff");

        output_settings vienna;
        vienna.time_zone = "Europe/Vienna";
        CHECK(through("2024-07-01 12:00:00", type::timestamptz, vienna) ==
              "2024-07-01 12:00:00+02");
        CHECK(through("2024-01-01 12:00:00Z", type::timestamptz, vienna) ==
              "2024-01-01 13:00:00+01");
        output_settings european;
        european.date_style = "ISO, DMY";
        CHECK(through("01/02/2024", type::date, european) == "2024-02-01");
        CHECK(through("01/02/2024", type::date) == "2024-01-02");

        CHECK(from_binary("\x7f\xff\xff\x00\0\0\0\0"s, type::timestamp) == "22008");
        CHECK(from_binary("\0\0"s, type::timestamp) == "22P03");
        const std::string interval = "1 year 2 mons 3 days 04:05:06.5";
        CHECK(from_binary(to_binary(interval, type::interval), type::interval) == interval);
    }

    TEST_CASE("arrays go as text or element by element")
    {
        CHECK(to_binary("{1,NULL}", type::int4_array) ==
              "\0\0\0\1\0\0\0\1\0\0\0\x17\0\0\0\2\0\0\0\1\0\0\0\4\0\0\0\1\xff\xff\xff\xff"s);
        CHECK(from_binary(to_binary("{a,\"b \\\"c\",NULL,\"\"}", type::text_array),
                          type::text_array) == "{a,\"b \\\"c\",NULL,\"\"}");
        CHECK(from_binary(to_binary("{}", type::int4_array), type::int4_array) == "{}");
        CHECK(from_binary("\0\0\0\1"s, type::int4_array) == "22P03");
        CHECK(through(" { 1 , null,+3 } ", type::int4_array) == "{1,NULL,3}");
        CHECK(through("{ a b , \" c\", \\n}", type::text_array) == "{\"a b\",\" c\",n}");
        CHECK(through("{x}", type::int4_array) == "22P02");
        for (const char* wrong : {"", "1", "{", "{1", "{1,}", "{,1}", "{1}}", "{\"a}", "{1} x"}) {
            CAPTURE(wrong);
            CHECK(through(wrong, type::int4_array) == "22P02");
        }
        CHECK(through("{{1},{2}}", type::int4_array) == "0A000");
    }

    TEST_CASE("binary fields of a wrong length are refused, not read beyond")
    {
        const std::vector<oid> types{type::boolean,
                                     type::int2,
                                     type::int4,
                                     type::int8,
                                     type::float4,
                                     type::float8,
                                     type::numeric,
                                     type::uuid,
                                     type::date,
                                     type::time,
                                     type::timestamp,
                                     type::timestamptz,
                                     type::interval,
                                     type::jsonb,
                                     type::int4_array,
                                     type::oid_};
        for (const oid t : types)
            for (std::size_t size = 0; size < 40; ++size) {
                CAPTURE(static_cast<std::uint32_t>(t));
                CAPTURE(size);
                std::string storage;
                const auto v = decode(std::string(size, '\7'), t, wire_format::binary, {}, storage);
                if (!v) // 22P03 and its kind, or 42804 for another type's array
                    CHECK((v.error().code.text().starts_with("22") ||
                           v.error().code == sqlstate{"42804"}));
            }
    }
}
