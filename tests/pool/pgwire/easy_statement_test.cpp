#include "pool/pgwire/easy_statement.hpp"

#include <doctest/doctest.h>

#include <string>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: easy statements");

namespace {

using what = easy_statement::what;

std::string what_begins(std::string_view sql)
{
    const easy_statement s = recognise(sql);
    return s.is == what::begin ? s.modes.begin() : "something else";
}

} // namespace

TEST_CASE("what drivers and pools send to see whether anybody is there")
{
    for (const std::string_view sql : {
             "",                        // HikariCP (JDBC's isValid), tokio-postgres, psycopg_pool
             ";",                       // SQLAlchemy with asyncpg, lib/pq, Rails
             "-- ping",                 // pgx
             "/* SQLx ping */",         // sqlx
             " \t\r\n\f;; ; -- x\n;",   //
             "/* a /* nested */ one */" // comments nest
         }) {
        CAPTURE(sql);
        CHECK(recognise(sql).is == what::empty);
    }
    for (const std::string_view sql : {
             "SELECT 1",                           // SQLAlchemy, Django, Rails, DBCP
             "select 1",                           // Hibernate
             "Select\n1 ;",                        //
             "SELECT 1;;",                         //
             "/* ping */ SELECT 1",                //
             "SELECT 1 /*traceparent='00-4bf9'*/", // sqlcommenter
             "SELECT/**/1-- the end",              //
         }) {
        CAPTURE(sql);
        CHECK(recognise(sql).is == what::one);
        CHECK(recognise(sql).label.empty());
    }
    CHECK(recognise("SELECT 1 AS One_2").label == "One_2");
    CHECK(recognise("select 1 as _;").label == "_");
    CHECK(recognise("SELECT 1").tag == "SELECT 1");
}

