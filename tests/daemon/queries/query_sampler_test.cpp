#include "daemon/queries/query_sampler.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <random>

namespace weir {

TEST_SUITE_BEGIN("query_sampler");

namespace {

std::function<double()> dice()
{
    return [engine = std::mt19937_64{4711}]() mutable {
        return std::uniform_real_distribution<double>{0, 1}(engine);
    };
}

// Queries that come one after the other, as the relay tells of them.
struct world {
    query_sampler sampler{dice()};

    void ask(const std::string& sql)
    {
        const bool is_looked_at = sampler.draw();
        sampler.count();
        if (is_looked_at)
            sampler.add({.sql = sql});
    }
    std::map<std::string, double> told() // what is said of each
    {
        std::map<std::string, double> sums;
        for (const query_sample& s : sampler.take())
            sums[s.sql] += s.weight;
        return sums;
    }
};

} // namespace

TEST_CASE("where there are few, each is looked at and stands for itself")
{
    world w;
    for (int tick = 0; tick < 100; ++tick) {
        for (int i = 0; i < 9; ++i)
            w.ask("few");
        CHECK(w.told() == std::map<std::string, double>{{"few", 9}});
    }
    CHECK(w.told().empty());
}

TEST_CASE("what comes late in busy ticks is seen as often as what comes first")
{
    world w;
    std::map<std::string, double> sums;
    double looked_at = 0;
    for (int tick = 0; tick < 500; ++tick) {
        for (int i = 0; i < 300; ++i)
            w.ask(i < 200 ? "early" : "late");
        for (const query_sample& s : w.sampler.take()) {
            sums[s.sql] += s.weight;
            ++looked_at;
        }
    }
    CHECK(sums["early"] + sums["late"] == doctest::Approx(150'000).epsilon(0.01));
    CHECK(sums["late"] == doctest::Approx(50'000).epsilon(0.1));
    CHECK(looked_at / 500 < 2 * query_sampler::per_tick);
}

TEST_CASE("a rush after silence is not only its beginning, and does not grow without end")
{
    world w;
    std::map<std::string, double> sums;
    for (int rush = 0; rush < 200; ++rush) {
        for (int i = 0; i < 1'000; ++i)
            w.ask(i < 500 ? "early" : "late");
        const auto seen = w.sampler.take();
        CHECK(seen.size() < 10 * query_sampler::per_tick);
        for (const query_sample& s : seen)
            sums[s.sql] += s.weight;
        w.told(); // silence
    }
    CHECK(sums["early"] + sums["late"] == doctest::Approx(200'000).epsilon(0.01));
    CHECK(sums["late"] == doctest::Approx(100'000).epsilon(0.2));
}

TEST_CASE("a rhythm of the application is none of ours")
{
    world w;
    std::map<std::string, double> sums;
    for (int tick = 0; tick < 500; ++tick) {
        for (int i = 0; i < 200; ++i)
            w.ask(i % 20 == 0 ? "beat" : "rest"); // and one of twenty is looked at
        for (const query_sample& s : w.sampler.take())
            sums[s.sql] += s.weight;
    }
    CHECK(sums["beat"] == doctest::Approx(5'000).epsilon(0.2));
}

TEST_CASE("what was seen while nothing was looked at is not forgotten, nor waited for long")
{
    world w;
    for (int i = 0; i < 100'000; ++i)
        w.ask("busy");
    w.told();
    w.told(); // from now on every one is looked at again
    for (int i = 0; i < 2; ++i)
        w.ask("after");
    CHECK(w.told() == std::map<std::string, double>{{"after", 2}});

    query_sampler idle{[] { return 0.999; }};
    for (int i = 0; i < 1'000; ++i)
        idle.count(); // none of these was drawn
    CHECK(idle.take().empty());
    idle.add({.sql = "one"});
    const auto told = idle.take();
    REQUIRE(told.size() == 1);
    CHECK(told[0].weight == 1'000);
}

TEST_SUITE_END();

} // namespace weir
