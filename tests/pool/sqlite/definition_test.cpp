// DDL: what it does to SQLite's schema and to the catalog, and what it refuses.
#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/definition.hpp"
#include "pool/sqlite/dialect/parse_tree.hpp"
#include "pool/sqlite/dialect/statement.hpp"
#include "pool/sqlite/functions.hpp"
#include "pool/sqlite/table_text.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

using namespace weir;
using namespace weir::sqlite;

namespace {

// One client on a fresh file: PostgreSQL's statements in, tags or errors out.
class client {
public:
    explicit client(const std::string& path = ":memory:") : db_(connection::open(path).value())
    {
        register_functions(db_, &context_).value();
        catalog::install(db_).value();
    }

    // "CREATE TABLE", or "42P07: relation ..."; for queries the first column of the first row.
    std::string run(const std::string& sql)
    {
        const result<std::string> done = try_to_run(sql);
        if (!done)
            return std::string(done.error().code.text()) + ": " + done.error().message;
        return *done;
    }

    std::shared_ptr<const catalog> tables() { return catalog::load(db_).value(); }
    connection& db() { return db_; }

    std::string stored_sql(std::string_view name)
    {
        statement query = db_.prepare("SELECT sql FROM sqlite_schema WHERE name = ?1").value();
        query.bind(1, {.is = value::kind::text, .bytes = name});
        return query.step().value() == step_result::row ? std::string(query.column(0).bytes) : "";
    }

private:
    result<std::string> try_to_run(const std::string& sql)
    {
        const auto tree = parse_tree::parse(sql);
        if (!tree)
            return tree.error();
        const auto known = tables();
        const auto analysed = is_definition(tree->statement(0))
                                  ? analyse_definition(tree->statement(0), sql, *known, {})
                                  : analyse(*tree, 0, {}, *known, {});
        if (!analysed)
            return analysed.error();
        const analysed_statement& plan = **analysed;
        if (plan.kind == statement_kind::define) {
            const auto applied = plan.apply(db_);
            if (!applied)
                return applied.error();
            return plan.tag;
        }
        auto query = db_.prepare(plan.sql);
        if (!query)
            return query.error();
        const auto stepped = query->step();
        if (!stepped)
            return stepped.error();
        if (*stepped == step_result::done)
            return plan.tag;
        const value first = query->column(0);
        return first.is == value::kind::integer ? std::to_string(first.integer)
                                                : std::string(first.bytes);
    }

    function_context context_;
    connection db_;
};

} // namespace

