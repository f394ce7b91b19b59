#include "pool/pgwire/channel_script.hpp"
#include "pool/pgwire/easy_statement.hpp"
#include "pool/pgwire/statement_text.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: statement text");

namespace {

using enum statement_trait;

struct expectation {
    std::string sql;
    statement_trait trait;
    std::string name = {};
};

// Settings by name, "any", "unseen", then what begins (+), ends (-) or perhaps does either (?).
std::string in_words(const session_effects& effects)
{
    std::string out;
    const auto add = [&](std::string_view word, const char* mark = "") {
        out.append(out.empty() ? "" : " ").append(mark).append(word);
    };
    for (const std::string& name : effects.settings)
        add(name);
    if (effects.any_setting)
        add("any");
    if (effects.unseen_settings)
        add("unseen");
    effects.begins.each([&](state_kind kind) { add(to_string(kind), "+"); });
    effects.ends.each([&](state_kind kind) { add(to_string(kind), "-"); });
    effects.perhaps.each([&](state_kind kind) { add(to_string(kind), "?"); });
    return out;
}

void check_effects(std::initializer_list<std::pair<std::string, std::string>> all)
{
    for (const auto& one : all) {
        CAPTURE(one.first);
        CHECK(in_words(classify(one.first).effects) == one.second);
    }
}

const std::string all_kinds =
    "any unseen ?temp_tables ?hold_cursors ?advisory_locks ?prepare ?listen";

void check(std::initializer_list<expectation> all)
{
    for (const expectation& one : all) {
        CAPTURE(one.sql);
        const statement_words words = classify(one.sql);
        CHECK(static_cast<int>(words.trait) == static_cast<int>(one.trait));
        CHECK(words.name == one.name);
    }
}

} // namespace

TEST_CASE("most statements are plain")
{
    check({
        {"", plain},
        {";", plain},
        {"   ", plain},
        {"SELECT 1", plain},
        {"select 'PREPARE'", plain},
        {"DELETE FROM t", plain},
        {"DECLARE c CURSOR FOR SELECT 1", plain},
        {"EXPLAIN SELECT 1", plain},
        {"EXPLAIN EXECUTE x", plain}, // the server knows no x, and says so
        {"END", plain},
        {"SAVEPOINT s", plain},
        {"ROLLBACK", plain},
        {"RELEASE s", plain},
        {"REINDEX TABLE t", plain},
        {"SHOW all", plain},
        {"PREPARED", plain},
        {"prepare_x", plain},
        {"DROP TABLE prepare", plain},
        {"\"prepare\" x", plain},
        {"--", plain},
        {"-- PREPARE x", plain},
        {"/*", plain},
        {"/* PREPARE x", plain},
        {"/* /* */ PREPARE x AS SELECT 1", plain}, // comments nest: this one never ends
        {"'PREPARE'", plain},
        {"1", plain},
        {"\xc3\xa9", plain},
    });
}

TEST_CASE("PREPARE and EXECUTE are known behind blanks and comments, in any case")
{
    check({
        {"PREPARE x AS SELECT 1", prepare},
        {"prepare x as select 1", prepare},
        {"PrEpArE\tx\nAS SELECT 1", prepare},
        {"  \r\n\t\f\v PREPARE x AS SELECT 1", prepare},
        {"-- a\n-- b\nPREPARE x AS SELECT 1", prepare},
        {"/* a */PREPARE x AS SELECT 1", prepare},
        {"/* /* nested */ still */ PREPARE x AS SELECT 1", prepare},
        {"/**//***/PREPARE/**/x AS SELECT 1", prepare},
        {"PREPARE \"x y\" AS SELECT 1", prepare},
        {"PREPARE", prepare},
        {"EXECUTE x", prepare},
        {"EXECUTE x(1, 'a')", prepare},
        {"execute x;", prepare},
    });
}

