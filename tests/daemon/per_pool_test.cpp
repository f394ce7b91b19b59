#include "daemon/per_pool.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("daemon");

TEST_CASE("what is known of a pool is forgotten with it, and is not its successor's")
{
    backend_snapshot a;
    a.name = "a";
    backend_snapshot b;
    b.name = "b";
    per_pool<int> known;
    known.of(a, 1) = 10;
    known.of(b, 2) = 20;
    known.forget_all_but({a});
    CHECK(*known.find(a) == 10);
    CHECK_FALSE(known.find(b));

    backend_snapshot later = a;
    later.made_at += 1s;
    CHECK_FALSE(known.find(later));
    known.forget_all_but({later});
    CHECK_FALSE(known.find(a));
    CHECK(known.of(later, 3) == 3);
}

TEST_SUITE_END();
