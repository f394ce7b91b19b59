#include "pool/pgwire/session_inventory.hpp"
#include "tests/support/wire.hpp"

#include <doctest/doctest.h>

#include <optional>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: session inventory");

using namespace test::wire;

namespace {

settings_ptr settings(settings_map of)
{
    return std::make_shared<const settings_map>(std::move(of));
}

void answer(session_inventory& to,
            std::string_view kind,
            std::string_view name,
            std::optional<std::string_view> value)
{
    const auto column = [](std::string_view text) {
        return number(text.size(), 4) + std::string(text);
    };
    const std::string body = number(3, 2) + column(kind) + column(name) +
                             (value ? column(*value) : number(0xffff'ffff, 4));
    to.add(as_bytes(body));
}

const session_effects everything = session_effects::anything();

} // namespace

TEST_CASE("what is known by name is asked for by name")
{
    session_inventory i({.settings = {"search_path", "my.x"}},
                        {},
                        settings({{"timezone", "UTC"}, {"search_path", "old"}}));
    CHECK_FALSE(i.is_empty());
    CHECK(i.sql() ==
          "BEGIN ISOLATION LEVEL READ COMMITTED;"
          "SELECT 'setting','search_path',pg_catalog.current_setting('search_path',true);"
          "SELECT 'setting','my.x',pg_catalog.current_setting('my.x',true);"
          "COMMIT");
    answer(i, "setting", "search_path", "new");
    answer(i, "setting", "my.x", {});
    const settings_map now{{"timezone", "UTC"}, {"search_path", "new"}};
    CHECK(i.of_server() == now);
    CHECK(i.of_client({{"timezone", "UTC"}}, {{"search_path", "at startup"}}) == now);
    CHECK(i.found() == state_set{});
}

TEST_CASE("nothing is asked of a client that lets go of what it has not")
{
    CHECK(session_inventory({.ends = state_set::all()}, {}, settings({})).is_empty());
    CHECK_FALSE(session_inventory({.ends = state_set::all()}, state_kind::temp_tables, settings({}))
                    .is_empty());
}

TEST_CASE("a setting that is not set any more goes back to what the client began with")
{
    session_inventory i({.any_setting = true},
                        {},
                        settings({{"timezone", "Asia/Tokyo"},
                                  {"datestyle", "ISO, MDY"},
                                  {"search_path", "a"},
                                  {"work_mem", "5MB"}}));
    answer(i, "setting", "role", "none");
    answer(i, "timeout", "statement_timeout", "0");
    answer(i, "default", "statement_timeout", "0");
    answer(i, "set", "TimeZone", "Asia/Tokyo");
    answer(i, "set", "work_mem", "5MB");
    answer(i, "set", "transaction_isolation", "read committed"); // of the transaction that asks
    answer(i, "set", "statement_timeout", "0");                  // likewise
    CHECK(i.of_server() ==
          settings_map{{"timezone", "Asia/Tokyo"}, {"datestyle", "ISO, MDY"}, {"work_mem", "5MB"}});
    CHECK(i.of_client({}, {{"timezone", "UTC"}, {"datestyle", "German"}, {"search_path", "s"}}) ==
          settings_map{{"timezone", "Asia/Tokyo"},
                       {"datestyle", "German"},
                       {"search_path", "s"},
                       {"work_mem", "5MB"}});
}

TEST_CASE("the statement_timeout that is lifted for the question is told apart from its own")
{
    session_inventory i({.any_setting = true}, {}, settings({}));
    answer(i, "timeout", "statement_timeout", "1min");
    answer(i, "default", "statement_timeout", "0");
    answer(i, "set", "statement_timeout", "0");
    CHECK(i.of_server() == settings_map{{"statement_timeout", "1min"}});
}

TEST_CASE("custom settings are in no catalog, so those that are known are asked for by name")
{
    session_inventory i(everything, {}, settings({{"my.x", "1"}, {"my.y", "2"}, {"a", "b"}}));
    CHECK(i.has_unseen_settings());
    CHECK(i.sql().find("current_setting('my.x',true)") != std::string::npos);
    CHECK(i.sql().find("current_setting('a',true)") == std::string::npos);
    answer(i, "setting", "my.x", "changed");
    answer(i, "setting", "my.y", ""); // what RESET makes of it
    CHECK(i.of_server() == settings_map{{"my.x", "changed"}});
}

TEST_CASE("a role is a setting; none is none")
{
    for (const bool by_name : {true, false}) {
        session_effects touched = by_name ? session_effects{.settings = {"role"}} : everything;
        session_inventory i(touched, {}, settings({{"role", "a"}}));
        CHECK(i.sql().find("current_setting('role',true)") != std::string::npos);
        answer(i, "setting", "role", "none");
        CHECK(i.of_server() == settings_map{});
        answer(i, "setting", "role", "b");
    }
}

TEST_CASE("of the state on the server that is asked for which may have come or gone")
{
    using enum state_kind;
    session_effects touched{.begins = temp_tables, .ends = hold_cursors};
    session_inventory i(touched, state_set{hold_cursors} | advisory_locks, settings({}));
    CHECK(i.sql().find("pg_my_temp_schema") != std::string::npos);
    CHECK(i.sql().find("pg_cursors") != std::string::npos);
    CHECK(i.sql().find("pg_locks") == std::string::npos);
    CHECK(i.sql().find("statement_timeout=0") != std::string::npos);
    CHECK(i.found() == state_set{advisory_locks}); // nobody has said otherwise
    answer(i, "state", "0", "");
    CHECK(i.found() == (state_set{advisory_locks} | temp_tables));
}

TEST_CASE("a library is there for good")
{
    using enum state_kind;
    session_inventory loads({.begins = libraries}, {}, settings({}));
    CHECK(loads.is_empty()); // nobody would tell
    CHECK(loads.found() == state_set{libraries});
    session_inventory discards({.ends = state_set::all()}, libraries, settings({}));
    CHECK(discards.found() == state_set{libraries});
}

TEST_CASE("rows that are not such rows change nothing")
{
    session_inventory i({.settings = {"a"}}, {}, settings({{"a", "1"}}));
    for (const std::string& body : {std::string{},
                                    number(1, 2),
                                    number(3, 2) + number(100, 4) + "x",
                                    number(3, 2) + number(0xffff'ffff, 4),
                                    number(4, 2) + number(0, 4) + number(0, 4)})
        i.add(as_bytes(body));
    answer(i, "state", "77", "");
    answer(i, "what", "a", "2");
    CHECK(i.of_server() == settings_map{{"a", "1"}});
    CHECK(i.found() == state_set{});
}

TEST_SUITE_END();

} // namespace weir::pgwire
