#include "daemon/queries/fingerprint.hpp"

#include <doctest/doctest.h>

namespace weir {

TEST_SUITE_BEGIN("fingerprint");

TEST_CASE("queries that differ in their literals, spelling or lists are one")
{
    const fingerprint one = fingerprint_of("SELECT a FROM t WHERE b = 1 AND c IN (1, 2)");
    CHECK(one.id.size() == 16);
    CHECK(one.text == "SELECT a FROM t WHERE b = $1 AND c IN ($2, $3)");
    CHECK(fingerprint_of("select a from t where b=17 and c in (5)").id == one.id);
    CHECK(fingerprint_of("SELECT a FROM t WHERE b = $1 AND c IN ($2)").id == one.id);
    CHECK(fingerprint_of("SELECT a FROM u WHERE b = 1 AND c IN (1, 2)").id != one.id);
}

TEST_CASE("no literal is left in what cannot be parsed either")
{
    for (const std::string sql :
         {"SELEKT 'hunter2'", "SELECT 'hunter2", "SELECT 'hunter2' FROM ("}) {
        const fingerprint f = fingerprint_of(sql);
        CAPTURE(f.text);
        CHECK(f.id.empty());
        CHECK_FALSE(f.text.empty());
        CHECK(f.text.find("hunter") == std::string::npos);
    }
    CHECK(fingerprint_of("CREATE TABLE t AS SELECT 'hunter2', 17").text ==
          "CREATE TABLE t AS SELECT ?, ?");
    CHECK(fingerprint_of("ALTER ROLE a PASSWORD 'hunter2'").text.find("hunter") ==
          std::string::npos);
}

TEST_SUITE_END();

} // namespace weir
