// Types: what a literal, a parameter, an operator becomes.
#include "tests/pool/sqlite/dialect_fixture.hpp"

using namespace weir;
using namespace weir::sqlite;

namespace {

test::dialect_file one_table()
{
    test::dialect_file file;
    CHECK(
        file.run("CREATE TABLE t (i2 smallint, i4 int, i8 bigint, r real, d double precision, n "
                 "numeric(10,2), b boolean, s text, v varchar(5), c char(3), y bytea, da date, ti "
                 "time, ts timestamp, tz timestamptz, j json, jb jsonb, u uuid)") == "");
    return file;
}

std::string types(test::dialect_file& file, std::string_view sql)
{
    std::string all;
    const auto plan = file.analysed(sql).value();
    for (const result_column& each : plan->columns)
        all += (all.empty() ? "" : " ") + std::string(find_type(each.type)->name);
    return all;
}

std::string
parameters(test::dialect_file& file, std::string_view sql, const std::vector<oid>& given = {})
{
    const auto plan = file.analysed(sql, given);
    if (!plan)
        return std::string(plan.error().code.text()) + ' ' + plan.error().message;
    std::string all;
    for (const oid each : (*plan)->parameters)
        all += (all.empty() ? "" : " ") + std::string(find_type(each)->name);
    return all;
}

} // namespace

