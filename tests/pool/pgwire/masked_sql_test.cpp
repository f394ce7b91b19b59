#include "pool/pgwire/masked_sql.hpp"

#include <doctest/doctest.h>

#include <string>

namespace weir::pgwire {

TEST_SUITE_BEGIN("masked_sql");

TEST_CASE("literals and numbers are hidden, the rest is left as it is")
{
    const struct {
        std::string sql;
        std::string masked;
    } cases[] = {
        {"", ""},
        {"SELECT 1", "SELECT ?"},
        {"select a.b2, \"C 3\" from t_4", "select a.b2, \"C 3\" from t_4"},
        {"INSERT INTO users VALUES (7, 'O''Brien', E'a\\'b', x'ff', B'01', N'n')",
         "INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)"},
        {"SELECT 1.5e10, .5, -3, 0x1F, 1_000", "SELECT ?, .?, -?, ?, ?"},
        {"SELECT $1, $2::int, $tag$it's$tag$, $$x$$", "SELECT $1, $2::int, ?, ?"},
        {"UPDATE t SET pw='secret'WHERE id=3;", "UPDATE t SET pw=?WHERE id=?;"},
        {"SELECT a -- 'secret'\n\t, /* hunter2 */ b", "SELECT a , b"},
        {"SELECT 'cut off in the sec", "SELECT ?"},
        {"SELECT 'a\\'b' FROM t", "SELECT ?"}, // depends on standard_conforming_strings
        {"SELECT U&'d\\0061t'", "SELECT ?"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.sql);
        CHECK(masked_literals(c.sql) == c.masked);
    }
}

TEST_CASE("wherever a text is cut off, no part of a literal is left")
{
    const std::string sql =
        "SELECT 'hunter2', E'hunter2', $q$hunter2$q$, \"col\", 'hunter2' -- hunter2";
    for (std::size_t size = 0; size <= sql.size(); ++size) {
        CAPTURE(size);
        CHECK(masked_literals(std::string_view{sql}.substr(0, size)).find("hun") ==
              std::string::npos);
    }
}

TEST_SUITE_END();

} // namespace weir::pgwire
