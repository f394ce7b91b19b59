#include "config/change_setting.hpp"

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
    changed = change_setting(two_backends(), "backends.shop.migrations.lock_wait", "5min");
    CHECK(changed->backends[0].migrations.lock_wait == std::chrono::minutes{5});
}

TEST_CASE("a bad path or value is a complaint")
{
    CHECK(problem_of("backends.other.pool.size", "7") ==
          "backends.other.pool.size is not a setting that can be named here");
    CHECK(problem_of("backends.shop.url", "sqlite://") ==
          "backends.shop.url is not a setting that can be named here");
    CHECK(
        problem_of("max_client_conn", "many").starts_with("max_client_conn is \"many\"; it must"));
    CHECK(problem_of("backends.shop.pool.min_idle", "11") ==
          "backends.shop.pool.min_idle is 11; it must be at most the pool's size, which is 10");
}

TEST_CASE("what follows from a setting follows")
{
    const auto changed = change_setting(two_backends(), "backends.shop.pool.size", "0");
    CHECK(changed->backends[0].pool.max_overflow == -1);
}

TEST_SUITE_END();

} // namespace weir
