#include "daemon/access_list.hpp"
#include "daemon/accounts.hpp"

#include <doctest/doctest.h>

using namespace weir;

namespace {

// Every Debian has these: root is 0, daemon is 1 with the group daemon (1), nogroup is 65534.
const peer root{10, 0, 0, "psql"};
const peer daemon_user{11, 1, 1, "worker"};
const peer stranger{12, 54321, 54321, "worker"}; // no such user on this host
constexpr access_list::time_point now{std::chrono::hours{1}};

} // namespace

TEST_SUITE("access_list")
{
    TEST_CASE("an empty list has nobody")
    {
        access_list list;
        CHECK(list.empty());
        CHECK_FALSE(list.has(root, now));
        CHECK_FALSE(list.has(stranger, now));
    }

    TEST_CASE("a user is named or numbered")
    {
        for (const std::string name : {"daemon", "1"}) {
            auto list = access_list::make("listen.allow", {name}, {});
            REQUIRE(list.has_value());
            CHECK(list->has(daemon_user, now));
            CHECK_FALSE(list->has(root, now));
            CHECK_FALSE(list->has(stranger, now));
        }
    }

    TEST_CASE("a group counts as the process's own, and as the user's in the host's books")
    {
        auto list = access_list::make("listen.allow", {}, {"daemon"});
        REQUIRE(list.has_value());
        CHECK(list->has(daemon_user, now));
        CHECK(list->has({13, 54321, 1, "worker"}, now)); // running with the group
        CHECK(list->has({14, 1, 65534, "worker"}, now)); // a member, running without it
        CHECK_FALSE(list->has(stranger, now));
        CHECK_FALSE(list->has(root, now));
    }

    TEST_CASE("users and groups add up")
    {
        auto list = access_list::make("listen.allow", {"root"}, {"daemon"});
        REQUIRE(list.has_value());
        CHECK(list->has(root, now));
        CHECK(list->has(daemon_user, now));
        CHECK_FALSE(list->has(stranger, now));
    }

    TEST_CASE("all unknown names are told at once")
    {
        const auto list =
            access_list::make("listen.allow", {"root", "no-such-user"}, {"no-such-group"});
        REQUIRE(list.has_error());
        CHECK(list.error().message == "listen.allow names whom this host does not know: "
                                      "user \"no-such-user\", group \"no-such-group\"");
    }

    TEST_CASE("the host's books know names, numbers and memberships")
    {
        CHECK(user_id("root") == 0);
        CHECK(group_id("nogroup") == 65534);
        CHECK_FALSE(user_id("").has_value());
        CHECK_FALSE(user_id("12x").has_value());
        CHECK(user_name(1) == "daemon");
        CHECK(user_name(54321) == "uid 54321");
        CHECK(groups_of(1) == std::vector<gid_t>{1});
        CHECK(groups_of(54321).empty());
    }
}