TEST_SUITE("sqlite definitions")
{
    TEST_CASE("a table is described as PostgreSQL would describe it")
    {
        client c;
        CHECK(c.run("CREATE TABLE users (id serial PRIMARY KEY, email varchar(50) NOT NULL UNIQUE, "
                    "age int CHECK (age > 0), score numeric(10, 2) DEFAULT 1.5, "
                    "born timestamptz DEFAULT now())") == "CREATE TABLE");
        const auto tables = c.tables();
        const relation* const users = tables->find("", "users");
        REQUIRE(users != nullptr);
        CHECK(users->schema == "public");
        CHECK(users->find("id")->type == type::int4);
        CHECK(users->find("id")->not_null);
        CHECK(users->find("id")->default_sql == "nextval('users_id_seq'::regclass)");
        CHECK(users->find("email")->modifier == 54);
        CHECK(users->find("score")->modifier == ((10 << 16) | 2) + 4);
        CHECK(users->find("born")->default_sql == "now()");
        CHECK(users->has_primary_key);
        CHECK(users->unique_keys == std::vector<std::vector<std::string>>{{"id"}, {"email"}});
        CHECK(tables->find("", "users_id_seq")->kind == 'S');
        CHECK(
            c.run(
                "SELECT string_agg(conname, ' ') FROM (SELECT conname FROM pg_constraint ORDER BY "
                "conname) named") == "users_age_check users_email_key users_pkey");
    }

    TEST_CASE("a primary key takes no NULL, and its default counts up")
    {
        client c;
        c.run("CREATE TABLE t (id bigserial PRIMARY KEY, x text)");
        CHECK(c.run("INSERT INTO t (x) VALUES ('a') RETURNING id") == "1");
        CHECK(c.run("INSERT INTO t (x) VALUES ('b') RETURNING id") == "2");
        CHECK(c.run("INSERT INTO t (id, x) VALUES (NULL, 'c')") ==
              "23502: null value in column \"id\" of relation \"t\" violates not-null constraint");
        CHECK(c.run("INSERT INTO t (id, x) VALUES (1, 'd')") ==
              "23505: duplicate key value violates unique constraint \"t_pkey\"");
    }

    TEST_CASE("constraints are told by their names")
    {
        client c;
        c.run("CREATE TABLE t (a int, b int, CONSTRAINT pk_t PRIMARY KEY (a), CONSTRAINT positive "
              "CHECK (b > 0), CONSTRAINT only_one UNIQUE (b))");
        c.run("INSERT INTO t VALUES (1, 1)");
        CHECK(c.run("INSERT INTO t VALUES (1, 2)") ==
              "23505: duplicate key value violates unique constraint \"pk_t\"");
        CHECK(c.run("INSERT INTO t VALUES (2, 1)") ==
              "23505: duplicate key value violates unique constraint \"only_one\"");
        CHECK(c.run("INSERT INTO t VALUES (3, -1)").starts_with("23514"));
        CHECK(c.run("INSERT INTO t VALUES (3, -1)").find("\"positive\"") != std::string::npos);
    }

    TEST_CASE("foreign keys act, and their targets are checked when they are made")
    {
        client c;
        c.run("CREATE TABLE a (id int PRIMARY KEY, name text)");
        CHECK(
            c.run("CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a ON DELETE CASCADE)") ==
            "CREATE TABLE");
        c.run("INSERT INTO a VALUES (1, 'x')");
        c.run("INSERT INTO b VALUES (1, 1)");
        CHECK(c.run("INSERT INTO b VALUES (2, 9)").starts_with("23503"));
        c.run("DELETE FROM a");
        CHECK(c.run("SELECT count(*) FROM b") == "0");
        CHECK(c.run("CREATE TABLE c (x int REFERENCES nowhere)") ==
              "42P01: relation \"nowhere\" does not exist");
        CHECK(
            c.run("CREATE TABLE c (x text REFERENCES a (name))") ==
            "42830: there is no unique constraint matching given keys for referenced table \"a\"");
        CHECK(c.run("CREATE TABLE c (x text REFERENCES a)") ==
              "42804: foreign key constraint \"c_x_fkey\" cannot be implemented");
        CHECK(c.tables()->find("", "c") == nullptr); // nothing was left behind
        CHECK(c.run("CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree)") ==
              "CREATE TABLE");
        CHECK(c.run("SELECT confrelid = conrelid FROM pg_constraint WHERE conname = "
                    "'tree_parent_fkey'") == "1");
    }

    TEST_CASE("IF NOT EXISTS, and names that are taken")
    {
        client c;
        c.run("CREATE TABLE t (a int)");
        CHECK(c.run("CREATE TABLE t (a int)") == "42P07: relation \"t\" already exists");
        CHECK(c.run("CREATE TABLE IF NOT EXISTS t (a int)") == "CREATE TABLE");
        CHECK(c.run("CREATE TABLE \"T\" (a int)").starts_with("0A000"));
        CHECK(c.run("CREATE TABLE sqlite_x (a int)").starts_with("42939"));
        CHECK(c.run("CREATE TABLE u (a int, a text)") ==
              "42701: column \"a\" specified more than once");
        CHECK(c.run("CREATE TABLE u (a int, \"A\" text)").starts_with("0A000"));
        CHECK(c.run("CREATE INDEX t ON t (a)") == "42P07: relation \"t\" already exists");
    }

    TEST_CASE("default names are numbered and cut as PostgreSQL's are")
    {
        client c;
        const std::string table(60, 't');
        c.run("CREATE TABLE " + table + " (column_with_a_name int UNIQUE)");
        CHECK(c.run("SELECT conname FROM pg_constraint") ==
              std::string(40, 't') + "_column_with_a_name_key");
        c.run("CREATE TABLE t (a int)");
        c.run("CREATE INDEX ON t (a)");
        c.run("CREATE INDEX ON t (a)");
        c.run("CREATE INDEX ON t (lower(a::text), a)");
        CHECK(c.tables()->find("", "t_a_idx") != nullptr);
        CHECK(c.tables()->find("", "t_a_idx1") != nullptr);
        CHECK(c.tables()->find("", "t_lower_a_idx") != nullptr);
    }

    TEST_CASE("what SQLite cannot do is refused by its name")
    {
        client c;
        for (const auto* const sql : {"CREATE TEMP TABLE t (a int)",
                                      "CREATE TABLE t (a int) PARTITION BY RANGE (a)",
                                      "CREATE TABLE t (LIKE u)",
                                      "CREATE TABLE t (a int GENERATED ALWAYS AS (1) STORED)",
                                      "CREATE TABLE t (a int UNIQUE DEFERRABLE)",
                                      "CREATE TABLE t AS SELECT 1",
                                      "CREATE TABLE t ()",
                                      "CREATE SCHEMA s",
                                      "CREATE EXTENSION hstore",
                                      "CREATE TYPE mood AS ENUM ('sad')"}) {
            CAPTURE(sql);
            CHECK(c.run(sql).starts_with("0A000"));
        }
        CHECK(c.run("CREATE TABLE other.t (a int)") == "3F000: schema \"other\" does not exist");
    }

    TEST_CASE("DROP takes what hangs on a table, and asks for CASCADE where others do")
    {
        client c;
        c.run("CREATE TABLE a (id serial PRIMARY KEY)");
        c.run("CREATE TABLE b (a_id int REFERENCES a, x int)");
        c.run("CREATE VIEW v AS SELECT x FROM b");
        CHECK(c.run("DROP TABLE a") ==
              "2BP01: cannot drop table a because other objects depend on it");
        CHECK(c.run("DROP TABLE b") ==
              "2BP01: cannot drop table b because other objects depend on it");
        CHECK(c.run("DROP TABLE a CASCADE") == "DROP TABLE");
        CHECK(c.tables()->find("", "a_id_seq") == nullptr);
        CHECK(c.run("INSERT INTO b VALUES (5, 6)") == "INSERT 0"); // refers to nothing now
        CHECK(c.run("DROP TABLE b CASCADE") == "DROP TABLE");
        CHECK(c.tables()->find("", "v") == nullptr);
        CHECK(c.run("SELECT count(*) FROM pg_class WHERE oid >= 16384") == "0");
        CHECK(c.run("SELECT count(*) FROM pg_depend") == "0");
        CHECK(c.run("DROP TABLE a") == "42P01: table \"a\" does not exist");
        CHECK(c.run("DROP TABLE IF EXISTS a") == "DROP TABLE");
        c.run("CREATE TABLE p (id int PRIMARY KEY)");
        c.run("CREATE TABLE q (p int REFERENCES p)");
        CHECK(c.run("DROP TABLE p, q") == "DROP TABLE");
    }

    TEST_CASE("columns are added with their defaults and constraints")
    {
        client c;
        c.run("CREATE TABLE t (a int)");
        c.run("INSERT INTO t VALUES (1)");
        CHECK(c.run("ALTER TABLE t ADD COLUMN b int NOT NULL DEFAULT 7") == "ALTER TABLE");
        CHECK(c.run("SELECT b FROM t") == "7");
        CHECK(c.run("INSERT INTO t (a, b) VALUES (2, NULL)").starts_with("23502"));
        CHECK(c.run("ALTER TABLE t ADD COLUMN c int NOT NULL") ==
              "23502: column \"c\" of relation \"t\" contains null values");
        CHECK(c.tables()->find("", "t")->find("c") == nullptr);
        CHECK(c.run("ALTER TABLE t ADD COLUMN d int UNIQUE CHECK (d < 10)") == "ALTER TABLE");
        CHECK(c.run("INSERT INTO t VALUES (1, 1, 11)").starts_with("23514"));
        CHECK(c.run("ALTER TABLE t ADD COLUMN e bigserial") == "ALTER TABLE");
        CHECK(c.run("SELECT e FROM t") == "1");
        CHECK(c.run("ALTER TABLE t ADD COLUMN a int") ==
              "42701: column \"a\" of relation \"t\" already exists");
        CHECK(c.run("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int") == "ALTER TABLE");
        CHECK(c.run("ALTER TABLE nowhere ADD COLUMN a int") ==
              "42P01: relation \"nowhere\" does not exist");
    }

    TEST_CASE("a dropped column takes its indexes and constraints along, and numbers stay")
    {
        client c;
        c.run("CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE CHECK (b > 0), c text)");
        c.run("CREATE INDEX ON t (b, c)");
        c.run("INSERT INTO t VALUES (1, 2, 'x')");
        CHECK(c.run("ALTER TABLE t DROP COLUMN b") == "ALTER TABLE");
        CHECK(c.run("SELECT c FROM t") == "x");
        CHECK(c.tables()->find("", "t")->find("c")->number == 3);
        CHECK(c.tables()->find("", "t_b_c_idx") == nullptr);
        CHECK(c.run("SELECT string_agg(conname, ' ') FROM pg_constraint") == "t_pkey");
        CHECK(c.run("ALTER TABLE t ADD COLUMN b int") == "ALTER TABLE");
        CHECK(c.tables()->find("", "t")->find("b")->number == 4);
        CHECK(c.run("ALTER TABLE t DROP COLUMN a") == "ALTER TABLE");
        CHECK(!c.tables()->find("", "t")->has_primary_key);
        CHECK(c.run("ALTER TABLE t DROP COLUMN z") ==
              "42703: column \"z\" of relation \"t\" does not exist");
        CHECK(c.run("ALTER TABLE t DROP COLUMN IF EXISTS z") == "ALTER TABLE");
    }

    TEST_CASE("renamed tables and columns keep their constraints and views")
    {
        client c;
        c.run("CREATE TABLE t (a int PRIMARY KEY, b int CHECK (b > 0))");
        c.run("CREATE TABLE u (t_a int REFERENCES t)");
        c.run("CREATE VIEW v AS SELECT b FROM t");
        c.run("INSERT INTO t VALUES (1, 2)");
        CHECK(c.run("ALTER TABLE t RENAME COLUMN b TO amount") == "ALTER TABLE");
        CHECK(c.run("ALTER TABLE t RENAME TO things") == "ALTER TABLE");
        CHECK(c.run("SELECT amount FROM things") == "2");
        CHECK(c.run("SELECT b FROM v") == "2");
        CHECK(c.run("INSERT INTO things VALUES (2, -1)").starts_with("23514"));
        CHECK(c.run("INSERT INTO u VALUES (9)").starts_with("23503"));
        CHECK(c.run("ALTER TABLE things DROP CONSTRAINT t_b_check") == "ALTER TABLE");
        CHECK(c.run("INSERT INTO things VALUES (2, -1)") == "INSERT 0");
        CHECK(c.run("ALTER TABLE t RENAME TO x") == "42P01: relation \"t\" does not exist");
    }

    TEST_CASE("constraints come and go")
    {
        client c;
        c.run("CREATE TABLE t (a int, b int)");
        c.run("INSERT INTO t VALUES (1, NULL)");
        CHECK(c.run("ALTER TABLE t ADD CONSTRAINT big CHECK (a > 5)") ==
              "23514: check constraint \"big\" of relation \"t\" is violated by some row");
        CHECK(c.run("ALTER TABLE t ADD PRIMARY KEY (a)") == "ALTER TABLE");
        CHECK(c.run("INSERT INTO t (a) VALUES (NULL)").starts_with("23502"));
        CHECK(c.run("ALTER TABLE t ALTER COLUMN b SET NOT NULL") ==
              "23502: column \"b\" of relation \"t\" contains null values");
        CHECK(c.run("ALTER TABLE t ALTER COLUMN b SET DEFAULT 3") == "ALTER TABLE");
        CHECK(c.run("INSERT INTO t (a) VALUES (2) RETURNING b") == "3");
        CHECK(c.run("ALTER TABLE t ALTER COLUMN b DROP DEFAULT") == "ALTER TABLE");
        CHECK(c.run("ALTER TABLE t ALTER COLUMN a DROP NOT NULL") ==
              "42P16: column \"a\" is in a primary key");
        CHECK(c.run("ALTER TABLE t DROP CONSTRAINT t_pkey") == "ALTER TABLE");
        CHECK(c.run("ALTER TABLE t ALTER COLUMN a DROP NOT NULL") == "ALTER TABLE");
        CHECK(c.run("INSERT INTO t (a) VALUES (NULL)") == "INSERT 0");
        CHECK(c.run("ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES t (a)").starts_with("42830"));
        CHECK(c.run("ALTER TABLE t ALTER COLUMN a TYPE text").starts_with("0A000"));
    }

    TEST_CASE("a rolled back definition leaves nothing behind")
    {
        client c;
        c.db().execute("BEGIN").value();
        c.run("CREATE TABLE t (id serial PRIMARY KEY)");
        CHECK(c.tables()->find("", "t") != nullptr);
        c.db().execute("ROLLBACK").value();
        CHECK(c.tables()->find("", "t") == nullptr);
        CHECK(c.stored_sql("t").empty());
        CHECK(c.run("CREATE TABLE t (id serial PRIMARY KEY)") == "CREATE TABLE");
    }

    TEST_CASE("other connections see an edited definition")
    {
        const auto file = std::filesystem::temp_directory_path() /
                          ("weir-definition-" + std::to_string(::getpid()) + ".db");
        {
            client changing(file.string());
            changing.run("CREATE TABLE t (a int)");
            client waiting(file.string());
            CHECK(waiting.run("INSERT INTO t VALUES (1)") == "INSERT 0"); // has read the old one
            CHECK(changing.run("ALTER TABLE t ADD CONSTRAINT small CHECK (a < 5)") ==
                  "ALTER TABLE");
            CHECK(waiting.run("INSERT INTO t VALUES (9)").starts_with("23514"));
            CHECK(waiting.run("SELECT count(*) FROM t") == "1");
            statement check = waiting.db().prepare("PRAGMA integrity_check").value();
            REQUIRE(check.step().value() == step_result::row);
            CHECK(check.column(0).bytes == "ok");
        }
        for (const auto* const end : {"", "-wal", "-shm"})
            std::filesystem::remove(file.string() + end);
    }

    TEST_CASE("an error in the middle undoes the steps before it, not the transaction")
    {
        client c;
        c.db().execute("BEGIN").value();
        c.run("CREATE TABLE before_it (a int)");
        CHECK(c.run("CREATE TABLE t (a int, b int REFERENCES nowhere)").starts_with("42P01"));
        CHECK(c.tables()->find("", "t") == nullptr);
        c.db().execute("COMMIT").value();
        CHECK(c.tables()->find("", "before_it") != nullptr);
    }

    TEST_CASE("indexes: unique, partial, over expressions")
    {
        client c;
        c.run("CREATE TABLE t (a int, b text, n numeric)");
        CHECK(c.run("CREATE UNIQUE INDEX by_b ON t (lower(b)) WHERE a > 0") == "CREATE INDEX");
        c.run("INSERT INTO t VALUES (1, 'X', 1)");
        CHECK(c.run("INSERT INTO t VALUES (2, 'x', 2)") ==
              "23505: duplicate key value violates unique constraint \"by_b\"");
        CHECK(c.run("INSERT INTO t VALUES (-2, 'x', 2)") == "INSERT 0");
        CHECK(c.run("CREATE UNIQUE INDEX by_n ON t (n)") == "CREATE INDEX");
        CHECK(c.run("INSERT INTO t VALUES (5, 'z', 2.00)") ==
              "23505: duplicate key value violates unique constraint \"by_n\"");
        CHECK(c.run("CREATE INDEX IF NOT EXISTS by_n ON t (n)") == "CREATE INDEX");
        CHECK(c.run("CREATE INDEX ON t (z)") == "42703: column \"z\" does not exist");
        CHECK(c.run("CREATE INDEX ON t USING gin (b)").starts_with("0A000"));
        CHECK(c.run("DROP INDEX by_b, by_n") == "DROP INDEX");
        c.run("CREATE TABLE u (a int UNIQUE)");
        CHECK(c.run("DROP INDEX u_a_key") ==
              "2BP01: cannot drop index u_a_key because constraint u_a_key on table u requires it");
    }

    TEST_CASE("views have columns, and may be replaced by wider ones")
    {
        client c;
        c.run("CREATE TABLE t (a int, b text)");
        c.run("INSERT INTO t VALUES (1, 'x')");
        CHECK(c.run("CREATE VIEW v (n) AS SELECT a FROM t") == "CREATE VIEW");
        CHECK(c.tables()->find("", "v")->find("n")->type == type::int4);
        CHECK(c.run("SELECT n FROM v") == "1");
        CHECK(c.run("CREATE VIEW v AS SELECT 1 AS x") == "42P07: relation \"v\" already exists");
        CHECK(c.run("CREATE OR REPLACE VIEW v (n, m) AS SELECT a, b FROM t") == "CREATE VIEW");
        CHECK(c.run("SELECT m FROM v") == "x");
        CHECK(c.run("CREATE OR REPLACE VIEW v (n) AS SELECT a FROM t") ==
              "42P16: cannot drop columns from view");
        CHECK(c.run("ALTER TABLE t DROP COLUMN b") ==
              "2BP01: cannot drop column b of table t because other objects depend on it");
        CHECK(c.run("DROP VIEW v") == "DROP VIEW");
        CHECK(c.run("DROP VIEW t") == "42809: \"t\" is not a view");
    }

    TEST_CASE("sequences count within their bounds")
    {
        client c;
        CHECK(c.run("CREATE SEQUENCE s START 5 INCREMENT 2 MAXVALUE 8") == "CREATE SEQUENCE");
        CHECK(c.run("SELECT nextval('s')") == "5");
        CHECK(c.run("SELECT nextval('s')") == "7");
        CHECK(c.run("SELECT currval('s')") == "7");
        CHECK(c.run("SELECT lastval()") == "7");
        CHECK(c.run("SELECT nextval('s')") ==
              "2200H: nextval: reached maximum value of sequence \"s\" (8)");
        CHECK(c.run("SELECT setval('s', 6, false)") == "6");
        CHECK(c.run("SELECT nextval('s')") == "6");
        CHECK(c.run("CREATE SEQUENCE down INCREMENT -1") == "CREATE SEQUENCE");
        CHECK(c.run("SELECT nextval('down')") == "-1");
        CHECK(c.run("DROP SEQUENCE s") == "DROP SEQUENCE");
        CHECK(c.run("SELECT nextval('s')") == "42P01: relation \"s\" does not exist");
        c.run("CREATE TABLE t (id serial)");
        CHECK(c.run("DROP SEQUENCE t_id_seq") ==
              "2BP01: cannot drop sequence t_id_seq because other objects depend on it");
        CHECK(c.run("SELECT pg_get_serial_sequence('t', 'id')") == "public.t_id_seq");
    }

    TEST_CASE("identity columns")
    {
        client c;
        CHECK(c.run("CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY (START 10), x int)") ==
              "CREATE TABLE");
        CHECK(c.run("INSERT INTO t (x) VALUES (1) RETURNING id") == "10");
        CHECK(c.run("CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY, x int)") ==
              "CREATE TABLE");
        CHECK(c.tables()->find("", "u")->find("id")->generated_always);
        CHECK(c.run("INSERT INTO u (x) VALUES (1) RETURNING id") == "1");
    }

    TEST_CASE("comments are kept")
    {
        client c;
        c.run("CREATE TABLE t (a int)");
        CHECK(c.run("COMMENT ON TABLE t IS 'things'") == "COMMENT");
        CHECK(c.run("COMMENT ON COLUMN t.a IS 'amount'") == "COMMENT");
        CHECK(c.run("SELECT string_agg(description, ' ') FROM pg_description") == "things amount");
        CHECK(c.run("COMMENT ON TABLE t IS NULL") == "COMMENT");
        CHECK(c.run("SELECT count(*) FROM pg_description") == "1");
    }

    TEST_CASE("the text of a CREATE TABLE is edited by its elements")
    {
        table_text text("CREATE TABLE \"a(b\" (x INT DEFAULT (1, 2), -- a, comment\n  \"y,\" TEXT "
                        "CHECK (y <> '),'), CONSTRAINT \"c\"\"d\" CHECK (x > 0))");
        CHECK(text.replace_column("Y,", "\"y,\" TEXT NOT NULL"));
        CHECK(text.drop_constraint("c\"d"));
        CHECK(!text.drop_constraint("y,"));
        text.add("CONSTRAINT e CHECK (x < 9)");
        CHECK(text.text() ==
              "CREATE TABLE \"a(b\" (\n    x INT DEFAULT (1, 2),\n    \"y,\" TEXT NOT "
              "NULL,\n    CONSTRAINT e CHECK (x < 9)\n)");
    }
}
