#include "daemon/migrations/script.hpp"
#include "tests/daemon/migrations/graph_fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir;
using namespace weir::migrations;

namespace {

using list = std::vector<std::string>;

const version_table table;

list sql_of(const std::vector<entry>& all)
{
    list out;
    for (const entry& each : all)
        out.push_back(each.sql);
    return out;
}

script composed(const result<plan>& p, dialect d = dialect::postgresql)
{
    REQUIRE(p.has_value());
    return compose(*p, d, table, "it's me");
}

std::string applied_note(const std::string& id)
{
    return "INSERT INTO \"weir_migrations\" (revision, state, checksum, applied_at, duration, "
           "\"by\") VALUES ('" +
           id + "', 'applied', 'sum of " + id +
           "', clock_timestamp(), clock_timestamp() - now(), 'it''s me') ON CONFLICT (revision) DO "
           "UPDATE SET state = excluded.state, checksum = excluded.checksum, applied_at = "
           "excluded.applied_at, duration = excluded.duration, \"by\" = excluded.\"by\"";
}

} // namespace

TEST_SUITE("script")
{
    TEST_CASE("a stage is a revision's statements, its rows and its note")
    {
        const revision_graph g = test::graph_of({"a", "b: a"});
        const script s = composed(plan_upgrade(g, {}, "head"));
        CHECK(s.preparation.size() == 2);
        REQUIRE(s.stages.size() == 2);
        CHECK(s.stages[0].is_transactional);
        CHECK(s.stages[0].statements == std::vector<statement>{{"CREATE a", 1}});
        CHECK(s.stages[0].announcement.empty());
        CHECK(s.stages[0].bookkeeping ==
              std::vector<entry>{
                  {"INSERT INTO \"alembic_version\" (version_num) VALUES ('a')", "INSERT 0 1"},
                  {applied_note("a"), ""}});
        CHECK(s.stages[1].bookkeeping.front() ==
              entry{"UPDATE \"alembic_version\" SET version_num = 'b' WHERE version_num = 'a'",
                    "UPDATE 1"});
    }

    TEST_CASE("a merge and its undoing move the rows as Alembic does")
    {
        const revision_graph g = test::graph_of({"a", "b", "m: a b"});
        const script up = composed(plan_upgrade(g, {"a", "b"}, "head"));
        CHECK(sql_of(up.stages[0].bookkeeping) ==
              list{"DELETE FROM \"alembic_version\" WHERE version_num = 'a'",
                   "UPDATE \"alembic_version\" SET version_num = 'm' WHERE version_num = 'b'",
                   applied_note("m")});
        const script down = composed(plan_downgrade(g, {"m"}, "a"));
        CHECK(down.stages[0].statements == std::vector<statement>{{"DROP m", 2}});
        CHECK(sql_of(down.stages[0].bookkeeping) ==
              list{"UPDATE \"alembic_version\" SET version_num = 'a' WHERE version_num = 'm'",
                   "INSERT INTO \"alembic_version\" (version_num) VALUES ('b')",
                   "DELETE FROM \"weir_migrations\" WHERE revision IN ('m')"});
    }

    TEST_CASE("without a transaction, what begins is announced, and what ended says so")
    {
        std::vector<revision> all = test::revisions_of({"a", "b: a"});
        all[1].is_transactional = false;
        const auto g = revision_graph::make(all);
        REQUIRE(g.has_value());
        const stage up = composed(plan_upgrade(*g, {"a"}, "b")).stages[0];
        CHECK_FALSE(up.is_transactional);
        REQUIRE(up.announcement.size() == 1);
        CHECK(up.announcement[0].sql.find(
                  "VALUES ('b', 'upgrading', 'sum of b', clock_timestamp(), "
                  "NULL, 'it''s me') ON CONFLICT (revision) DO UPDATE") != std::string::npos);
        CHECK(
            up.bookkeeping.back() ==
            entry{
                "UPDATE \"weir_migrations\" SET state = 'applied', duration = clock_timestamp() - "
                "applied_at, applied_at = clock_timestamp() WHERE revision = 'b'",
                "UPDATE 1"});
        const stage down = composed(plan_downgrade(*g, {"b"}, "a")).stages[0];
        REQUIRE(down.announcement.size() == 1);
        CHECK(down.announcement[0].sql.find("'downgrading'") != std::string::npos);
        CHECK(down.bookkeeping.back().sql ==
              "DELETE FROM \"weir_migrations\" WHERE revision IN ('b')");
    }

    TEST_CASE("a revision for another database is noted and does nothing")
    {
        std::vector<revision> all = test::revisions_of({"a"});
        all[0].only = {dialect::postgresql};
        all[0].is_transactional = false;
        const auto g = revision_graph::make(all);
        REQUIRE(g.has_value());
        CHECK(composed(plan_upgrade(*g, {}, "a")).stages[0].statements.size() == 1);
        const stage elsewhere = composed(plan_upgrade(*g, {}, "a"), dialect::sqlite).stages[0];
        CHECK(elsewhere.statements.empty());
        CHECK(elsewhere.is_transactional);
        CHECK(elsewhere.announcement.empty());
        CHECK(elsewhere.bookkeeping.size() == 2);
    }

    TEST_CASE("a stamp notes all that it implies, and settles what was half done")
    {
        const revision_graph g = test::graph_of({"a", "b: a", "c: b"});
        const list unsettled{"DELETE FROM \"weir_migrations\" WHERE state <> 'applied'"};
        const script up = composed(plan_stamp(g, {}, "b", false));
        REQUIRE(up.stages.size() == 1);
        CHECK(up.stages[0].statements.empty());
        CHECK(
            sql_of(up.stages[0].bookkeeping) ==
            list{
                "INSERT INTO \"alembic_version\" (version_num) VALUES ('b')",
                "INSERT INTO \"weir_migrations\" (revision, state, checksum, applied_at, duration, "
                "\"by\") VALUES ('a', 'applied', 'sum of a', clock_timestamp(), NULL, 'it''s me'), "
                "('b', 'applied', 'sum of b', clock_timestamp(), NULL, 'it''s me') ON CONFLICT "
                "(revision) DO UPDATE SET state = excluded.state",
                unsettled[0]});
        CHECK(sql_of(composed(plan_stamp(g, {"c"}, "base", false)).stages[0].bookkeeping) ==
              list{"DELETE FROM \"alembic_version\" WHERE version_num = 'c'",
                   "DELETE FROM \"weir_migrations\" WHERE revision IN ('a', 'b', 'c')",
                   unsettled[0]});
        const list purged =
            sql_of(composed(plan_stamp(g, {"zz"}, "a", true)).stages[0].bookkeeping);
        REQUIRE(purged.size() == 5);
        CHECK(purged[0] == "DELETE FROM \"alembic_version\"");
        CHECK(purged[1] == "DELETE FROM \"weir_migrations\"");
        CHECK(purged[2] == "INSERT INTO \"alembic_version\" (version_num) VALUES ('a')");
    }

    TEST_CASE("the tables have the names and the schema that were asked for")
    {
        const version_table other{"ver\"sion", "ops"};
        const revision_graph g = test::graph_of({"a"});
        const script s = compose(*plan_upgrade(g, {}, "a"), dialect::postgresql, other, "me", true);
        CHECK(
            s.preparation ==
            list{
                "CREATE TABLE IF NOT EXISTS \"ops\".\"ver\"\"sion\" (version_num VARCHAR(255) NOT "
                "NULL, CONSTRAINT \"ver\"\"sion_pkc\" PRIMARY KEY (version_num))",
                "CREATE TABLE IF NOT EXISTS \"ops\".\"weir_migrations\" (revision VARCHAR(255) NOT "
                "NULL, state VARCHAR(16) NOT NULL, checksum VARCHAR(64) NOT NULL, applied_at "
                "TIMESTAMP WITH TIME ZONE NOT NULL, duration INTERVAL, \"by\" TEXT, CONSTRAINT "
                "weir_migrations_pkc PRIMARY KEY (revision))",
                "ALTER TABLE \"ops\".\"ver\"\"sion\" ALTER COLUMN version_num TYPE VARCHAR(255)"});
        CHECK(s.stages[0].bookkeeping[0].sql.starts_with("INSERT INTO \"ops\".\"ver\"\"sion\" "));
        CHECK(other.widen(dialect::sqlite).size() == 6);
    }

    TEST_CASE("only ids that Alembic's own column cannot hold ask for a wider one")
    {
        const std::string id32(32, 'a');
        CHECK_FALSE(outgrows_alembic(*plan_upgrade(test::graph_of({id32}), {}, "head")));
        CHECK(outgrows_alembic(*plan_upgrade(test::graph_of({id32 + 'a'}), {}, "head")));
    }

    TEST_CASE("the script that --sql prints is each stage in its transaction")
    {
        std::vector<revision> all = test::revisions_of({"a", "b: a"});
        all[1].message = "make b";
        all[1].is_transactional = false;
        const auto g = revision_graph::make(all);
        REQUIRE(g.has_value());
        const std::string text = to_text(composed(plan_upgrade(*g, {}, "head")));
        CAPTURE(text);
        std::size_t at = 0;
        for (const char* const part :
             {"BEGIN;\n\nCREATE TABLE IF NOT EXISTS \"alembic_version\"",
              "CREATE TABLE IF NOT EXISTS \"weir_migrations\"",
              "COMMIT;\n\n-- Running upgrade  -> a\n\nBEGIN;\n\n",
              "CREATE a;\n\nINSERT INTO \"alembic_version\"",
              "COMMIT;\n\n-- Running upgrade a -> b, make b\n\nINSERT INTO "
              "\"weir_migrations\"",
              "CREATE b;\n\nBEGIN;\n\nUPDATE \"alembic_version\"",
              "WHERE revision = 'b';\n\nCOMMIT;\n\n"}) {
            CAPTURE(part);
            at = text.find(part, at);
            REQUIRE(at != std::string::npos);
        }
    }

    TEST_CASE("names and literals are quoted so that nothing gets out")
    {
        CHECK(quoted_name("a\"b") == "\"a\"\"b\"");
        CHECK(quoted_literal("it's") == "'it''s'");
        CHECK(quoted_literal("a\\'b") == "E'a\\\\''b'");
    }
}
