#include "daemon/migrations/import.hpp"
#include "daemon/migrations/revision_graph.hpp"
#include "tests/daemon/migrations/sample_graph.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace weir;
using namespace weir::migrations;
using test::ids;

namespace {

// As Alembic 1.8 prints a branch, a merge and a dependency for PostgreSQL.
constexpr std::string_view upgrades = R"(BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> aaaa1

create table t (a int, b text default ';');

insert into t values (1, '-- no comment');

INSERT INTO alembic_version (version_num) VALUES ('aaaa1') RETURNING alembic_version.version_num;

-- Running upgrade aaaa1 -> cccc1

alter table t add c int;

UPDATE alembic_version SET version_num='cccc1' WHERE alembic_version.version_num = 'aaaa1';

-- Running upgrade aaaa1 -> bbbb1

INSERT INTO alembic_version (version_num) VALUES ('bbbb1') RETURNING alembic_version.version_num;

-- Running upgrade bbbb1, cccc1 -> dddd1

DELETE FROM alembic_version WHERE alembic_version.version_num = 'bbbb1';

UPDATE alembic_version SET version_num='dddd1' WHERE alembic_version.version_num = 'cccc1';

-- Running upgrade  -> eeee1

create table u (a int);

INSERT INTO alembic_version (version_num) VALUES ('eeee1') RETURNING alembic_version.version_num;

-- Running upgrade dddd1 -> ffff1

drop table u;

DELETE FROM alembic_version WHERE alembic_version.version_num = 'dddd1';

UPDATE alembic_version SET version_num='ffff1' WHERE alembic_version.version_num = 'eeee1';

COMMIT;

)";

constexpr std::string_view downgrades = R"(BEGIN;

-- Running downgrade ffff1 -> dddd1

create table u (a int);

INSERT INTO alembic_version (version_num) VALUES ('dddd1') RETURNING alembic_version.version_num;

UPDATE alembic_version SET version_num='eeee1' WHERE alembic_version.version_num = 'ffff1';

-- Running downgrade aaaa1 -> 

drop table t;

DELETE FROM alembic_version WHERE alembic_version.version_num = 'aaaa1';

DROP TABLE alembic_version;

COMMIT;
)";

constexpr std::string_view history = R"(dddd1 (bbbb1, eeee1) -> ffff1 (head), needs
bbbb1, cccc1 -> dddd1 (mergepoint), both again
aaaa1 -> bbbb1 (label, other), left, and
a second line
<base> -> aaaa1 (branchpoint), First things
)";

alembic_output output(std::string_view text)
{
    alembic_output out;
    out.upgrades = {"up.sql", std::string{text}};
    return out;
}

std::vector<std::string> texts(const std::vector<statement>& all)
{
    std::vector<std::string> out;
    for (const statement& s : all)
        out.push_back(s.text);
    return out;
}

std::string complaint_about(const alembic_output& from)
{
    const auto read = import_alembic(from);
    return read ? "" : to_text(read.error().front());
}

} // namespace

