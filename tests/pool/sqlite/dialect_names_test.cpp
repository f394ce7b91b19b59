// Names: which table and column one means, what a result column is called, where it comes from.
#include "tests/pool/sqlite/dialect_fixture.hpp"

using namespace weir;
using namespace weir::sqlite;

namespace {

test::dialect_file shop()
{
    test::dialect_file file;
    CHECK(file.run("CREATE TABLE users (id serial PRIMARY KEY, name varchar(50) NOT NULL, age int, "
                   "active boolean)") == "");
    CHECK(file.run("CREATE TABLE orders (id int PRIMARY KEY, user_id int, total numeric)") == "");
    return file;
}

std::string names(test::dialect_file& file, std::string_view sql)
{
    std::string all;
    const auto plan = file.analysed(sql).value();
    for (const result_column& each : plan->columns)
        all += (all.empty() ? "" : ",") + each.name;
    return all;
}

} // namespace

TEST_SUITE("sqlite dialect: names")
{
    TEST_CASE("a result column is called what PostgreSQL calls it")
    {
        test::dialect_file file = shop();
        struct expectation {
            std::string sql;
            std::string names;
        };
        const expectation cases[] = {
            {"SELECT 1, 'a', null, 1 + 1, age FROM users",
             "?column?,?column?,?column?,?column?,age"},
            {"SELECT count(*), max(age), coalesce(age, 1), nullif(age, 1) FROM users GROUP BY age",
             "count,max,coalesce,nullif"},
            {"SELECT 1::int, CAST('a' AS varchar), age::text, true FROM users",
             "int4,varchar,age,?column?"},
            {"SELECT CASE WHEN true THEN 1 END, CASE WHEN true THEN 1 ELSE age END FROM users",
             "case,age"},
            {"SELECT greatest(1, 2), least(1, 2), current_date, current_user",
             "greatest,least,current_date,current_user"},
            {"SELECT exists (SELECT 1), (SELECT age FROM users LIMIT 1), (SELECT max(age) AS m "
             "FROM "
             "users)",
             "exists,age,m"},
            {"SELECT * FROM users", "id,name,age,active"},
            {"SELECT u.*, o.id AS \"Order\" FROM users u, orders o", "id,name,age,active,Order"},
            {"SELECT * FROM users NATURAL JOIN orders", "id,name,age,active,user_id,total"},
            {"SELECT * FROM users JOIN orders USING (id)", "id,name,age,active,user_id,total"},
            {"SELECT * FROM (VALUES (1, 2)) v", "column1,column2"},
            {"SELECT * FROM (VALUES (1, 2)) v(x)", "x,column2"},
            {"SELECT * FROM generate_series(1, 2)", "generate_series"},
            {"SELECT * FROM generate_series(1, 2) g", "g"},
            {"WITH t(a) AS (SELECT 1, 2 AS b) SELECT * FROM t", "a,b"},
            {"INSERT INTO users (name) VALUES ('x') RETURNING id, upper(name), age AS years",
             "id,upper,years"},
        };
        for (const expectation& each : cases) {
            CAPTURE(each.sql);
            CHECK(names(file, each.sql) == each.names);
        }
    }

    TEST_CASE("a column tells its table and number, also through a subquery")
    {
        test::dialect_file file = shop();
        const auto plan = file.analysed("SELECT s.name, s.age + 1 FROM (SELECT age, name FROM "
                                        "users) s")
                              .value();
        REQUIRE(plan->columns.size() == 2);
        CHECK(plan->columns[0].table != type::none);
        CHECK(plan->columns[0].number == 2);
        CHECK(plan->columns[0].type == type::varchar);
        CHECK(plan->columns[0].modifier == 54);
        CHECK(plan->columns[1].table == type::none);
        CHECK(plan->columns[1].number == 0);
    }

    TEST_CASE("a name that means nothing, or two things, is refused as PostgreSQL does")
    {
        test::dialect_file file = shop();
        struct expectation {
            std::string sql;
            std::string error;
        };
        const expectation cases[] = {
            {"SELECT * FROM nope", "42P01 relation \"nope\" does not exist"},
            {"SELECT * FROM nope.users", "42P01 relation \"nope.users\" does not exist"},
            {"SELECT nope FROM users", "42703 column \"nope\" does not exist"},
            {"SELECT u.nope FROM users u", "42703 column u.nope does not exist"},
            {"SELECT x.id FROM users", "42P01 missing FROM-clause entry for table \"x\""},
            {"SELECT users.id FROM users u",
             "42P01 invalid reference to FROM-clause entry for table \"users\""},
            {"SELECT id FROM users, orders", "42702 column reference \"id\" is ambiguous"},
            {"SELECT s.a FROM (SELECT 1 AS a, 2 AS a) s",
             "42702 column reference \"a\" is ambiguous"},
            {"SELECT id AS a, age AS a FROM users ORDER BY a", "42702 ORDER BY \"a\" is ambiguous"},
            {"SELECT * FROM users u, orders u", "42712 table name \"u\" specified more than once"},
            {"SELECT * FROM users JOIN orders USING (age)",
             "42703 column \"age\" specified in USING clause does not exist in right table"},
            {"SELECT * FROM users, (SELECT users.id) s",
             "42P01 invalid reference to FROM-clause entry for table \"users\""},
            {"INSERT INTO users (nope) VALUES (1)",
             "42703 column \"nope\" of relation \"users\" does not exist"},
            {"INSERT INTO users (age, age) VALUES (1, 2)",
             "42701 column \"age\" specified more than once"},
            {"UPDATE users SET age = 1, age = 2",
             "42601 multiple assignments to same column \"age\""},
            {"SELECT 1 ORDER BY 2", "42P10 ORDER BY position 2 is not in select list"},
            {"SELECT *", "42601 SELECT * with no tables specified is not valid"},
        };
        for (const expectation& each : cases) {
            CAPTURE(each.sql);
            CHECK(file.refusal(each.sql) == each.error);
        }
    }

    TEST_CASE("a position counts characters, not bytes")
    {
        test::dialect_file file = shop();
        CHECK(file.analysed("SELECT 'ää', nope FROM users").error().position == 14);
        CHECK(file.analysed("SELECT 'ää' FROM").error().position > 0);
    }

    TEST_CASE("what the client calls a table cannot capture what it means")
    {
        test::dialect_file file = shop();
        CHECK(file.run("INSERT INTO users (name, age) VALUES ('ann', 1)") == "");
        CHECK(file.run("CREATE TABLE t1 (id int, c1 int)") == "");
        CHECK(file.run("INSERT INTO t1 VALUES (7, 8)") == "");
        CHECK(file.run("SELECT t1.id, u.id FROM users u, t1") == "7|1");
        CHECK(file.run("SELECT c1 FROM (SELECT age AS x, 5 AS c1 FROM users) t2, t1 t3 WHERE "
                       "t3.c1 = 8 AND t2.c1 = 5 AND x = 1") == "42702 column reference \"c1\" is "
                                                               "ambiguous");
        CHECK(file.run("WITH w1 AS (SELECT 1 AS a) SELECT w1.a, t1.c1 FROM w1, t1") == "1|8");
    }
}
