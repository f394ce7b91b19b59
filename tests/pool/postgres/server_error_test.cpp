#include "pool/postgres/server_error.hpp"

#include <doctest/doctest.h>

using weir::error;
using weir::sqlstate;
using weir::postgres::server_error;

TEST_SUITE_BEGIN("postgres: the server's words");

TEST_CASE("the SQLSTATE is taken out of the words, and where the C code lies is left out")
{
    const error e = server_error("connection to server on socket \"/run/.s.PGSQL.5432\" failed: "
                                 "FATAL:  3D000: database \"nope\" does not exist\nLOCATION:  "
                                 "InitPostgres, postinit.c:1001\n");
    CHECK(e.code == sqlstate{"3D000"});
    CHECK(e.message == "connection to server on socket \"/run/.s.PGSQL.5432\" failed: "
                       "FATAL:  database \"nope\" does not exist");
    CHECK(e.detail == "");
    CHECK(e.hint == "");
}

TEST_CASE("a server that speaks another language has its SQLSTATE in the same place")
{
    const error e =
        server_error("connection to server at \"db\", port 5432 failed: "
                     "SCHWERWIEGEND:  53300: tut mir leid, schon zu viele Verbindungen\n");
    CHECK(e.code == sqlstate{"53300"});
    CHECK(e.message == "connection to server at \"db\", port 5432 failed: "
                       "SCHWERWIEGEND:  tut mir leid, schon zu viele Verbindungen");
}

TEST_CASE("detail and hint have fields of their own")
{
    const error e =
        server_error("FATAL:  57P03: not yet\nDETAIL:  one\nDETAIL:  two\nHINT:  wait\n");
    CHECK(e.code == sqlstate{"57P03"});
    CHECK(e.message == "FATAL:  not yet");
    CHECK(e.detail == "one\ntwo");
    CHECK(e.hint == "wait");
}

TEST_CASE("several hosts make one message, said once, and the last SQLSTATE counts")
{
    const error e =
        server_error("connection to server at \"a\", port 1 failed: Connection refused\n"
                     "\tIs the server running on that host?\n"
                     "connection to server at \"b\", port 2 failed: FATAL:  28P01: no\n"
                     "LOCATION:  auth_failed, auth.c:334\n"
                     "connection to server at \"b\", port 2 failed: FATAL:  28P01: no\n");
    CHECK(e.code == sqlstate{"28P01"});
    CHECK(e.message == "connection to server at \"a\", port 1 failed: Connection refused; "
                       "Is the server running on that host?; "
                       "connection to server at \"b\", port 2 failed: FATAL:  no");
}

TEST_CASE("what libpq found out by itself is a connection that failed, or one that broke")
{
    CHECK(server_error("invalid sslmode value: \"bogus\"\n").code == sqlstate{"08001"});
    CHECK(server_error("x failed: fe_sendauth: no password supplied\n").code == sqlstate{"28P01"});
    CHECK(server_error("x failed: server closed the connection unexpectedly\n"
                       "\tThis probably means the server terminated abnormally\n"
                       "\tbefore or while processing the request.\n")
              .code == sqlstate{"08006"});
}

TEST_CASE("what only looks like a code is none")
{
    CHECK(server_error("FATAL:  hello: world").code == sqlstate{"08001"});
    CHECK(server_error("FATAL:  28P0").code == sqlstate{"08001"});
    CHECK(server_error("FATAL:  28P01:").code == sqlstate{"08001"});
    CHECK(server_error("").message == "");
    CHECK(server_error("\n\t\n").message == "");
}

TEST_SUITE_END();