TEST_CASE("the first half of a two-phase commit is not a prepared statement")
{
    check({
        {"PREPARE TRANSACTION 'gid'", plain},
        {"prepare transaction 'gid'", plain},
        {"Prepare Transaction 'gid'", plain},
        {"PREPARE /* two-phase */ TRANSACTION 'gid'", plain},
        {"PREPARE transactions AS SELECT 1", prepare},
    });
}

TEST_CASE("DEALLOCATE names one statement, folded unless quoted, or all")
{
    check({
        {"DEALLOCATE x", deallocate, "x"},
        {"DEALLOCATE PREPARE x", deallocate, "x"},
        {"deallocate prepare X;", deallocate, "x"},
        {"DEALLOCATE \"X y\"", deallocate, "X y"},
        {"DEALLOCATE PREPARE \"X\" ; ;", deallocate, "X"},
        {"DEALLOCATE \"say \"\"hi\"\"\"", deallocate, "say \"hi\""},
        {"DEALLOCATE _pg3_7", deallocate, "_pg3_7"},
        {"DEALLOCATE \xc3\x89t\xc3\xa9", deallocate, "\xc3\x89t\xc3\xa9"},
        {"DEALLOCATE -- why\n x -- because", deallocate, "x"},
        {"DEALLOCATE prepare", deallocate, "prepare"},
        {"DEALLOCATE prepare;", deallocate, "prepare"},
        {"DEALLOCATE ALL", deallocate_all},
        {"DEALLOCATE PREPARE ALL", deallocate_all},
        {"deallocate all ;", deallocate_all},
        {"DEALLOCATE \"all\"", deallocate, "all"}, // quoted, it is a name
    });
}

TEST_CASE("a DEALLOCATE with more behind it, or broken, is left to the server")
{
    check({
        {"DEALLOCATE", plain},
        {"DEALLOCATE x; SELECT 1", plain},
        {"DEALLOCATE x y", plain},
        {"DEALLOCATE ALL; SELECT 1", plain},
        {"DEALLOCATE \"x", plain},
        {"DEALLOCATE \"\"", plain}, // a zero-length delimited identifier
        {"DEALLOCATE 'x'", plain},
    });
}

TEST_CASE("SET of what the server reports, or of what ends with the transaction, leaves nothing")
{
    for (const std::string sql : {"SET timezone = 'UTC'",
                                  "SET TimeZone TO 'UTC'",
                                  "SET SESSION timezone = 'UTC'",
                                  "set session DateStyle to ISO",
                                  "SET \"timezone\" = 'UTC'",
                                  "SET \"TimeZone\" = 'UTC'",
                                  "SET TIME ZONE 'UTC'",
                                  "SET SESSION TIME ZONE LOCAL",
                                  "SET NAMES 'utf8'",
                                  "SET client_encoding = utf8",
                                  "SET application_name = 'x'",
                                  "SET application_name = 'a;b'",
                                  "SET application_name = 'x' ; \n",
                                  "SET standard_conforming_strings = on",
                                  "SET IntervalStyle = postgres",
                                  "SET default_transaction_read_only = on",
                                  "SET LOCAL search_path = x",
                                  "SET LOCAL ROLE x",
                                  "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                                  "SET CONSTRAINTS ALL DEFERRED",
                                  "/* c */ set /* c */ local/**/x = 1",
                                  "SET timezone = 'UTC'; SET NAMES 'utf8'"}) {
        CAPTURE(sql);
        const statement_words words = classify(sql);
        CHECK(static_cast<int>(words.trait) == static_cast<int>(accounted));
        CHECK(words.effects.empty());
    }
}

