#include "pool/pgwire/statement_text.hpp"

#include <doctest/doctest.h>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: statement text");

namespace {

using enum statement_trait;

struct expectation {
    std::string sql;
    statement_trait trait;
    std::string name = {};
};

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

TEST_CASE("SET of what the server reports, or of what ends with the transaction, is tracked")
{
    check({
        {"SET timezone = 'UTC'", tracked_set},
        {"SET TimeZone TO 'UTC'", tracked_set},
        {"SET SESSION timezone = 'UTC'", tracked_set},
        {"set session DateStyle to ISO", tracked_set},
        {"SET \"timezone\" = 'UTC'", tracked_set},
        {"SET TIME ZONE 'UTC'", tracked_set},
        {"SET SESSION TIME ZONE LOCAL", tracked_set},
        {"SET NAMES 'utf8'", tracked_set},
        {"SET client_encoding = utf8", tracked_set},
        {"SET application_name = 'x'", tracked_set},
        {"SET application_name = 'x';", tracked_set},
        {"SET application_name = 'x' ; \n", tracked_set},
        {"SET standard_conforming_strings = on", tracked_set},
        {"SET IntervalStyle = postgres", tracked_set},
        {"SET default_transaction_read_only = on", tracked_set},
        {"SET LOCAL search_path = x", tracked_set},
        {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", tracked_set},
        {"/* c */ set /* c */ local/**/x = 1", tracked_set},
    });
}

TEST_CASE("SET of anything else is state that nobody tracks")
{
    check({
        {"SET", plain},
        {"SET search_path = x", plain},
        {"SET SESSION search_path = x", plain},
        {"SET TIME", plain},
        {"SET my.timezone = 1", plain},
        {"SET ROLE x", plain},
        {"SET SESSION AUTHORIZATION x", plain},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", plain},
        {"SET timezone = 'UTC'; SET search_path = x", plain}, // two: the first must not vouch
        {"SET application_name = 'a;b'", plain},              // not worth a closer look
    });
}

TEST_CASE("RESET ALL and DISCARD ALL go back to the beginning")
{
    check({
        {"RESET ALL", reset_all},
        {"reset all;", reset_all},
        {"DISCARD ALL", reset_all},
        {"discard/**/all", reset_all},
        {"RESET timezone", plain},
        {"DISCARD PLANS", plain},
        {"DISCARD TEMP", plain},
        {"RESET ALL; SELECT 1", plain},
        {"RESET", plain},
    });
}

TEST_SUITE_END();

} // namespace weir::pgwire
