#include "config/change_setting.hpp"
#include "config/print.hpp"

#include <doctest/doctest.h>

namespace weir {

TEST_SUITE_BEGIN("change_setting");

namespace {

settings two_backends()
{
    settings made;
    made.backends.resize(2);
    made.backends[0].name = "shop";
    made.backends[1].name = "shop.pool"; // names may be unkind
    return made;
}

std::string problem_of(const std::string& path, const std::string& value)
{
    const auto changed = change_setting(two_backends(), path, value);
    REQUIRE(changed.has_error());
    REQUIRE(changed.error().size() == 1);
    return to_text(changed.error().front());
}

} // namespace

TEST_CASE("a setting is found by its path")
{
    CHECK(change_setting(two_backends(), "max_client_conn", "7")->max_client_conn == 7);
    CHECK(change_setting(two_backends(), "log.level", "debug")->log.level == log_level::debug);
    auto changed = change_setting(two_backends(), "backends.shop.pool.size", "7");
    CHECK(changed->backends[0].pool.size == 7);
    CHECK(changed->backends[1].pool.size == 10);
    changed = change_setting(two_backends(), "backends.shop.pool.pool.pins.load", "reject");
    CHECK(changed->backends[1].pool.pins.load == pin_policy::reject);
}

TEST_CASE("a bad path or value is a complaint")
{
    CHECK(
        problem_of("max_client_conn", "many").starts_with("max_client_conn is \"many\"; it must"));
    CHECK(problem_of("backends.shop.pool.min_idle", "11") ==
          "backends.shop.pool.min_idle is 11; it must be at most the pool's size, which is 10");
}

TEST_CASE("who may operate, and what is run, is not for SET")
{
    for (const char* const path : {"backends.shop.migrations.command",
                                   "backends.shop.pool.migrations.command",
                                   "backends.shop.url",
                                   "backends.other.pool.size",
                                   "admin.users",
                                   "listen.allow.users",
                                   "listen.port",
                                   "no.such"}) {
        CAPTURE(path);
        CHECK_FALSE(is_changeable(two_backends(), path));
        CHECK(problem_of(path, "7") == std::string{path} + " cannot be changed while weir runs");
    }
}

TEST_CASE("what is changeable takes the value that it is shown with")
{
    const settings all = two_backends();
    unsigned tried = 0;
    for (const listed_setting& s : list(all)) {
        if (!s.is_changeable)
            continue;
        CAPTURE(s.path);
        ++tried;
        const auto changed = change_setting(all, s.path, s.value);
        REQUIRE(changed.has_value());
        CHECK(to_json(*changed) == to_json(all));
    }
    CHECK(tried > 40);
    const auto changed =
        change_setting(all, "backends.shop.pool.stateful_functions", R"(["f", "g"])");
    CHECK(changed->backends[0].pool.stateful_functions == std::vector<std::string>{"f", "g"});
}

TEST_CASE("what follows from a setting follows")
{
    const auto changed = change_setting(two_backends(), "backends.shop.pool.size", "0");
    CHECK(changed->backends[0].pool.max_overflow == -1);
}

TEST_SUITE_END();

} // namespace weir