TEST_CASE("SET of anything else is asked for by its name")
{
    check_effects({
        {"SET search_path = x", "search_path"},
        {"SET search_path TO x, \"Y\"", "search_path"},
        {"SET SESSION search_path = x", "search_path"},
        {"SET \"Search_Path\" = x", "search_path"},
        {"SET SCHEMA 'x'", "search_path"},
        {"SET XML OPTION DOCUMENT", "xmloption"},
        {"SET my.Setting = 1", "my.setting"},
        {"SET my.\"Setting\" = 1", "my.setting"},
        {"SET ROLE x", "role"},
        {"SET SESSION ROLE x", "role"},
        {"SET ROLE NONE", "role"},
        {"SET SESSION AUTHORIZATION x", "role"}, // the user is reported
        {"SET SESSION SESSION AUTHORIZATION x", "role"},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
         "default_transaction_isolation default_transaction_deferrable"},
        {"SET search_path = x; SET timezone = 'UTC'; SET work_mem = '1MB'", "search_path work_mem"},
        {"SET search_path = 'a;b'", "search_path"},
        {"-- why\nSET search_path = x -- because;\n", "search_path"},
        {"BEGIN; SET search_path = x; COMMIT", "search_path"},
        {"SET", ""},
    });
}

TEST_CASE("going back to what it was needs the catalog")
{
    check_effects({
        {"SET search_path TO DEFAULT", "search_path any"},
        {"SET search_path = default", "search_path any"},
        {"SET search_path = \"default\"", "search_path"}, // a schema
        {"SET timezone TO DEFAULT", "any"},
        {"RESET search_path", "any"},
        {"RESET timezone", "any"},
        {"RESET ROLE", "any"},
        {"RESET SESSION AUTHORIZATION", "any"},
        {"RESET my.Setting", "my.setting any"},
    });
}

TEST_CASE("RESET ALL and DISCARD ALL go back to the beginning")
{
    check({
        {"RESET ALL", reset_all},
        {"reset all;", reset_all},
        {"DISCARD ALL", reset_all},
        {"discard/**/all", reset_all},
        {"RESET ALL; SELECT 1", reset_all},
        {"SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;", reset_all},
        {"SET x = 1; RESET ALL", reset_all},
        {"RESET timezone", accounted},
        {"RESET ALL; SET x = 1", accounted},
        {"BEGIN; RESET ALL; ROLLBACK", accounted}, // perhaps it is rolled back
        {"DISCARD PLANS", plain},
        {"DISCARD TEMP", plain},
    });
    check_effects({
        {"SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;",
         "-hold_cursors -advisory_locks"},
        {"RESET ALL; SET x = 1", "x any"},
        {"BEGIN; RESET ALL; ROLLBACK", "any"},
        {"DISCARD ALL", "-temp_tables -hold_cursors -advisory_locks -prepare -load -listen"},
        {"DISCARD TEMP", "-temp_tables"},
        {"DISCARD SEQUENCES", ""},
    });
}

TEST_CASE("set_config with a name that can be read is a SET of that name")
{
    check_effects({
        {"SELECT set_config('search_path', 'a', false)", "search_path"},
        {"SELECT pg_catalog.set_config('my.x', 'a''b', false)", "my.x"},
        {"select SET_CONFIG ( 'My.X' , $1 , $2 )", "my.x"},
        {"SELECT set_config('search_path', '', true)", ""},
        {"SELECT set_config('search_path', 'x', TRUE )", ""},
        {"SELECT set_config('timezone', 'UTC', false)", ""},
        {"SELECT set_config('a.b', 'x', false), set_config('c.d', 'y', false)", "a.b c.d"},
        {"WITH x AS (SELECT set_config('a.b', 'x', false)) SELECT 1", "a.b"},
        {"INSERT INTO t SELECT set_config('a.b', 'x', false)", "a.b"},
        {"SELECT set_config('a.b', x, true) FROM t", "a.b"}, // not worth a closer look
        {"SELECT set_config($1, 'x', false)", "any unseen"},
        {"SELECT set_config(name, setting, false) FROM t", "any unseen"},
        {"SELECT set_config(E'a\\x2eb', 'x', false)", "any unseen"},
        {"SELECT set_config('a''b', 'x', false)", "any unseen"},
        {"SELECT my_set_config('a')", ""},
        {"SELECT offset_config FROM t", ""},
    });
}

