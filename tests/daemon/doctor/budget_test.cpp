#include "daemon/doctor/budget.hpp"
#include "daemon/doctor/facts.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace weir;
using namespace weir::doctor;

namespace {

budget_facts quiet_server()
{
    return {.role = "app", .database = "shop", .max_connections = 100, .superuser_reserved = 3};
}

} // namespace

TEST_SUITE_BEGIN("doctor");

TEST_CASE("a pool may open its size, its overflow, the session lane's and one that listens")
{
    CHECK(configured_connections({.size = 10, .max_overflow = 20, .session_pool_size = 5}) == 36);
    CHECK_FALSE(configured_connections({.size = 0, .max_overflow = -1}));
    CHECK_FALSE(configured_connections({.size = 5, .max_overflow = -1}));
    CHECK(sum_of({}) ==
          "size 10 + max_overflow 20 + session_pool_size 5 + 1 for LISTEN = 36 connections");
}

TEST_CASE("sessions are counted by whose they are, but our own")
{
    server_facts f{.limits = quiet_server()};
    f.sessions = {{.pid = 1, .is_of_role = true, .is_of_database = true, .is_weirs = true},
                  {.pid = 2, .is_of_role = true, .is_weirs = true},
                  {.pid = 3, .is_of_database = true},
                  {.pid = 4}};
    const std::array own{1, 77};
    const budget_facts counted = count(f, own);
    CHECK(counted.others == 3);
    CHECK(counted.others_of_role == 1);
    CHECK(counted.others_of_database == 1);
    CHECK(counted.weirs == 1);
    CHECK(counted.max_connections == 100);
}

TEST_CASE("what is available is what the narrowest limit leaves")
{
    budget_facts f = quiet_server();
    const auto available = [&f] { return weigh({}, f).available; };
    CHECK(available() == 97);
    f.reserved = 10;
    CHECK(available() == 87);
    f.may_use_reserved = true;
    CHECK(available() == 97);
    f.others = 40;
    f.siblings = 36;
    CHECK(available() == 21);
    f.siblings = std::nullopt; // one of them has no limit
    CHECK(available() == 0);
    CHECK(weigh({}, f).because ==
          "max_connections is 100, of which 3 are reserved, and others have 40; weir's other "
          "backends on that server may open all that is left (one has no limit)");
    f.siblings = 36;
    f.role_limit = 20;
    f.others_of_role = 5;
    CHECK(available() == 15);
    f.database_limit = 12;
    f.others_of_database = 12;
    CHECK(available() == 0);
    CHECK(weigh({}, f).because == "database \"shop\" has CONNECTION LIMIT 12, and others have 12");
    f.is_superuser = true; // whom neither limit, nor what is reserved, concerns
    CHECK(available() == 24);
    f.others = 500; // never less than nothing
    CHECK(available() == 0);
}

TEST_CASE("the finding has the numbers")
{
    budget_facts f = quiet_server();
    const finding enough = judge("main", {}, weigh({}, f));
    CHECK(enough.is == severity::ok);
    CHECK(enough.fix.empty());
    f.others = 70;
    f.weirs = 36;
    const finding less = judge("main", {}, weigh({}, f));
    CHECK(less.is == severity::warning);
    CHECK(less.backend == "main");
    CHECK(less.what ==
          "the pool may want more connections than there are: size 10 + max_overflow 20 + "
          "session_pool_size 5 + 1 for LISTEN = 36 connections; 27 are available: max_connections "
          "is 100, of which 3 are reserved, and others have 70 (36 of them other weirs')");
    CHECK(less.fix == "set size 10, max_overflow 11 and session_pool_size 5 (budget = \"fit\" does "
                      "it at boot), or raise what limits them");
    const pool_settings unlimited{.size = 0, .max_overflow = -1};
    CHECK(judge("main", unlimited, weigh(unlimited, f)).is == severity::warning);
}

TEST_CASE("what the finding advises is enough, where anything is")
{
    const pool_settings small{.size = 1, .max_overflow = 0}; // 7 with the lane's
    const finding lane = judge("b", small, {.configured = 7, .available = 4});
    CHECK(lane.is == severity::warning);
    CHECK(lane.fix.starts_with("set size 1, max_overflow 0 and session_pool_size 2 "));
    const finding none = judge("b", small, {.configured = 7, .available = 2});
    CHECK(none.fix == "raise what limits them: even size 1, max_overflow 0 and session_pool_size 1 "
                      "need 3");
}

TEST_CASE("too little is as bad as the policy says")
{
    const auto judged = [](budget_policy is, std::int64_t available) {
        return judge("b", {.budget = is}, {.configured = 36, .available = available});
    };
    CHECK(judged(budget_policy::warn, 10).is == severity::warning);
    CHECK(judged(budget_policy::refuse, 10).is == severity::error);
    CHECK(judged(budget_policy::refuse, 10).what.find("weir does not start") != std::string::npos);
    CHECK(judged(budget_policy::refuse, 36).is == severity::ok);
    CHECK(judged(budget_policy::fit, 10).is == severity::note);
    CHECK(judged(budget_policy::fit, 10).fix.find("size 8, max_overflow 0") != std::string::npos);
    CHECK(judged(budget_policy::fit, 2).is == severity::warning); // more than it has
}

TEST_CASE("a fitted pool needs no more than there is, and gives up its overflow first")
{
    struct row {
        std::int64_t available;
        unsigned size;
        int overflow;
        unsigned lane;
    };
    for (const row& want : {row{100, 10, 20, 5},
                            row{36, 10, 20, 5},
                            row{30, 10, 14, 5},
                            row{16, 10, 0, 5},
                            row{13, 10, 0, 2},
                            row{11, 9, 0, 1},
                            row{6, 4, 0, 1},
                            row{3, 1, 0, 1},
                            row{0, 1, 0, 1}}) { // never below 1
        CAPTURE(want.available);
        const pool_settings s = fitted({.min_idle = 8}, want.available);
        CHECK(s.size == want.size);
        CHECK(s.max_overflow == want.overflow);
        CHECK(s.session_pool_size == want.lane);
        CHECK(s.min_idle <= s.size);
        CHECK((want.available < 3 || *configured_connections(s) <= want.available));
    }
    const pool_settings open_ended = fitted({.size = 0, .max_overflow = -1}, 50);
    CHECK(open_ended.size == 48);
    CHECK(open_ended.max_overflow == 0);
}

TEST_SUITE_END();
