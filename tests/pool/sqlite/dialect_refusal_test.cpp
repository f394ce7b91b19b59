// What weir does not do is refused by name, never guessed and never handed to SQLite as it is.
#include "tests/pool/sqlite/dialect_fixture.hpp"

using namespace weir;
using namespace weir::sqlite;

TEST_SUITE("sqlite dialect: refusals")
{
    TEST_CASE("a feature that is not there is 0A000 with its name")
    {
        test::dialect_file file;
        REQUIRE(file.run("CREATE TABLE t (a int, b text)") == "");
        REQUIRE(file.run("CREATE VIEW v AS SELECT a FROM t") == "");
        struct expectation {
            std::string sql;
            std::string feature;
        };
        const expectation cases[] = {
            {"SELECT * FROM t, LATERAL (SELECT t.a) x", "LATERAL"},
            {"SELECT * FROM t, generate_series(1, t.a)", "LATERAL"},
            {"SELECT 1 INTERSECT ALL SELECT 1", "INTERSECT ALL"},
            {"SELECT 1 EXCEPT ALL SELECT 1", "EXCEPT ALL"},
            {"SELECT a FROM t GROUP BY ROLLUP (a)", "GROUPING SETS"},
            {"SELECT a FROM t WHERE b SIMILAR TO 'x'", "SIMILAR TO"},
            {"SELECT t FROM t", "a whole row as a value"},
            {"SELECT ROW(1, 2)", "ROW outside a comparison"},
            {"SELECT a FROM t TABLESAMPLE SYSTEM (10)", "TABLESAMPLE"},
            {"SELECT a FROM t ORDER BY a FETCH FIRST 1 ROWS WITH TIES", "FETCH FIRST WITH TIES"},
            {"SELECT * FROM generate_series(1, 2) WITH ORDINALITY", "WITH ORDINALITY"},
            {"SELECT generate_series(1, 2)", "a set of rows from generate_series outside FROM"},
            {"SELECT string_agg(b, ',' ORDER BY b) FROM t", "ORDER BY in string_agg"},
            {"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t", "WITHIN GROUP"},
            {"SELECT stddev(a) FROM t", "function stddev"},
            {"SELECT to_tsvector('a')", "function to_tsvector"},
            {"SELECT a FROM t WHERE b COLLATE \"en_US\" = 'x'", "collation \"en_US\""},
            {"SELECT B'101'", "a bit string"},
            {"SELECT '127.0.0.1'::inet", "type inet"},
            {"SELECT ctid FROM t", "the system column ctid"},
            {"SELECT 1 INTO x", "SELECT INTO"},
            {"SELECT 2 > ANY (SELECT 1)", "ANY of a subquery but with ="},
            {"WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x",
             "a statement that changes data inside WITH"},
            {"INSERT INTO v VALUES (1)", "changing the view \"v\""},
            {"UPDATE t SET a = x.a FROM t x RETURNING x.a", "RETURNING of another table's column"},
            {"UPDATE t SET (a, b) = (SELECT 1, 'x')", "an assignment of a subquery's row"},
            {"MERGE INTO t USING v ON true WHEN MATCHED THEN DELETE", "MERGE"},
            {"COPY t FROM stdin", "COPY"},
            {"EXPLAIN SELECT 1", "EXPLAIN"},
            {"PREPARE x AS SELECT 1", "PREPARE"},
            {"EXECUTE x", "EXECUTE"},
            {"DECLARE c CURSOR WITH HOLD FOR SELECT 1", "a cursor WITH HOLD"},
            {"LISTEN x", "LISTEN"},
            {"NOTIFY x", "NOTIFY"},
            {"DO $$ BEGIN END $$", "DO"},
            {"CALL x()", "CALL"},
            {"GRANT SELECT ON t TO x", "GrantStmt"},
            {"TRUNCATE t, t", "TRUNCATE of several tables"},
            {"SELECT array[1] || 2", "operator anyarray || anynonarray"},
            {"SELECT to_char(1, '9')", "function to_char(integer, unknown)"},
        };
        for (const expectation& each : cases) {
            CAPTURE(each.sql);
            CHECK(file.refusal(each.sql) ==
                  "0A000 " + each.feature + " is not supported on a SQLite file");
        }
    }

    TEST_CASE("nesting without end is an error, not a crash")
    {
        test::dialect_file file;
        const auto repeated = [](std::size_t times, std::string_view text) {
            std::string all;
            for (std::size_t i = 0; i < times; ++i)
                all += text;
            return all;
        };
        constexpr std::size_t many = 100'000;
        const std::string cases[] = {
            "SELECT 1" + repeated(many, "+1"),
            "SELECT 1" + repeated(many, "::int"),
            "SELECT " + repeated(many, "NOT ") + "true",
            "SELECT " + repeated(many, "- ") + "1",
            "SELECT " + repeated(many, "(") + "1" + repeated(many, ")"),
            repeated(many, "SELECT (") + "SELECT 1" + repeated(many, ")"),
            "SELECT 1, 2" + repeated(many, " UNION SELECT 1, 2"),
            "SELECT 1 FROM t" + repeated(many, " JOIN t ON a = 1 AND b = 1"),
            "SELECT " + repeated(many, "CASE WHEN true THEN ") + "1" + repeated(many, " END"),
            "SELECT 1 IS NULL" + repeated(many, " IS NULL"),
            "SELECT E'\\'' " + repeated(many, "+1"),
            "SELECT '' /* ' */ " + repeated(many, "+1"),
            "SELECT $a$'$a$ -- '\n" + repeated(many, "+1"),
        };
        for (const std::string& each : cases) {
            CAPTURE(each.substr(0, 40));
            CHECK(file.refusal(each) == "54001 stack depth limit exceeded");
        }
        CHECK(file.refusal("SELECT 1" + repeated(700, "+1")) == "54001 stack depth limit exceeded");
    }

    TEST_CASE("what is long but flat is no nesting")
    {
        test::dialect_file file;
        REQUIRE(file.run("CREATE TABLE t (a int, b text)") == "");
        std::string wide = "SELECT 1 WHERE 1 = 0";
        std::string rows = "INSERT INTO t VALUES (-1, '+((((')";
        std::string cases = "SELECT CASE 2999";
        for (int i = 0; i < 3'000; ++i) {
            wide += " OR 1 = " + std::to_string(i);
            rows += ", (" + std::to_string(i) + " - 1, '((+--')";
            cases += " WHEN " + std::to_string(i) + " THEN " + std::to_string(i) + " + 1";
        }
        CHECK(file.run(wide) == "1");
        CHECK(file.run(rows) == "");
        CHECK(file.run("SELECT count(*) FROM t") == "3001");
        CHECK(file.run(cases + " END") == "3000");
    }
}