TEST_CASE("whatever runs code of its own may do anything")
{
    check_effects({
        {"DO $$ BEGIN PERFORM 1; END $$", all_kinds},
        {"DO LANGUAGE plpgsql 'BEGIN END'", all_kinds},
        {"CALL p(1)", all_kinds},
        {"SELECT 1; CALL p(1); SELECT 2", all_kinds},
        {"SELECT f(1)", ""},
    });
    const std::vector<std::string> functions{"f(", "tenant"};
    CHECK(in_words(classify("SELECT F(1)", functions).effects) == all_kinds);
    CHECK(in_words(classify("INSERT INTO x SELECT Tenant.enter()", functions).effects) ==
          all_kinds);
    CHECK(in_words(classify("SELECT 1", functions).effects) == "");
}

TEST_CASE("state that lives on one server is seen coming and going")
{
    check_effects({
        {"CREATE TEMP TABLE t (a int)", "+temp_tables"},
        {"CREATE TEMPORARY VIEW v AS SELECT 1", "+temp_tables"},
        {"create local temp sequence s", "+temp_tables"},
        {"CREATE OR REPLACE TEMP VIEW v AS SELECT 1", "+temp_tables"},
        {"CREATE GLOBAL TEMPORARY TABLE t (a int)", "+temp_tables"},
        {"CREATE TABLE pg_temp.t (a int)", "+temp_tables ?temp_tables"},
        {"CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
         "+temp_tables ?temp_tables"},
        {"CREATE TABLE t (a int)", "?temp_tables"}, // pg_temp may be in the path
        {"CREATE UNLOGGED TABLE t (a int)", ""},
        {"CREATE INDEX i ON t (temp)", ""},
        {"SELECT 1 INTO TEMP t", "+temp_tables"},
        {"SELECT * INTO LOCAL TEMPORARY TABLE t FROM x", "+temp_tables"},
        {"SELECT temp FROM weather", ""},
        {"SELECT * INTO t FROM pg_temp.x", "?temp_tables"},
        {"DROP TABLE t", "-temp_tables"},
        {"DECLARE c CURSOR WITH HOLD FOR SELECT 1", "+hold_cursors"},
        {"DECLARE c CURSOR FOR SELECT 1", ""},
        {"CLOSE c", "-hold_cursors"},
        {"SELECT pg_advisory_lock(1)", "+advisory_locks"},
        {"select pg_catalog.PG_ADVISORY_LOCK_SHARED(1, 2)", "+advisory_locks"},
        {"SELECT pg_try_advisory_lock($1)", "+advisory_locks"},
        {"SELECT pg_advisory_xact_lock(1)", ""},
        {"SELECT pg_try_advisory_xact_lock_shared(1)", ""},
        {"WITH l AS (SELECT pg_advisory_lock(1)) SELECT 1", "+advisory_locks"},
        {"SELECT pg_advisory_unlock(1)", "-advisory_locks"},
        {"SELECT pg_advisory_unlock_all()", "-advisory_locks"},
        {"LOAD 'auto_explain'", "+load"},
        {"LISTEN c", "?listen"},
        {"UNLISTEN c", ""},
        {"PREPARE x AS SELECT 1", "+prepare"},
        {"EXECUTE x", "unseen"},
        {"DEALLOCATE x", "-prepare"},
    });
}

TEST_CASE("several statements are cut where PostgreSQL cuts them")
{
    check_effects({
        {"SELECT 1; SET search_path = x", "search_path"},
        {"SELECT '; SET search_path = x'", ""},
        {"SELECT '''; SET search_path = x'", ""},
        {"SELECT 'a'; SET search_path = x", "search_path"},
        {"SELECT E'\\'; SET search_path = x'", ""},
        {"SELECT '\\'; SET search_path = x", "search_path"},
        {"SELECT \"; SET search_path = x\"", ""},
        {"SELECT 1 -- ; SET search_path = x", ""},
        {"SELECT 1 -- ;\n; SET search_path = x", "search_path"},
        {"SELECT 1 /* ; SET a = x /* ; */ ; SET b = y */", ""},
        {"SELECT 1 /* ; */; SET search_path = x", "search_path"},
        {"SELECT $$ ; SET search_path = x $$", ""},
        {"SELECT $a$ $$ ; SET search_path = x $a$", ""},
        {"SELECT $a$ $a$; SET search_path = x", "search_path"},
        {"SELECT $1; SET search_path = x", "search_path"},
        {"SELECT a$b; SET search_path = x; SELECT a$b", "search_path"},
        {"SELECT 1;;; SET search_path = x;;", "search_path"},
        {"SELECT 'never ends; SET search_path = x", ""},
    });
}

