// Three clients who share one server hear what each would hear from a server of its own.
#include "tests/support/seed.hpp"
#include "tests/support/side_by_side.hpp"

#include <doctest/doctest.h>

#include <cstdio>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: differential");

TEST_CASE("three clients on one server hear what they would hear alone")
{
    constexpr std::uint64_t worlds = WEIR_DIFFERENTIAL_WORLDS;
    const std::uint64_t first = test::seed();
    std::printf("pgwire: WEIR_SEED=%llu\n", static_cast<unsigned long long>(first));
    std::size_t heard = 0;
    for (std::uint64_t seed = first; seed - first < worlds; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 dice{seed};
        test::side_by_side world{[&dice] { return dice(); }};
        for (int turn = 0; turn < 150 && !world.difference(); ++turn)
            world.turn();
        if (!world.difference())
            world.finish();
        REQUIRE_MESSAGE(!world.difference(), *world.difference());
        heard += world.heard();
    }
    CHECK(heard > worlds * 1'000); // they did talk
}

TEST_SUITE_END();

} // namespace weir::pgwire
