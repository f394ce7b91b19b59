// Statements that touch no table.
#include "tests/pool/sqlite/dialect_fixture.hpp"

using namespace weir;
using namespace weir::sqlite;

TEST_SUITE("sqlite dialect: session statements")
{
    TEST_CASE("each has its kind, tag and name")
    {
        using enum statement_kind;
        struct expectation {
            std::string sql;
            statement_kind kind;
            std::string tag;
            std::string name;
            std::vector<std::string> values;
        };
        const expectation cases[] = {
            {"BEGIN", begin, "BEGIN", "", {}},
            {"START TRANSACTION", begin, "START TRANSACTION", "", {}},
            {"COMMIT", commit, "COMMIT", "", {}},
            {"END", commit, "COMMIT", "", {}},
            {"ROLLBACK", rollback, "ROLLBACK", "", {}},
            {"ABORT", rollback, "ROLLBACK", "", {}},
            {"SAVEPOINT a", savepoint, "SAVEPOINT", "a", {}},
            {"RELEASE SAVEPOINT a", release, "RELEASE", "a", {}},
            {"ROLLBACK TO SAVEPOINT a", rollback_to, "ROLLBACK", "a", {}},
            {"SET search_path TO a, b", set, "SET", "search_path", {"a", "b"}},
            {"SET statement_timeout = 100", set, "SET", "statement_timeout", {"100"}},
            {"SET TIME ZONE 'UTC'", set, "SET", "timezone", {"UTC"}},
            {"SET NAMES 'utf8'", set, "SET", "client_encoding", {"utf8"}},
            {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
             set,
             "SET",
             "transaction_isolation",
             {"serializable"}},
            {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
             set,
             "SET",
             "default_transaction_read_only",
             {"on"}},
            {"SET x.y TO DEFAULT", reset, "SET", "x.y", {}},
            {"RESET timezone", reset, "RESET", "timezone", {}},
            {"RESET ALL", reset, "RESET", "all", {}},
            {"SHOW transaction isolation level", show, "SHOW", "transaction_isolation", {}},
            {"DISCARD ALL", discard, "DISCARD ALL", "all", {}},
            {"DEALLOCATE x", deallocate, "DEALLOCATE", "x", {}},
            {"DEALLOCATE ALL", deallocate, "DEALLOCATE ALL", "all", {}},
            {"LOCK TABLE t", nothing, "LOCK TABLE", "", {}},
            {"ANALYZE", nothing, "ANALYZE", "", {}},
            {"VACUUM t", nothing, "VACUUM", "", {}},
            {"UNLISTEN *", nothing, "UNLISTEN", "", {}},
            {"CLOSE ALL", close, "CLOSE CURSOR ALL", "", {}},
        };
        test::dialect_file file;
        for (const expectation& each : cases) {
            CAPTURE(each.sql);
            const auto plan = file.analysed(each.sql).value();
            CHECK(plan->kind == each.kind);
            CHECK(plan->tag == each.tag);
            CHECK(plan->name == each.name);
            CHECK(plan->values == each.values);
            CHECK(plan->sql.empty());
            CHECK_FALSE(plan->tag_counts);
        }
    }

    TEST_CASE("a transaction's modes are read")
    {
        test::dialect_file file;
        const auto plain =
            file.analysed("BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE").value();
        CHECK_FALSE(plain->repeatable);
        CHECK_FALSE(plain->read_only);
        const auto strict = file.analysed("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY").value();
        CHECK(strict->repeatable);
        CHECK(strict->read_only);
        CHECK(file.analysed("COMMIT AND CHAIN").value()->chain);
        CHECK(file.analysed("SET LOCAL x.y = 1").value()->local);
    }

    TEST_CASE("only what changes data or takes locks asks for the writer")
    {
        test::dialect_file file;
        REQUIRE(file.run("CREATE TABLE t (a serial)") == "");
        CHECK_FALSE(file.analysed("SELECT a FROM t").value()->needs_writer);
        CHECK(file.analysed("SELECT a FROM t FOR UPDATE").value()->needs_writer);
        CHECK(file.analysed("SELECT nextval('t_a_seq')").value()->needs_writer);
        CHECK_FALSE(file.analysed("SELECT currval('t_a_seq')").value()->needs_writer);
        CHECK(file.analysed("INSERT INTO t DEFAULT VALUES").value()->needs_writer);
        CHECK(file.analysed("LOCK TABLE t").value()->needs_writer);
        CHECK(file.analysed("DELETE FROM t").value()->tag_counts);
        CHECK(file.analysed("INSERT INTO t DEFAULT VALUES").value()->tag == "INSERT 0");
    }

    TEST_CASE("a text of several statements is analysed one by one")
    {
        const auto tree = parse_tree::parse("SELECT 1; -- one\n SELECT 2 ; ").value();
        REQUIRE(tree.size() == 2);
        CHECK(tree.text(0) == "SELECT 1");
        CHECK(tree.text(1).find("SELECT 2") != std::string_view::npos);
        CHECK(parse_tree::parse(" -- nothing\n ; ").value().size() == 0);
        CHECK(parse_tree::parse("").value().size() == 0);
        const error wrong = parse_tree::parse("SELECT 1; SELEC").error();
        CHECK(wrong.code == sqlstate{"42601"});
        CHECK(wrong.position == 11);
    }
}
