// The catalog: what a new file holds, and what is said of tables that others made.
#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/catalog_edit.hpp"
#include "pool/sqlite/catalog_tables.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/functions.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using namespace weir::sqlite;

namespace {

connection fresh(std::string_view sql = {})
{
    connection db = connection::open(":memory:").value();
    static const function_context context;
    register_functions(db, &context).value();
    db.execute(sql).value();
    return db;
}

std::string text_of(connection& db, std::string_view sql)
{
    statement query = db.prepare(sql).value();
    REQUIRE(query.step().value() == step_result::row);
    return std::string(query.column(0).bytes);
}

} // namespace

TEST_SUITE("sqlite catalog")
{
    TEST_CASE("a new file describes the catalog itself")
    {
        connection db = fresh();
        catalog::install(db).value();
        const auto tables = catalog::load(db).value();
        const relation* const classes = tables->find("", "pg_class");
        REQUIRE(classes != nullptr);
        CHECK(classes->schema == "pg_catalog");
        CHECK(classes->stored_as == "pg_catalog.pg_class");
        CHECK(classes->id == oid{1259});
        REQUIRE(classes->find("relname") != nullptr);
        CHECK(classes->find("relname")->type == type::name);
        CHECK(classes->find("relkind")->type == type::char_);
        CHECK(tables->find("", "no_such_table") == nullptr);
        CHECK(tables->find(oid{1259}) == classes);
    }

    TEST_CASE("every system relation has the columns that its description names")
    {
        connection db = fresh();
        catalog::install(db).value();
        for (const system_relation& each : system_relations()) {
            CAPTURE(each.name);
            std::string described;
            for (const system_column& column : columns_of(each)) {
                CHECK(find_type(column.type) != nullptr);
                described += std::string(column.name) + ' ';
            }
            CHECK(text_of(db,
                          "SELECT group_concat(name || ' ', '') FROM pragma_table_info('" +
                              stored_name("pg_catalog", each.name) + "')") == described);
        }
    }

    TEST_CASE("the types are rows of pg_type, arrays with their elements")
    {
        connection db = fresh();
        catalog::install(db).value();
        CHECK(text_of(db,
                      "SELECT e.typname FROM \"pg_catalog.pg_type\" a JOIN \"pg_catalog.pg_type\" "
                      "e ON e.oid = a.typelem WHERE a.typname = '_int4'") == "int4");
        CHECK(text_of(db,
                      "SELECT group_concat(typname) FROM \"pg_catalog.pg_type\" WHERE typcategory "
                      "= 'N' AND typispreferred") == "oid,float8");
    }

    TEST_CASE("installing twice changes nothing")
    {
        connection db = fresh();
        catalog::install(db).value();
        const std::string before = text_of(db, "SELECT group_concat(sql) FROM sqlite_schema");
        const std::string rows =
            text_of(db, "SELECT count(*) || '' FROM \"pg_catalog.pg_attribute\"");
        catalog::install(db).value();
        CHECK(text_of(db, "SELECT group_concat(sql) FROM sqlite_schema") == before);
        CHECK(text_of(db, "SELECT count(*) || '' FROM \"pg_catalog.pg_attribute\"") == rows);
    }

    TEST_CASE("a catalog newer than we know is refused and left alone")
    {
        connection db = fresh();
        catalog::install(db).value();
        db.execute("UPDATE \"pg_catalog.weir_catalog\" SET version = 99; CREATE TABLE t (a)")
            .value();
        const auto installed = catalog::install(db);
        REQUIRE(installed.has_error());
        CHECK(installed.error().code == sqlstate{"55000"});
        CHECK(installed.error().message ==
              "the file's catalog has version 99, this weir knows version 1");
        CHECK(!db.in_transaction());
        CHECK(
            text_of(db, "SELECT count(*) || '' FROM \"pg_catalog.pg_class\" WHERE relname = 't'") ==
            "0");
    }

    TEST_CASE("tables that SQLAlchemy's sqlite dialect made get PostgreSQL's types")
    {
        connection db = fresh("CREATE TABLE users (id INTEGER NOT NULL, name VARCHAR(50) NOT NULL, "
                              "born DATE, seen DATETIME DEFAULT CURRENT_TIMESTAMP, active BOOLEAN, "
                              "score NUMERIC(10, 2), ratio FLOAT, extra JSON, raw BLOB, note TEXT, "
                              "PRIMARY KEY (id), UNIQUE (name));"
                              "CREATE INDEX users_born ON users (born);"
                              "CREATE TABLE pairs (a INT, b INT, PRIMARY KEY (b, a));"
                              "CREATE VIEW names AS SELECT name FROM users;");
        catalog::install(db).value();
        const auto tables = catalog::load(db).value();
        const relation* const users = tables->find("public", "users");
        REQUIRE(users != nullptr);
        const auto type_of = [users](std::string_view column) {
            return find_type(users->find(column)->type)->name;
        };
        CHECK(type_of("id") == "int8");
        CHECK(type_of("name") == "varchar");
        CHECK(users->find("name")->modifier == 54);
        CHECK(type_of("born") == "date");
        CHECK(type_of("seen") == "timestamp");
        CHECK(users->find("seen")->emitted_default == "(CURRENT_TIMESTAMP)");
        CHECK(type_of("active") == "bool");
        CHECK(type_of("score") == "float8"); // that is what SQLite keeps there
        CHECK(type_of("ratio") == "float8");
        CHECK(type_of("extra") == "json");
        CHECK(type_of("raw") == "bytea");
        CHECK(type_of("note") == "text");
        CHECK(users->find("id")->not_null);
        CHECK(users->find("id")->emitted_default == "NULL"); // SQLite numbers the row
        CHECK(users->has_primary_key);
        CHECK(users->unique_keys == std::vector<std::vector<std::string>>{{"id"}, {"name"}});
        CHECK(tables->find("public", "pairs")->unique_keys ==
              std::vector<std::vector<std::string>>{{"b", "a"}});
        CHECK(tables->find("public", "names")->kind == 'v');
        CHECK(tables->find("public", "users_born")->kind == 'i');
    }

    TEST_CASE("a view whose table is gone does not keep a file from being served")
    {
        connection db = fresh("CREATE TABLE t (a INT); CREATE VIEW v AS SELECT a FROM t; "
                              "CREATE VIEW w AS SELECT * FROM nowhere");
        catalog::install(db).value();
        CHECK(catalog::load(db).value()->find("", "v") != nullptr);
        CHECK(catalog::load(db).value()->find("", "w") == nullptr);
        db.execute("DROP TABLE t").value();
        catalog::install(db).value();
        CHECK(catalog::load(db).value()->find("", "t") == nullptr);
    }

    TEST_CASE("what other programs changed since is described anew")
    {
        connection db = fresh("CREATE TABLE a (x INT); CREATE TABLE b (x INT)");
        catalog::install(db).value();
        db.execute("DROP TABLE a; ALTER TABLE b ADD COLUMN y TEXT; CREATE TABLE c (z INT)").value();
        catalog::install(db).value();
        const auto tables = catalog::load(db).value();
        CHECK(tables->find("", "a") == nullptr);
        CHECK(tables->find("", "b")->find("y") != nullptr);
        CHECK(tables->find("", "c") != nullptr);
    }
}
