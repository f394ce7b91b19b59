#include "tests/simulation/world.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace weir::test {

namespace {

constexpr std::uint64_t events_in_all = WEIR_SIMULATED_EVENTS;
constexpr unsigned events_per_world = 8'000;

// Luck has a seed. Every run explores new worlds; WEIR_SEED=... replays old ones.
std::uint64_t seed()
{
    if (const char* given = std::getenv("WEIR_SEED"))
        return std::stoull(given);
    return std::random_device{}();
}

void add(const pool_stats& one, pool_stats& all)
{
    all.grants += one.grants;
    all.timeouts += one.timeouts;
    all.turned_away += one.turned_away;
    all.gave_up += one.gave_up;
    all.logins_failed += one.logins_failed;
    all.pings += one.pings;
    all.resets += one.resets;
    for (std::size_t i = 0; i < all.closes.size(); ++i)
        all.closes[i] += one.closes[i];
}

} // namespace

TEST_SUITE_BEGIN("simulation");

TEST_CASE("whatever happens, the pool keeps its promises and the books balance")
{
    const std::uint64_t first = seed();
    std::printf("simulation: WEIR_SEED=%llu\n", static_cast<unsigned long long>(first));
    std::fflush(stdout); // a failed assert in the pool ends the program
    std::uint64_t events = 0;
    pool_stats seen; // so that a world in which nothing happens is noticed
    for (std::uint64_t own = first; events < events_in_all; ++own) {
        world w{own};
        try {
            while (w.events() < events_per_world)
                w.one_random_event();
            w.end_well();
        } catch (const broken_promise& broken) {
            FAIL("WEIR_SEED=" << own << " breaks at event " << w.events() << ", when "
                              << std::string(w.last_event()) << ": " << std::string(broken.what()));
        }
        events += w.events();
        add(w.stats(), seen);
    }
    CHECK(seen.grants > events / 10);
    const std::uint64_t often = events / events_per_world; // once per world or so
    for (const std::uint64_t n : {seen.timeouts,
                                  seen.turned_away,
                                  seen.gave_up,
                                  seen.logins_failed,
                                  seen.pings,
                                  seen.resets})
        CHECK(n > often);
    for (const std::uint64_t n : seen.closes)
        CHECK(n > often);
}

TEST_SUITE_END();

} // namespace weir::test