TEST_SUITE("migrations")
{
    TEST_CASE("alembic's script becomes a revision for each upgrade, without its bookkeeping")
    {
        const auto read = import_alembic(output(upgrades));
        REQUIRE_MESSAGE(read.has_value(), to_text(read.error().front()));
        const std::vector<revision>& all = read->revisions;
        REQUIRE(all.size() == 6);
        CHECK(all[0].id == "aaaa1");
        CHECK(all[0].down_revisions.empty());
        CHECK(texts(all[0].upgrade) == ids{"create table t (a int, b text default ';')",
                                           "insert into t values (1, '-- no comment')"});
        CHECK_FALSE(all[0].downgrade.has_value());
        CHECK(all[1].down_revisions == ids{"aaaa1"});
        CHECK(texts(all[1].upgrade) == ids{"alter table t add c int"});
        CHECK(all[2].upgrade.empty());
        CHECK(all[3].down_revisions == ids{"bbbb1", "cccc1"});
        CHECK(all[3].depends_on.empty());
        CHECK(all[5].down_revisions == ids{"dddd1"});
        CHECK(all[5].depends_on == ids{"eeee1"}); // its row went, though it is no parent
        CHECK(read->notes.empty());
        CHECK(std::ranges::all_of(all, &revision::is_transactional));
        CHECK(revision_graph::make(all).has_value());
    }

    TEST_CASE("the way back and the messages come from alembic's other outputs")
    {
        alembic_output from = output(upgrades);
        from.downgrades = {"down.sql", std::string{downgrades}};
        from.history = {"history", std::string{history}};
        const auto read = import_alembic(from);
        REQUIRE_MESSAGE(read.has_value(), to_text(read.error().front()));
        const std::vector<revision>& all = read->revisions;
        CHECK(texts(*all[0].downgrade) == ids{"drop table t"});
        CHECK(texts(*all[5].downgrade) == ids{"create table u (a int)"});
        CHECK_FALSE(all[1].downgrade.has_value());
        CHECK(all[0].message == "First things");
        CHECK(all[2].message == "left, and a second line");
        CHECK(all[3].message == "both again");
        CHECK(all[5].message == "needs");
        CHECK(all[5].depends_on == ids{"bbbb1", "eeee1"});
    }

    TEST_CASE("a transaction of its own for each revision changes nothing")
    {
        const auto read = import_alembic(output(R"(BEGIN;

-- Running upgrade  -> aaaa1

create table t (a int);

INSERT INTO ops.alembic_version (version_num) VALUES ('aaaa1') RETURNING ops.alembic_version.version_num;

COMMIT;

BEGIN;

-- Running upgrade aaaa1 -> bbbb1

UPDATE ops.alembic_version SET version_num='bbbb1' WHERE ops.alembic_version.version_num = 'aaaa1';

COMMIT;
)"));
        REQUIRE(read.has_value());
        CHECK(texts(read->revisions[0].upgrade) == ids{"create table t (a int)"});
        CHECK(read->revisions[1].upgrade.empty());
        CHECK(read->revisions[0].is_transactional);
        CHECK(read->notes.empty());
    }

    TEST_CASE("an autocommit_block makes a revision that runs outside a transaction")
    {
        const auto read = import_alembic(output(R"(BEGIN;

-- Running upgrade  -> aaaa1

create table t (a int);

COMMIT;

create index concurrently i on t (a);

BEGIN;

INSERT INTO alembic_version (version_num) VALUES ('aaaa1');

COMMIT;
)"));
        REQUIRE(read.has_value());
        CHECK_FALSE(read->revisions[0].is_transactional);
        CHECK(texts(read->revisions[0].upgrade) ==
              ids{"create table t (a int)", "create index concurrently i on t (a)"});
        REQUIRE(read->notes.size() == 1);
        CHECK(read->notes[0].starts_with("aaaa1 leaves its transaction"));
    }

    TEST_CASE("a revision may write to the version table itself, and a version table may have "
              "another name")
    {
        alembic_output from = output(R"(-- Running upgrade  -> aaaa1

delete from versions where version_num = 'old';

create table t (a int);

INSERT INTO versions (version_num) VALUES ('aaaa1');
)");
        from.version_table = "versions";
        const auto read = import_alembic(from);
        REQUIRE(read.has_value());
        CHECK(texts(read->revisions[0].upgrade) ==
              ids{"delete from versions where version_num = 'old'", "create table t (a int)"});
        CHECK(read->revisions[0].depends_on.empty());
    }

    TEST_CASE("what stands before the first revision is told, not lost in silence")
    {
        const auto read = import_alembic(output("SET search_path TO app;\n"
                                                "-- Running upgrade  -> aaaa1\n"
                                                "INSERT INTO alembic_version VALUES ('aaaa1');\n"));
        REQUIRE(read.has_value());
        REQUIRE(read->notes.size() == 1);
        CHECK(read->notes[0] ==
              "up.sql:1: left out, as it is no revision's: SET search_path TO app");
    }

    TEST_CASE("output that is cut anywhere is refused")
    {
        // From the first revision's comment on, to before the COMMIT.
        const std::size_t end = upgrades.rfind("COMMIT;");
        for (std::size_t cut = 0; cut <= end + 5; cut += 7) {
            CAPTURE(cut);
            CHECK_FALSE(complaint_about(output(upgrades.substr(0, cut))).empty());
        }
    }

    TEST_CASE("what is not alembic's script is refused, and says why")
    {
        CHECK(complaint_about(output("select 1;")) ==
              "up.sql: there is no \"-- Running upgrade a -> b\" in it; is it the output of "
              "alembic upgrade --sql?");
        CHECK(
            complaint_about(output("INFO  [alembic.runtime.migration] Running upgrade  -> a, b\n" +
                                   std::string{upgrades}))
                .starts_with("up.sql:1: this is a line of alembic's log"));
        alembic_output from = output(upgrades);
        from.version_table = "versions";
        CHECK(complaint_about(from).starts_with("up.sql:8: no statement changes versions"));
        from = output(upgrades);
        from.downgrades = {"down.sql",
                           "-- Running downgrade zzzz -> \n"
                           "DELETE FROM alembic_version;\n"};
        CHECK(complaint_about(from) == "down.sql:1: no upgrade leads to it");
        from.downgrades.reset();
        from.history = {"history", "nonsense\n"};
        CHECK(complaint_about(from) == "history:1: this is no line of alembic's history");
    }

    TEST_CASE("what a revision's file cannot say is refused")
    {
        const auto with = [](std::string_view id, std::string_view sql) {
            return output("-- Running upgrade  -> " + std::string{id} + '\n' + std::string{sql} +
                          "\nINSERT INTO alembic_version VALUES ('x');\n");
        };
        CHECK(complaint_about(with("aaaa1", "select 1;")).empty());
        CHECK(complaint_about(with("aa@a1", "select 1;")) ==
              "up.sql: revision aa@a1: Character(s) '@' not allowed in revision identifier "
              "'aa@a1'");
        CHECK(complaint_about(with("aaaa1", "select 1\n-- downgrade\n, 2;")) != "");
    }
}
