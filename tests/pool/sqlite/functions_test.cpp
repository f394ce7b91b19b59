// PostgreSQL's functions, operators and casts as a client sees them: each expression is analysed,
// run and printed, and has to give what PostgreSQL 15 gave (Europe/Berlin, C.UTF-8).
#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/dialect/cast_table.hpp"
#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/operator_table.hpp"
#include "pool/sqlite/dialect/parse_tree.hpp"
#include "pool/sqlite/dialect/statement.hpp"
#include "pool/sqlite/functions.hpp"
#include "pool/sqlite/values.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

using namespace weir;
using namespace weir::sqlite;

namespace {

struct expectation {
    std::string_view expression;
    std::string_view answer; // NULL, or ERROR with its code
};

const expectation expectations[] = {
    {"1 + 2", "3"},
    {"2147483647 + 1", "ERROR 22003: integer out of range"},
    {"9223372036854775807 + 1", "ERROR 22003: bigint out of range"},
    {"-9223372036854775808 - 1", "ERROR 22003: bigint out of range"},
    {"3037000500 * 3037000500", "ERROR 22003: bigint out of range"},
    {"7 / 2", "3"},
    {"-7 / 2", "-3"},
    {"-7 % 3", "-1"},
    {"1 / 0", "ERROR 22012: division by zero"},
    {"5 % 0", "ERROR 22012: division by zero"},
    {"1 << 33", "2"},
    {"-16 >> 2", "-4"},
    {"abs(-5)", "5"},
    {"1.5 + 2.25", "3.75"},
    {"1.10 * 2.0", "2.200"},
    {"1 / 3.0", "0.33333333333333333333"},
    {"10.0 / 4", "2.5000000000000000"},
    {"2 ^ 10", "1024"},
    {"2.0::numeric ^ 0.5", "1.4142135623730950"},
    {"round(2.5)", "3"},
    {"round(-2.5)", "-3"},
    {"round(2.567, 2)", "2.57"},
    {"round(1234.5, -2)", "1200"},
    {"trunc(2.567, 1)", "2.5"},
    {"ceil(1.2)", "2"},
    {"floor(-1.2)", "-2"},
    {"sqrt(2::numeric)", "1.414213562373095"},
    {"sign(-3.2)", "-1"},
    {"mod(10, 3)", "1"},
    {"div(7.5, 2)", "3"},
    {"power(2, 3)", "8"},
    {"1.5::float8 + 0.1::float8", "1.6"},
    {"1e308::float8 * 10", "ERROR 22003: value out of range: overflow"},
    {"1e-308::float8 * 1e-10", "1e-318"},
    {"1::float8 / 0", "ERROR 22012: division by zero"},
    {"2.5::int", "3"},
    {"3.5::int", "4"},
    {"'2.5'::numeric::int", "3"},
    {"2.5::float8::int", "2"},
    {"'12345.678'::numeric(7,2)", "12345.68"},
    {"'12345.678'::numeric(5,2)", "ERROR 22003: numeric field overflow"},
    {"70000::int2", "ERROR 22003: smallint out of range"},
    {"'abc'::int", "ERROR 22P02: invalid input syntax for type integer: \"abc\""},
    {"'0x'::int", "ERROR 22P02: invalid input syntax for type integer: \"0x\""},
    {"' 42 '::int", "42"},
    {"'1e3'::numeric", "1000"},
    {"'NaN'::numeric + 1", "NaN"},
    {"'Infinity'::numeric", "Infinity"},
    {"true::int", "1"},
    {"'t'::boolean", "t"},
    {"'yes'::boolean", "t"},
    {"'maybe'::boolean", "ERROR 22P02: invalid input syntax for type boolean: \"maybe\""},
    {"1.0::float8", "1"},
    {"0.1::float4", "0.1"},
    {"1e20::float8", "1e+20"},
    {"exp(1.0)", "2.7182818284590452"},
    {"ln(2.0)", "0.6931471805599453"},
    {"log(2.0, 64.0)", "6.0000000000000000"},
    {"log(100.0)", "2.0000000000000000"},
    {"scale(1.50)", "2"},
    {"trim_scale(1.500)", "1.5"},
    {"justify_days(interval '35 days')", "1 mon 5 days"},
    {"justify_hours(interval '27 hours')", "1 day 03:00:00"},
    {"justify_interval(interval '1 mon -1 hour')", "29 days 23:00:00"},
    {"lower('ÄÖÜ Straße')", "äöü straße"},
    {"upper('äöü')", "ÄÖÜ"},
    {"initcap('hello wORLD foo-bar')", "Hello World Foo-Bar"},
    {"length('héllo')", "5"},
    {"octet_length('héllo')", "6"},
    {"substring('héllo', 2, 3)", "éll"},
    {"substring('hello', -1, 4)", "he"},
    {"substring('hello', 2, -1)", "ERROR 22011: negative substring length not allowed"},
    {"substring('foobar' from 'o(.)b')", "o"},
    {"substring('foobar' from 'o.b')", "oob"},
    {"position('lo' in 'hello')", "4"},
    {"trim('  x  ')", "x"},
    {"ltrim('xxabc', 'x')", "abc"},
    {"replace('aXbX', 'X', '--')", "a--b--"},
    {"left('héllo', 2)", "hé"},
    {"left('hello', -2)", "hel"},
    {"right('hello', 3)", "llo"},
    {"right('hello', -2)", "llo"},
    {"lpad('7', 3, '0')", "007"},
    {"rpad('abc', 5, 'xy')", "abcxy"},
    {"lpad('hello', 2)", "he"},
    {"repeat('ab', 3)", "ababab"},
    {"reverse('héllo')", "olléh"},
    {"translate('12345', '143', 'ax')", "a2x5"},
    {"overlay('Txxxxas' placing 'hom' from 2 for 4)", "Thomas"},
    {"concat('a', NULL, 1, true)", "a1t"},
    {"concat_ws(',', 'a', NULL, 'b')", "a,b"},
    {"format('Hello %s, %I = %L %%', 'x', 'My Col', 'it''s')", "Hello x, \"My Col\" = 'it''s' %"},
    {"format('%2$s %1$s|%-5s|%5s', 'a', 'b')", "ERROR 22023: too few arguments for format()"},
    {"split_part('a,b,c', ',', 2)", "b"},
    {"split_part('a,b,c', ',', -1)", "c"},
    {"ascii('é')", "233"},
    {"chr(233)", "é"},
    {"to_hex(255)", "ff"},
    {"md5('hello')", "5d41402abc4b2a76b9719d911017c592"},
    {"sha256('hello'::bytea)",
     "\\x2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},
    {"encode('hello'::bytea, 'base64')", "aGVsbG8="},
    {"encode('\\x00ff41'::bytea, 'escape')", "\\000\\377A"},
    {"decode('68656c6c6f', 'hex')", "\\x68656c6c6f"},
    {"decode('aGVsbG8=', 'base64')", "\\x68656c6c6f"},
    {"quote_ident('Foo')", "\"Foo\""},
    {"quote_ident('foo')", "foo"},
    {"quote_ident('select')", "\"select\""},
    {"quote_literal('it''s')", "'it''s'"},
    {"quote_literal('a\\b')", "E'a\\\\b'"},
    {"'hello' LIKE 'h%o'", "t"},
    {"'hello' LIKE 'H%'", "f"},
    {"'hello' ILIKE 'H_L%'", "t"},
    {"'100%' LIKE '100!%' ESCAPE '!'", "t"},
    {"'héllo' LIKE 'h_llo'", "t"},
    {"'abc' ~ '^a.c$'", "t"},
    {"'aBc' ~* 'abc'", "t"},
    {"'abc1' ~ '\\d'", "t"},
    {"'foo bar' ~ '\\mbar\\M'", "t"},
    {"regexp_replace('foo123bar', '[0-9]+', '#')", "foo#bar"},
    {"regexp_replace('a1b2', '(\\w)(\\d)', '\\2\\1', 'g')", "1a2b"},
    {"regexp_replace('abc', '', '-', 'g')", "-a-b-c-"},
    {"'2024-02-29'::date", "2024-02-29"},
    {"'2023-02-29'::date", "ERROR 22008: date/time field value out of range: \"2023-02-29\""},
    {"'Feb 29 2024'::date", "2024-02-29"},
    {"'2024-02-29'::date + 1", "2024-03-01"},
    {"'2024-03-01'::date - '2024-02-01'::date", "29"},
    {"'2024-01-31'::timestamp + interval '1 month'", "2024-02-29 00:00:00"},
    {"'2024-03-31 12:00'::timestamp - '2024-02-29 13:30'::timestamp", "30 days 22:30:00"},
    {"date_trunc('month', '2024-02-29 13:14:15'::timestamp)", "2024-02-01 00:00:00"},
    {"date_trunc('foo', '2024-02-29'::timestamp)",
     "ERROR 22023: unit \"foo\" not recognized for type timestamp without time zone"},
    {"extract(year from '2024-02-29'::date)", "2024"},
    {"extract(epoch from '2024-02-29 13:14:15.5'::timestamp)", "1709212455.500000"},
    {"extract(second from '2024-02-29 13:14:15.5'::timestamp)", "15.500000"},
    {"extract(dow from '2024-02-29'::date)", "4"},
    {"date_part('hour', '2024-02-29 13:14:15'::timestamp)", "13"},
    {"age('2024-03-01'::timestamp, '2023-01-15'::timestamp)", "1 year 1 mon 17 days"},
    {"'2024-02-29 12:00+02'::timestamptz", "2024-02-29 11:00:00+01"},
    {"'2024-02-29 12:00'::timestamptz at time zone 'America/New_York'", "2024-02-29 06:00:00"},
    {"'2024-07-01 12:00'::timestamp at time zone 'Europe/Berlin'", "2024-07-01 12:00:00+02"},
    {"'2024-02-29 13:14:15.123456'::timestamp(2)", "2024-02-29 13:14:15.12"},
    {"'13:14:15.678'::time", "13:14:15.678"},
    {"'1 day 2 hours'::interval", "1 day 02:00:00"},
    {"interval '1 day' * 1.5", "1 day 12:00:00"},
    {"interval '1 month' / 2", "15 days"},
    {"interval '90 minutes' + interval '1 day'", "1 day 01:30:00"},
    {"'2024-02-29'::date = '2024-02-29 00:00'::timestamp", "t"},
    {"to_char('2024-02-09 13:04:05.678'::timestamp, 'YYYY-MM-DD HH24:MI:SS.MS')",
     "2024-02-09 13:04:05.678"},
    {"to_char('2024-02-09 13:04:05'::timestamp, 'FMDay, DDth FMMonth YYYY HH12:MI AM')",
     "Friday, 09th February 2024 01:04 PM"},
    {"to_char('2024-02-09 13:04:05'::timestamp, 'Mon Dy Q IW DDD')", "Feb Fri 1 06 040"},
    {"to_timestamp(1709212455.5)", "2024-02-29 14:14:15.5+01"},
    {"make_date(2024, 2, 29)", "2024-02-29"},
    {"make_date(2023, 2, 29)", "ERROR 22008: date field value out of range: 2023-02-29"},
    {"'infinity'::timestamp", "infinity"},
    {"'{\"b\": 1, \"a\": [1, 2.50, \"x\"]}'::jsonb", "{\"a\": [1, 2.50, \"x\"], \"b\": 1}"},
    {"'{\"b\": 1, \"a\": [1, 2.50, \"x\"]}'::json", "{\"b\": 1, \"a\": [1, 2.50, \"x\"]}"},
    {"'{\"b\": 1, \"b\": 2}'::jsonb", "{\"b\": 2}"},
    {"'{\"a\": {\"b\": [10, 20]}}'::jsonb -> 'a' -> 'b' -> 1", "20"},
    {"'{\"a\": \"x\\\"y\"}'::json ->> 'a'", "x\"y"},
    {"'{\"a\": null}'::jsonb ->> 'a'", "NULL"},
    {"'[1,2,3]'::jsonb -> -1", "3"},
    {"'{\"a\": {\"b\": 5}}'::jsonb #>> '{a,b}'", "5"},
    {"'{\"a\": 1, \"b\": 2}'::jsonb @> '{\"b\": 2.0}'", "t"},
    {"'[1, [2, 3]]'::jsonb @> '[[3]]'", "t"},
    {"'[1,2]'::jsonb @> '1'", "t"},
    {"'{\"a\": 1}'::jsonb ? 'a'", "t"},
    {"'[\"a\", \"b\"]'::jsonb ? 'b'", "t"},
    {"'{\"a\": 1}'::jsonb || '{\"b\": 2}'", "{\"a\": 1, \"b\": 2}"},
    {"'[1]'::jsonb || '2'", "[1, 2]"},
    {"'{\"a\": 1, \"b\": 2}'::jsonb - 'a'", "{\"b\": 2}"},
    {"'[1,2,3]'::jsonb - 1", "[1, 3]"},
    {"jsonb_set('{\"a\": [1, 2]}', '{a,1}', '\"x\"')", "{\"a\": [1, \"x\"]}"},
    {"jsonb_set('{\"a\": 1}', '{b}', '2')", "{\"a\": 1, \"b\": 2}"},
    {"jsonb_strip_nulls('{\"a\": null, \"b\": {\"c\": null, \"d\": 1}}')", "{\"b\": {\"d\": 1}}"},
    {"jsonb_pretty('{\"a\": [1, {\"b\": 2}]}')",
     "{\n    \"a\": [\n        1,\n        {\n            \"b\": 2\n        }\n    ]\n}"},
    {"jsonb_array_length('[1,2,3]')", "3"},
    {"jsonb_typeof('{\"a\":1}')", "object"},
    {"json_build_object('a', 1, 'b', 'x', 'c', true)", "{\"a\" : 1, \"b\" : \"x\", \"c\" : true}"},
    {"jsonb_build_object('b', 1, 'a', NULL)", "{\"a\": null, \"b\": 1}"},
    {"json_build_array(1, 'a', NULL)", "[1, \"a\", null]"},
    {"to_jsonb('x'::text)", "\"x\""},
    {"to_json(1.50)", "1.50"},
    {"('{\"a\": 1.5}'::jsonb -> 'a')::numeric", "1.5"},
    {"'{bad'::json", "ERROR 22P02: invalid input syntax for type json"},
    {"'abc'::varchar(2)", "ab"},
    {"'abc'::char(5) || 'x'", "abcx"},
    {"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"'A0EEBC999C0B4EF8BB6D6BB9BD380A11'::uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"'zz'::uuid", "ERROR 22P02: invalid input syntax for type uuid: \"zz\""},
    {"'\\xdeadbeef'::bytea", "\\xdeadbeef"},
    {"ARRAY[1,2,3]", "{1,2,3}"},
    {"ARRAY['a','b c',NULL]", "{a,\"b c\",NULL}"},
    {"(ARRAY[10,20])[2]", "20"},
    {"array_length(ARRAY[1,2,3], 1)", "3"},
    {"array_to_string(ARRAY['a',NULL,'b'], ',')", "a,b"},
    {"string_to_array('a,b', ',')", "{a,b}"},
    {"2 = ANY(ARRAY[1,2])", "t"},
    {"cardinality(ARRAY[]::int[])", "0"},
    {"coalesce(NULL, 'x')", "x"},
    {"nullif(1, 1)", "NULL"},
    {"greatest(1, 3, NULL, 2)", "3"},
    {"format_type(1043, 14)", "character varying(10)"},
    {"format_type(1700, 655366)", "numeric(10,2)"},
    {"format_type(1114, 3)", "timestamp(3) without time zone"},
    {"1 IN (1,2,NULL)", "t"},
    {"3 IN (1,2,NULL)", "NULL"},
    {"NULL::int + 1", "NULL"},
    {"(SELECT sum(x) FROM (VALUES (1.10), (2.205), (3)) v(x))", "6.305"},
    {"(SELECT avg(x) FROM (VALUES (1), (2), (4)) v(x))", "2.3333333333333333"},
    {"(SELECT array_agg(x) FROM (VALUES (1), (NULL), (3)) v(x))", "{1,NULL,3}"},
    {"(SELECT json_agg(x) FROM (VALUES (1), (NULL)) v(x))", "[1, null]"},
    {"(SELECT json_object_agg(k, v) FROM (VALUES ('a', 1), ('b', 2)) t(k, v))",
     "{ \"a\" : 1, \"b\" : 2 }"},
    {"(SELECT bool_and(x) FROM (VALUES (true), (false)) v(x))", "f"},
    {"(SELECT max(x) FROM (VALUES (9.5), (10.25)) v(x))", "10.25"},
    {"(SELECT sum(x) FROM (VALUES (9223372036854775807), (1)) v(x))", "9223372036854775808"},
    {"(SELECT x FROM (VALUES (1), (2)) v(x))",
     "ERROR 21000: more than one row returned by a subquery used as an expression"},
};

class berlin {
public:
    berlin()
    {
        context_.time_zone = "Europe/Berlin";
        register_functions(db_, &context_).value();
        catalog::install(db_).value();
        tables_ = catalog::load(db_).value();
    }

    std::string ask(std::string_view expression)
    {
        const auto answer = try_to_ask("SELECT " + std::string(expression));
        if (!answer)
            return "ERROR " + std::string(answer.error().code.text()) + ": " +
                   answer.error().message;
        return *answer;
    }

    connection& db() { return db_; }

private:
    result<std::string> try_to_ask(const std::string& sql)
    {
        const auto tree = parse_tree::parse(sql);
        if (!tree)
            return tree.error();
        const auto analysed = analyse(*tree, 0, {}, *tables_, {.time_zone = context_.time_zone});
        if (!analysed)
            return analysed.error();
        CAPTURE((*analysed)->sql);
        auto query = db_.prepare((*analysed)->sql);
        if (!query)
            return query.error();
        const auto stepped = query->step();
        if (!stepped)
            return stepped.error();
        const value answer = query->column(0);
        if (answer.is == value::kind::null)
            return std::string("NULL");
        output_settings settings;
        settings.time_zone = context_.time_zone;
        std::string out;
        encode(out, answer, (*analysed)->columns[0].type, wire_format::text, settings);
        return out;
    }

    function_context context_;
    connection db_ = connection::open(":memory:").value();
    std::shared_ptr<const catalog> tables_;
};

// pg_like(%1, %2) names pg_like.
void collect_names(std::string_view sql, std::set<std::string>& into)
{
    for (std::size_t at = 0; (at = sql.find("pg_", at)) != std::string_view::npos;) {
        const std::size_t end = sql.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", at);
        if (end != std::string_view::npos && sql[end] == '(')
            into.emplace(sql.substr(at, end - at));
        at = std::min(end, sql.size());
    }
}

} // namespace

TEST_SUITE("sqlite functions")
{
    TEST_CASE("expressions give PostgreSQL's answers")
    {
        berlin server;
        for (const expectation& each : expectations) {
            CAPTURE(each.expression);
            CHECK(server.ask(each.expression) == each.answer);
        }
    }

    TEST_CASE("every function that the dialect's tables name is registered")
    {
        std::set<std::string> names;
        for (const function_entry& each : function_table())
            collect_names(each.sqlite, names);
        for (const operator_entry& each : operator_table())
            collect_names(each.sqlite, names);
        for (const cast_entry& each : cast_table())
            collect_names(each.sqlite, names);
        for (const modifier_entry& each : modifier_table()) {
            collect_names(each.stored, names);
            collect_names(each.asked, names);
        }
        for (const std::string_view each : form::all)
            collect_names(each, names);
        REQUIRE(names.size() > 100);
        berlin server;
        statement known =
            server.db().prepare("SELECT 1 FROM pragma_function_list WHERE name = ?1").value();
        for (const std::string& name : names) {
            CAPTURE(name);
            known.bind(1, {.is = value::kind::text, .bytes = name});
            CHECK(known.step().value() == step_result::row);
            known.reset();
        }
    }

    TEST_CASE("an error travels through SQLite with its code, detail and hint")
    {
        berlin server;
        const auto failed = server.db().execute("SELECT pg_numeric_fit('12345.678', 5, 2)");
        REQUIRE(failed.has_error());
        CHECK(failed.error().code == sqlstate{"22003"});
        CHECK(failed.error().message == "numeric field overflow");
        CHECK(failed.error().detail ==
              "A field with precision 5, scale 2 must round to an absolute value less than 10^3.");
        const error with_hint = error_from_function("22023:message\x1f\x1fhint");
        CHECK(with_hint.message == "message");
        CHECK(with_hint.detail.empty());
        CHECK(with_hint.hint == "hint");
    }

    TEST_CASE("numerics are ordered by value, whatever their scale")
    {
        berlin server;
        statement query = server.db()
                              .prepare("SELECT group_concat(column1, ' ') FROM (SELECT * FROM "
                                       "(VALUES ('10'), ('9.5'), ('-3'), ('NaN'), ('9.50'), "
                                       "('-Infinity')) ORDER BY column1 COLLATE pg_numeric)")
                              .value();
        REQUIRE(query.step().value() == step_result::row);
        CHECK(query.column(0).bytes == "-Infinity -3 9.5 9.50 10 NaN");
    }

    TEST_CASE("a sum over a window's frame forgets the rows that left it")
    {
        berlin server;
        statement query =
            server.db()
                .prepare(
                    "SELECT group_concat(s, ' ') FROM (SELECT pg_numeric_sum(x) OVER (ORDER BY "
                    "n ROWS 1 PRECEDING) s FROM (SELECT column1 n, column2 x FROM (VALUES (1, "
                    "'1.25'), (2, 'NaN'), (3, '2'), (4, '3'))))")
                .value();
        REQUIRE(query.step().value() == step_result::row);
        CHECK(query.column(0).bytes == "1.25 NaN NaN 5");
    }
}