TEST_CASE("a word that matters is seen wherever it stands")
{
    const std::string call = "pg_advisory_lock(1)";
    for (std::size_t before = 0; before < 200; ++before)
        for (const std::size_t behind : {0, 1, 5, 31, 32, 33}) {
            CAPTURE(before);
            const std::string sql =
                "SELECT " + std::string(before, 'x') + " + " + call + std::string(behind, ' ');
            CHECK(in_words(classify(sql).effects) == "+advisory_locks");
            CHECK_FALSE(is_plain(sql, {}));
        }
}

TEST_CASE("ordinary is what begins like one of four statements, and is one")
{
    for (const char* sql : {"SELECT a FROM t",
                            "select * from t",
                            "Select \"a\";",
                            "INSERT INTO t VALUES (1) ; ; ",
                            "update t SET a = 1",
                            "DELETE FROM t"}) {
        CAPTURE(sql);
        CHECK(is_ordinary(sql));
    }
    for (const char* sql : {"",
                            "SELECT",
                            "SELECT ",
                            "SELECT 1",
                            "SELECT  1",
                            "SELECT\n1",
                            "SELECT -- a\n1",
                            "SELECT/**/1",
                            " SELECT a",
                            "SELECT a; SELECT b",
                            "SELECT ';x'",
                            "SELECTA b c",
                            "DEALLOCATE a",
                            "DELETEX a b",
                            "WITH a AS (SELECT 1) SELECT a"}) {
        CAPTURE(sql);
        CHECK_FALSE(is_ordinary(sql));
    }
}

TEST_CASE("what is told at a glance is what a closer look would say")
{
    const std::uint64_t seed = test::seed();
    MESSAGE("WEIR_SEED=", seed);
    std::mt19937_64 random{seed};
    constexpr std::array words{"SELECT ",
                               "select ",
                               "INSERT ",
                               "UPDATE ",
                               "DELETE ",
                               "SELECT\t",
                               "DEALLOCATE ",
                               "BEGIN",
                               "COMMIT",
                               "LISTEN ",
                               "PREPARE ",
                               "SET ",
                               "set_config('a', 'b', false)",
                               "pg_temp.x",
                               "INTO TEMP t",
                               "pg_advisory_lock(1)",
                               "1",
                               "a ",
                               "* ",
                               "FROM t ",
                               "'",
                               "\"",
                               ";",
                               " ",
                               "--",
                               "/*",
                               "*/",
                               "\n"};
    unsigned ordinary = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string sql;
        for (std::uint64_t left = random() % 6; left > 0; --left)
            sql += words[random() % words.size()];
        if (!is_ordinary(sql))
            continue;
        ++ordinary;
        CAPTURE(sql);
        const statement_words closer = classify(sql);
        CHECK(closer.trait == plain);
        if (is_plain(sql, {}))
            CHECK_FALSE(closer.matters());
        CHECK(read_channel_script(sql, true) == nullptr);
        CHECK(recognise(sql).is == easy_statement::what::other);
    }
    CHECK(ordinary > 100);
}

TEST_CASE("where functions may do anything nothing is plain at a glance")
{
    const std::vector<std::string> functions{"f"};
    CHECK(is_plain("SELECT a", {}));
    CHECK_FALSE(is_plain("SELECT a", functions));
}

TEST_SUITE_END();

} // namespace weir::pgwire
