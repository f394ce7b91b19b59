#include "pool/pgwire/channel_script.hpp"
#include "pool/pgwire/sql_tokens.hpp"

#include <doctest/doctest.h>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: channel script");

namespace {

using kind = channel_step::kind;
using steps = std::vector<channel_step>;

steps read(std::string_view sql)
{
    const auto script = read_channel_script(sql, true);
    return script ? script->steps : steps{};
}

std::string rewritten(std::string_view sql)
{
    const auto script = read_channel_script(sql, false);
    return script ? script->text : "nothing";
}

} // namespace

TEST_CASE("what is not about channels is dismissed")
{
    for (const char* sql : {"",
                            " ",
                            ";",
                            "SELECT 1",
                            "SELECT 'LISTEN x'",
                            "SELECT 1; SELECT 'LISTEN x'",
                            "LOAD 'listen'",
                            "/* LISTEN x */ SELECT 1",
                            "-- LISTEN x\nSELECT 1",
                            "SELECT $$; LISTEN x; $$",
                            "SELECT $a$; LISTEN x; $b$; LISTEN y; $a$",
                            "SELECT \"; LISTEN x\"",
                            "DO $$BEGIN LISTEN x; END$$",
                            "NOTIFY listen",
                            "COMMIT; SELECT 1",
                            "ROLLBACK"}) {
        CAPTURE(sql);
        CHECK(read_channel_script(sql, false) == nullptr);
    }
}

TEST_CASE("LISTEN and UNLISTEN are found, with the name as PostgreSQL keeps it")
{
    CHECK(read("LISTEN Jobs") == steps{{kind::listen, "jobs"}});
    CHECK(read("  listen jobs ; ;") == steps{{kind::listen, "jobs"}});
    CHECK(read("/* a /* b */ */ LISTEN -- c\n jobs") == steps{{kind::listen, "jobs"}});
    CHECK(read("LISTEN \"Jobs\"") == steps{{kind::listen, "Jobs"}});
    CHECK(read("LISTEN \"a \"\"b\"\"; c\"") == steps{{kind::listen, "a \"b\"; c"}});
    CHECK(read("LISTEN übung_1$") == steps{{kind::listen, "übung_1$"}});
    CHECK(read("UNLISTEN jobs") == steps{{kind::unlisten, "jobs"}});
    CHECK(read("UNLISTEN *") == steps{{kind::unlisten_all, ""}});
    CHECK(read("UNLISTEN*;") == steps{{kind::unlisten_all, ""}});
}

TEST_CASE("names are cut to 63 bytes, between two characters")
{
    const std::string long_name(70, 'x');
    CHECK(read("LISTEN " + long_name) == steps{{kind::listen, std::string(63, 'x')}});
    CHECK(read("LISTEN \"" + long_name + "\"") == steps{{kind::listen, std::string(63, 'x')}});
    std::string umlauts = "x";
    for (int i = 0; i < 40; ++i)
        umlauts += "ü";
    CHECK(read("LISTEN " + umlauts) == steps{{kind::listen, umlauts.substr(0, 63)}});
    umlauts = "xx" + umlauts.substr(1);
    CHECK(read("LISTEN " + umlauts) == steps{{kind::listen, umlauts.substr(0, 62)}});
}

TEST_CASE("what PostgreSQL would not take for LISTEN is left to it")
{
    for (const char* sql : {"LISTEN",
                            "LISTEN 'jobs'",
                            "LISTEN a.b",
                            "LISTEN a b",
                            "LISTEN \"\"",
                            "LISTEN \"a",
                            "LISTEN 1",
                            "LISTEN *",
                            "UNLISTEN",
                            "LISTENING x",
                            "\"LISTEN\" x"}) {
        CAPTURE(sql);
        CHECK(read(sql).empty());
    }
}

