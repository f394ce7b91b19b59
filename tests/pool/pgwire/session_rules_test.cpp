#include "pool/pgwire/session_leftovers.hpp"
#include "pool/pgwire/session_rules.hpp"

#include <doctest/doctest.h>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: session rules");

using enum state_kind;

namespace {

std::string code(const session_rules& rules, std::string_view sql, state_set pinned = {})
{
    const auto why = rules.objection(classify(sql), pinned);
    return why ? std::string(why->code.text()) : "";
}

} // namespace

TEST_CASE("PREPARE in SQL is refused unless it is allowed")
{
    pool_settings settings;
    CHECK(code(rules_of(settings), "PREPARE x AS SELECT 1") == "0A000");
    CHECK(code(rules_of(settings), "EXECUTE x") == "0A000");
    CHECK(code(rules_of(settings, true), "PREPARE x AS SELECT 1") == ""); // a server of its own
    settings.allow_sql_prepare = true;
    CHECK(code(rules_of(settings), "PREPARE x AS SELECT 1") == "");
    settings.pins.prepare = pin_policy::reject;
    CHECK(code(rules_of(settings), "PREPARE x AS SELECT 1") == "0A000");
}

TEST_CASE("what a policy rejects is refused before it runs, with a way out")
{
    pool_settings settings;
    settings.pins.temp_tables = pin_policy::reject;
    settings.pins.advisory_locks = pin_policy::reset;
    const session_rules rules = rules_of(settings);
    CHECK(rules.may_object());
    CHECK(code(rules, "CREATE TEMP TABLE t (a int)") == "0A000");
    CHECK(code(rules, "CREATE TABLE t (a int)") == "");
    CHECK(code(rules, "SELECT pg_advisory_lock(1)") == "");
    CHECK(code(rules, "DROP TABLE t") == "");
    const auto why = rules.objection(classify("CREATE TEMP TABLE t (a int)"), {});
    CHECK_FALSE(why->hint.empty());
    CHECK(rules.with_policy(pin_policy::reset) == (state_set{advisory_locks} | channels));
}

TEST_CASE("when as many servers are kept as may be, those who keep one may go on")
{
    session_rules rules = rules_of({});
    CHECK_FALSE(rules.may_object());
    rules.pins_are_full = "Kept are 5.";
    CHECK(rules.may_object());
    CHECK(code(rules, "CREATE TEMP TABLE t (a int)") == "53400");
    CHECK(code(rules, "LOAD 'x'") == "53400");
    CHECK(code(rules, "CREATE TEMP TABLE t (a int)", advisory_locks) == "");
    CHECK(code(rules, "SET search_path = x") == "");
    CHECK(rules.objection(classify("LOAD 'x'"), {})->detail == "Kept are 5.");
    rules.pins.load = pin_policy::reset; // which keeps nothing
    CHECK(code(rules, "LOAD 'x'") == "");
}

TEST_CASE("half of the servers may be kept, unless it is said otherwise")
{
    CHECK(pool_settings{.size = 10}.pin_limit() == 5);
    CHECK(pool_settings{.size = 1}.pin_limit() == 1);
    CHECK(pool_settings{.size = 0}.pin_limit() == UINT32_MAX);
    CHECK(pool_settings{.size = 10, .max_pinned = 0}.pin_limit() == 0);
    CHECK(pool_settings{.size = 10, .max_pinned = 9}.pin_limit() == 9);
}

TEST_CASE("what is left behind is cleaned up as far as it is known")
{
    CHECK(session_leftovers{}.empty());
    CHECK(reset_sql({.anything = true, .state = temp_tables}) == "DISCARD ALL");
    CHECK(reset_sql({.settings = true}) == "RESET ROLE;RESET SESSION AUTHORIZATION;RESET ALL;");
    CHECK(reset_sql({.state = state_set{temp_tables} | advisory_locks}) ==
          "RESET ROLE;DISCARD TEMP;SELECT pg_catalog.pg_advisory_unlock_all();");
    CHECK(reset_sql({.state = state_set{hold_cursors} | sql_prepared | channels}) ==
          "RESET ROLE;CLOSE ALL;DEALLOCATE ALL;UNLISTEN *;");
    CHECK(session_leftovers{.state = libraries}.are_for_good());
    CHECK_FALSE(session_leftovers{.anything = true}.are_for_good());
    CHECK(session_leftovers{.settings = true}.include_settings());
    CHECK_FALSE(session_leftovers{.state = channels}.include_settings());
}

TEST_SUITE_END();

} // namespace weir::pgwire