TEST_SUITE("sqlite dialect: types")
{
    TEST_CASE("expressions have PostgreSQL's types")
    {
        test::dialect_file file = one_table();
        struct expectation {
            std::string expression;
            std::string type;
        };
        const expectation cases[] = {
            {"1, 3000000000, 9223372036854775808, 1.5, 1e3, 'x', true, null",
             "int4 int8 numeric numeric numeric text bool text"},
            {"i2 + i2, i2 + i4, i4 + i8, i4 + 1.5, i4 / 2, i8 % 2, -i2",
             "int2 int4 int8 numeric int4 int8 int2"},
            {"i4 + d, r + r, r + d, n + d, n * i4, d ^ 2, 2 ^ 2",
             "float8 float4 float8 float8 numeric float8 float8"},
            {"sum(i2), sum(i4), sum(i8), sum(n), sum(d), sum(r)",
             "int8 int8 numeric numeric float8 float4"},
            {"avg(i4), avg(n), avg(d), count(*), min(i2), max(v), bool_and(b)",
             "numeric numeric float8 int8 int2 text bool"},
            {"s || v, i4 || s, s || i4, 'a' || 'b', upper(v), length(s), v, c",
             "text text text text text int4 varchar bpchar"},
            {"da + 1, da - da, da + interval '1 day', ts - ts, tz - interval '1h', ti + interval "
             "'1h', now(), current_date",
             "date int4 timestamp interval timestamptz time timestamptz date"},
            {"extract(year from ts), date_part('year', ts), date_trunc('day', tz), tz AT TIME ZONE "
             "'UTC', ts AT TIME ZONE 'UTC'",
             "numeric float8 timestamptz timestamp timestamptz"},
            {"j -> 'a', j ->> 'a', jb -> 0, jb #>> '{a,b}', jb @> '{}', jb ? 'a', to_json(i4)",
             "json text jsonb text bool bool json"},
            {"CASE WHEN b THEN 1 ELSE 2.5 END, coalesce(i4, 1.5), greatest(i2, i8), nullif(i4, 1)",
             "numeric numeric int8 int4"},
            {"round(n, 1), round(d), abs(i4), mod(i4, 2), ceil(n), sqrt(d), power(n, 2)",
             "numeric float8 int4 int4 numeric float8 numeric"},
            {"row_number() OVER (), rank() OVER (), ntile(2) OVER (), lag(s) OVER (), sum(i4) OVER "
             "()",
             "int8 int8 int4 text int8"},
            {"ARRAY[1, 2], ARRAY['a'], '{1}'::int[], (ARRAY[1])[1]", "_int4 _text _int4 int4"},
            {"i4 = 1, s LIKE 'a', s ~ 'a', i4 IN (1, 2), i4 IS NULL, b IS TRUE, i4 = ANY('{1}')",
             "bool bool bool bool bool bool bool"},
        };
        for (const expectation& each : cases) {
            CAPTURE(each.expression);
            CHECK(types(file, "SELECT " + each.expression + " FROM t") == each.type);
        }
    }

    TEST_CASE("a parameter takes its type from what stands around it")
    {
        test::dialect_file file = one_table();
        struct expectation {
            std::string sql;
            std::string types;
        };
        const expectation cases[] = {
            {"SELECT * FROM t WHERE i4 = $1 AND v = $2 AND n > $3", "int4 text numeric"},
            {"SELECT * FROM t WHERE i8 IN ($1, $2) AND i2 BETWEEN $3 AND $4",
             "int8 int8 int2 int2"},
            {"SELECT * FROM t WHERE i4 = ANY($1) AND v LIKE $2", "_int4 text"},
            {"INSERT INTO t (i2, v, ts, jb) VALUES ($1, $2, $3, $4)",
             "int2 varchar timestamp jsonb"},
            {"UPDATE t SET n = $1, c = $2 WHERE u = $3", "numeric bpchar uuid"},
            {"SELECT $1::int, $2::text, $3", "int4 text text"},
            {"SELECT $1 + 1, i4 + $2, s || $3 FROM t", "int4 int4 text"},
            {"SELECT * FROM t LIMIT $1 OFFSET $2", "int8 int8"},
            {"SELECT upper($1), coalesce($2, i4) FROM t", "text int4"},
            {"SELECT CASE WHEN $1 THEN i8 ELSE $2 END FROM t", "bool int8"},
            {"INSERT INTO t (i4, s) SELECT $1, $2", "int4 text"},
            {"SELECT i4 FROM t UNION SELECT $1", "int4"},
            {"SELECT $2::int", "42P18 could not determine data type of parameter $1"},
            {"SELECT i4 = $1, s = $1 FROM t", "42883 operator does not exist: text = integer"},
            {"SELECT $0", "42P02 there is no parameter $0"},
        };
        for (const expectation& each : cases) {
            CAPTURE(each.sql);
            CHECK(parameters(file, each.sql) == each.types);
        }
        CHECK(parameters(file, "SELECT * FROM t WHERE i8 = $1", {type::int2}) == "int2");
        CHECK(parameters(file, "SELECT * FROM t WHERE s = $1", {type::none}) == "text");
    }

    TEST_CASE("what does not fit together is refused with PostgreSQL's words")
    {
        test::dialect_file file = one_table();
        struct expectation {
            std::string sql;
            std::string error;
        };
        const expectation cases[] = {
            {"SELECT 1 = true", "42883 operator does not exist: integer = boolean"},
            {"SELECT s + 1 FROM t", "42883 operator does not exist: text + integer"},
            {"SELECT -s FROM t", "42883 operator does not exist: - text"},
            {"SELECT i4 = s FROM t", "42883 operator does not exist: integer = text"},
            {"SELECT j = j FROM t", "42883 operator does not exist: json = json"},
            {"SELECT nosuch(1, 'a')", "42883 function nosuch(integer, unknown) does not exist"},
            {"SELECT upper(1)", "42883 function upper(integer) does not exist"},
            {"SELECT sum(s) FROM t", "42883 function sum(text) does not exist"},
            {"SELECT * FROM t WHERE i4",
             "42804 argument of WHERE must be type boolean, not type integer"},
            {"SELECT CASE WHEN b THEN 1 ELSE s END FROM t",
             "42804 CASE types integer and text cannot be matched"},
            {"SELECT 1 UNION SELECT true",
             "42804 UNION types integer and boolean cannot be matched"},
            {"SELECT 1 UNION SELECT 1, 2",
             "42601 each UNION query must have the same number of columns"},
            {"UPDATE t SET i4 = true",
             "42804 column \"i4\" is of type integer but expression is of type boolean"},
            {"INSERT INTO t (b) VALUES (1)",
             "42804 column \"b\" is of type boolean but expression is of type integer"},
            {"INSERT INTO t (i4) VALUES (1, 2)",
             "42601 INSERT has more expressions than target columns"},
            {"INSERT INTO t (i4, i2) VALUES (1)",
             "42601 INSERT has more target columns than expressions"},
            {"SELECT 'x'::int", "22P02 invalid input syntax for type integer: \"x\""},
            {"SELECT i4 = 'x' FROM t", "22P02 invalid input syntax for type integer: \"x\""},
            {"SELECT 1::date", "42846 cannot cast type integer to date"},
            {"SELECT 1::nosuch", "42704 type \"nosuch\" does not exist"},
            {"SELECT 'a'::varchar(0)", "22023 length for type varchar must be at least 1"},
            {"SELECT i4, count(*) FROM t",
             "42803 column \"t.i4\" must appear in the GROUP BY clause or be used in an aggregate "
             "function"},
            {"SELECT * FROM t WHERE count(*) > 1",
             "42803 aggregate functions are not allowed in WHERE"},
            {"SELECT sum(sum(i4)) FROM t", "42803 aggregate function calls cannot be nested"},
            {"SELECT row_number() FROM t",
             "42809 window function row_number requires an OVER clause"},
            {"SELECT * FROM t WHERE row_number() OVER () > 1",
             "42P20 window functions are not allowed in WHERE"},
            {"SELECT DISTINCT i4 FROM t ORDER BY i8",
             "42P10 for SELECT DISTINCT, ORDER BY expressions must appear in select list"},
            {"SELECT (SELECT 1, 2)", "42601 subquery must return only one column"},
            {"SELECT 1 IN (SELECT 1, 2)", "42601 subquery has too many columns"},
            {"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT 2.5 FROM r) SELECT n FROM r",
             "42804 recursive query \"r\" column 1 has type integer in non-recursive term but type "
             "numeric overall"},
            {"SELECT 1 FROM", "42601 syntax error at end of input"},
        };
        for (const expectation& each : cases) {
            CAPTURE(each.sql);
            CHECK(file.refusal(each.sql) == each.error);
        }
        const error hinted = file.analysed("SELECT 1 = true").error();
        CHECK(hinted.position == 10);
        CHECK(hinted.hint ==
              "No operator matches the given name and argument types. You might need "
              "to add explicit type casts.");
    }
}