TEST_CASE("what only looks like a probe is left to the server")
{
    for (const std::string_view sql : {
             "SELECT",
             "SELECT 2",
             "SELECT 11",
             "SELECT 1.",
             "SELECT 1.0",
             "SELECT 1e0",
             "SELECT 1a",
             "SELECT 1_0",
             "SELECT -1",
             "SELECT 1-1",
             "SELECT 1/1",
             "SELECT 1, 1",
             "SELECT 1 one",
             "SELECT 1 AS",
             "SELECT 1 AS 1",
             "SELECT 1 AS \"One\"",
             "SELECT 1 AS a.b",
             "SELECT 1 AS \xc3\xa4",
             "SELECT 1 AS one two",
             "SELECT 1 FROM t",
             "SELECT 1; SELECT 1",
             "; SELECT 1", // it would be right
             "SELECT1",
             "SELECTED 1",
             "SELECT '1'",
             "SELECT $1",
             "SELECT * FROM t",
             "/* ping",
             "/* a /* one */",
             "SELECT 1 /* ping",
             "; DROP TABLE t",
             "-- x\nDROP TABLE t",
             "\v",
             "\xa0",
             "\\;",
             "VALUES (1)",
         }) {
        CAPTURE(sql);
        CHECK(recognise(sql).is == what::other);
    }
    CHECK(recognise("SELECT 1 AS " + std::string(63, 'x')).is == what::one);
    CHECK(recognise("SELECT 1 AS " + std::string(64, 'x')).is == what::other);
    CHECK(recognise("SELECT 1" + std::string(2'000, ' ')).is == what::other);
}

TEST_CASE("BEGIN in every spelling, and what it is sent as")
{
    struct {
        std::string_view sql, sent;
    } const table[] = {
        {"BEGIN", "BEGIN"},
        {"begin;", "BEGIN"},
        {"BEGIN WORK", "BEGIN"},
        {"Begin Transaction ;", "BEGIN"},
        {"/* app */ BEGIN -- now", "BEGIN"},
        {"START TRANSACTION", "BEGIN"},
        {"BEGIN READ ONLY", "BEGIN READ ONLY"},
        {"BEGIN READ WRITE", "BEGIN READ WRITE"},
        {"BEGIN DEFERRABLE", "BEGIN DEFERRABLE"},
        {"BEGIN NOT DEFERRABLE", "BEGIN NOT DEFERRABLE"},
        {"BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN ISOLATION LEVEL SERIALIZABLE"},
        {"BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN ISOLATION LEVEL REPEATABLE READ"},
        {"BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN ISOLATION LEVEL READ COMMITTED"},
        {"BEGIN ISOLATION LEVEL READ UNCOMMITTED", "BEGIN ISOLATION LEVEL READ UNCOMMITTED"},
        // asyncpg, psycopg, JDBC
        {"BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;",
         "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE"},
        {"START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE, NOT DEFERRABLE",
         "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE NOT DEFERRABLE"},
        {"begin work deferrable,read only , isolation level read committed",
         "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY DEFERRABLE"},
        {"BEGIN READ ONLY READ WRITE", "BEGIN READ WRITE"}, // the last counts
    };
    for (const auto& row : table) {
        CAPTURE(row.sql);
        CHECK(what_begins(row.sql) == row.sent);
    }
    CHECK(recognise("begin").tag == "BEGIN");
    CHECK(recognise("start transaction read only").tag == "START TRANSACTION");
}

TEST_CASE("what is not quite BEGIN is left to the server")
{
    for (const std::string_view sql : {
             "BEGINN",
             "BEGIN WORK TRANSACTION",
             "BEGIN READ",
             "BEGIN ,",
             "BEGIN , READ ONLY",
             "BEGIN READ ONLY,",
             "BEGIN READ ONLY,,READ WRITE",
             "BEGIN READ ONLY,;",
             "BEGIN; READ ONLY",
             "BEGIN; SELECT 1",
             "BEGIN ISOLATION SERIALIZABLE",
             "BEGIN ISOLATION LEVEL",
             "BEGIN ISOLATION LEVEL READ",
             "BEGIN ISOLATION LEVEL READ ONLY",
             "BEGIN ISOLATION LEVEL REPEATABLE",
             "BEGIN ISOLATION LEVEL SNAPSHOT",
             "BEGIN NOT READ ONLY",
             "BEGIN AND CHAIN",
             "BEGIN /* never ends",
             "BEGIN \"work\"",
             "START",
             "START WORK",
             "START TRANSACTION WORK",
             "SET TRANSACTION READ ONLY",
         }) {
        CAPTURE(sql);
        CHECK(recognise(sql).is == what::other);
    }
}

TEST_CASE("the end of a transaction in every spelling")
{
    for (const std::string_view sql : {"COMMIT",
                                       "commit;",
                                       "COMMIT WORK",
                                       "COMMIT TRANSACTION",
                                       "COMMIT AND NO CHAIN",
                                       "END",
                                       "end work",
                                       "END TRANSACTION;"}) {
        CAPTURE(sql);
        CHECK(recognise(sql).is == what::commit);
        CHECK(recognise(sql).tag == "COMMIT");
    }
    for (const std::string_view sql : {"ROLLBACK",
                                       "rollback;",
                                       "ROLLBACK WORK",
                                       "ABORT",
                                       "ROLLBACK TRANSACTION AND NO CHAIN",
                                       "abort transaction"}) {
        CAPTURE(sql);
        CHECK(recognise(sql).is == what::rollback);
        CHECK(recognise(sql).tag == "ROLLBACK");
    }
    for (const std::string_view sql : {"COMMIT AND CHAIN",
                                       "COMMIT AND",
                                       "COMMIT PREPARED 'x'",
                                       "ROLLBACK AND CHAIN",
                                       "ROLLBACK TO s",
                                       "ROLLBACK TO SAVEPOINT s",
                                       "ROLLBACK PREPARED 'x'",
                                       "COMMIT; BEGIN",
                                       "ENDS",
                                       "END IF"}) {
        CAPTURE(sql);
        CHECK(recognise(sql).is == what::other);
    }
}

TEST_SUITE_END();

} // namespace weir::pgwire
