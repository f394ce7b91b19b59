#include "daemon/migrations/statement_splitter.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace weir::migrations;

namespace {

std::vector<std::string> texts(std::string_view sql)
{
    const auto split = split_statements(sql);
    REQUIRE(split.has_value());
    std::vector<std::string> out;
    for (const statement& s : *split)
        out.push_back(s.text);
    return out;
}

using list = std::vector<std::string>;

} // namespace

TEST_SUITE("statement_splitter")
{
    TEST_CASE("a semicolon ends a statement where it is one, and nowhere else")
    {
        const std::vector<std::string> whole{
            "SELECT 1",
            "SELECT ';', 'it''s; so', ''",
            R"(SELECT 'back\', 1)",
            R"(SELECT E'it\'s; so', e'\\')",
            "SELECT E'a\\'b'\n  -- still the same string\n  'c\\';d'",
            "SELECT U&'d\\0061t\\+000061; x', U&\"d\\0061;\", B'1;', X'1;', N'a;'",
            R"(SELECT "a;b", "a"";b", "it's")",
            "SELECT $$a;b$$, $x$a;$$;b$x$, $_1$;$_1$",
            "SELECT a$b$ FROM t WHERE a$b$ = 1 -- ; here too\n AND c",
            "SELECT $1, a$1, $2$x$;$x$", // a parameter is not the start of a tag, nor is a name's
                                         // end
            "SELECT /* ; /* nested; */ ; */ 2",
            "SELECT 1 /* -- */ + 1 -- /* no comment\n + 1",
            "SELECT 3-- ;\n- 1",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $body$ SELECT 1; SELECT 2; $body$",
            "CREATE TABLE \xC3\xA4$1 (a int)",
        };
        for (const std::string& sql : whole) {
            CAPTURE(sql);
            CHECK(texts(sql) == list{sql});
            CHECK(texts(sql + ";\n" + sql + "\n;") == list{sql, sql});
        }
    }

    TEST_CASE("a body of BEGIN ATOMIC is one with its function, CASE and all")
    {
        const std::string body =
            "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql\n"
            "BEGIN ATOMIC\n  SELECT CASE a WHEN 1 THEN CASE WHEN true THEN 1 END ELSE 2 END;\n"
            "  SELECT 2;\nEND";
        CHECK(texts(body + "; SELECT 1") == list{body, "SELECT 1"});
        const std::string procedure =
            "create procedure p() begin atomic insert into t values (1); end";
        CHECK(texts(procedure + ";" + procedure) == list{procedure, procedure});
        // Elsewhere these are only words.
        CHECK(texts("BEGIN; SELECT 1; END") == list{"BEGIN", "SELECT 1", "END"});
        CHECK(texts("CREATE TABLE begin (atomic int); SELECT 2").size() == 2);
        CHECK(texts("CREATE FUNCTION begin() RETURNS int AS 'x'; SELECT 2").size() == 2);
        CHECK(texts("SELECT CASE WHEN a THEN 1 END; SELECT 2").size() == 2);
    }

    TEST_CASE("comments, white space and empty statements around the statements go")
    {
        CHECK(texts("").empty());
        CHECK(texts(" ;; \n -- nothing;\n /* ; */ ;").empty());
        CHECK(texts("-- first\n/* then */ SELECT 1 -- last\n;\n/* end */") == list{"SELECT 1"});
        CHECK(texts("SELECT 1;\r\nSELECT\r\n2;\r\n") == list{"SELECT 1", "SELECT\r\n2"});
    }

    TEST_CASE("a statement knows the line of its first word")
    {
        const auto split =
            split_statements("\n/* a\n */ SELECT\n 1; SELECT 'x\n\n';\n\n-- c\nEND", 10);
        REQUIRE(split.has_value());
        REQUIRE(split->size() == 3);
        CHECK((*split)[0].line == 12);
        CHECK((*split)[1].line == 13);
        CHECK((*split)[2].line == 18);
    }

    TEST_CASE("what never ends, or is not SQL, is refused with its line")
    {
        struct row {
            const char* sql;
            unsigned line;
            const char* problem;
        };
        for (const row& r : {
                 row{"SELECT 1;\nSELECT 'a\nb;\n", 2, "unterminated quoted string"},
                 row{"SELECT E'a\\';", 1, "unterminated quoted string"},
                 row{"\n\nSELECT E'\\", 3, "unterminated quoted string"},
                 row{"SELECT \"a;\n", 1, "unterminated quoted identifier"},
                 row{"\nSELECT $a$ $b$ $A$;", 2, "unterminated dollar-quoted string"},
                 row{"SELECT 1;\n\n/* /* */\n", 3, "unterminated /* comment"},
                 row{"/*", 1, "unterminated /* comment"},
                 row{"SELECT\n(1, (2);\nSELECT 3;", 2, "unterminated parenthesis"},
                 row{"CREATE FUNCTION f()\nBEGIN ATOMIC\nSELECT 1;",
                     2,
                     "unterminated BEGIN ATOMIC"},
                 row{"\\restrict abc\n", 1, "backslash commands are psql's"},
                 row{"SELECT 1;\n\\connect other", 2, "backslash commands are psql's"},
                 row{"SELECT 1 \\gexec", 1, "backslash commands are psql's"},
                 row{"SELECT 1;\nCOPY t (a, b)\nFROM stdin;\n1\t2\n\\.\n", 2, "COPY FROM stdin"},
                 row{"copy t from STDIN", 1, "COPY FROM stdin"},
             }) {
            CAPTURE(r.sql);
            const auto split = split_statements(r.sql);
            REQUIRE_FALSE(split.has_value());
            CHECK(split.error().line == r.line);
            CAPTURE(split.error().problem);
            CHECK(split.error().problem.starts_with(r.problem));
        }
    }

    TEST_CASE("COPY that needs no data is SQL like any other")
    {
        CHECK(texts("COPY t FROM '/srv/stdin'; COPY (SELECT a FROM stdin) TO '/x'").size() == 2);
        CHECK(texts("SELECT a FROM stdin").size() == 1);
    }

    TEST_CASE("the first words, in lower case, comments or not")
    {
        CHECK(first_words("/* a */ Create -- b\n INDEX concurrently i ON t (a)", 3) ==
              list{"create", "index", "concurrently"});
        CHECK(first_words("SELECT 1", 3) == list{"select"});
        CHECK(first_words("'x", 1).empty());
    }
}