TEST_CASE("a text whose tokens depend on settings is not touched")
{
    CHECK(read("SELECT 'it\\'; LISTEN x; '").empty());
    CHECK(read("SELECT U&'x'; LISTEN x").empty());
    CHECK(read("LISTEN U&\"d\\0061ta\"").empty());
    CHECK(read("SELECT E'it\\'s; LISTEN x'; LISTEN y") == steps{{kind::listen, "y"}});
}

TEST_CASE("what decides about a transaction")
{
    CHECK(read("SAVEPOINT A") == steps{{kind::savepoint, "a"}});
    CHECK(read("RELEASE a") == steps{{kind::release, "a"}});
    CHECK(read("RELEASE SAVEPOINT a") == steps{{kind::release, "a"}});
    CHECK(read("RELEASE savepoint") == steps{{kind::release, "savepoint"}});
    for (const char* sql : {"ROLLBACK TO a",
                            "ROLLBACK TO SAVEPOINT a",
                            "ROLLBACK WORK TO a",
                            "ROLLBACK TRANSACTION TO SAVEPOINT a",
                            "ABORT TO a"}) {
        CAPTURE(sql);
        CHECK(read(sql) == steps{{kind::rollback_to, "a"}});
    }
    for (const char* sql : {"ROLLBACK",
                            "ABORT WORK",
                            "ROLLBACK TRANSACTION;",
                            "ROLLBACK AND CHAIN",
                            "ROLLBACK WORK AND NO CHAIN"}) {
        CAPTURE(sql);
        CHECK(read(sql) == steps{{kind::rollback, ""}});
    }
    for (const char* sql :
         {"COMMIT", "END", "COMMIT WORK AND NO CHAIN", "PREPARE TRANSACTION 'x'"}) {
        CAPTURE(sql);
        CHECK(read(sql) == steps{{kind::commit, ""}});
    }
    for (const char* sql :
         {"ROLLBACK PREPARED 'x'", "COMMIT PREPARED 'x'", "PREPARE x AS SELECT 1"}) {
        CAPTURE(sql);
        CHECK(read(sql).empty());
    }
}

TEST_CASE("of several statements each LISTEN is replaced, and nothing else")
{
    CHECK(rewritten("LISTEN a") == "UNLISTEN *");
    CHECK(rewritten("UNLISTEN a; UNLISTEN *") == "");
    CHECK(rewritten(" LISTEN a ; SELECT 'LISTEN b' ; /* c */ LISTEN \"d\";") ==
          " UNLISTEN * ; SELECT 'LISTEN b' ; /* c */ UNLISTEN *;");
    CHECK(rewritten("BEGIN; SAVEPOINT s; LISTEN a; ROLLBACK TO s; COMMIT") ==
          "BEGIN; SAVEPOINT s; UNLISTEN *; ROLLBACK TO s; COMMIT");
    const auto script = read_channel_script("LISTEN a; LISTEN b; UNLISTEN c", false);
    REQUIRE(script);
    CHECK(script->wanted == std::vector<std::string>{"a", "b"});
    CHECK(script->is_alone);
    CHECK(!read_channel_script("LISTEN a; SELECT 1", false)->is_alone);
    CHECK(!read_channel_script("BEGIN; LISTEN a", false)->is_alone);
}

TEST_CASE("every cut of a text is read without going astray")
{
    const std::string_view sql =
        "SELECT E'\\'', $x$ ; $x$, 'a''b', \"c\"\"d\" /* /* */ */ ; LISTEN \"e\"; -- f\n"
        " ROLLBACK TO g; U&'h'";
    for (std::size_t size = 0; size <= sql.size(); ++size)
        for (std::size_t from = 0; from <= size; ++from) {
            sql_tokens tokens{sql.substr(from, size - from)};
            std::size_t at = 0;
            for (sql_token t = tokens.next(); t.what != sql_token::kind::end; t = tokens.next()) {
                REQUIRE(t.at >= at);
                REQUIRE(!t.text.empty());
                at = t.at + t.text.size();
            }
            REQUIRE(at <= size - from);
        }
}

TEST_SUITE_END();

} // namespace weir::pgwire
