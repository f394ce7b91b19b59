#include "pool/core/quantile.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;

namespace weir {

TEST_SUITE_BEGIN("pool: quantile");

TEST_CASE("of nothing there is none")
{
    CHECK_FALSE(quantile({}, 0.5).has_value());
    histogram seen;
    seen.observe(1ms);
    CHECK_FALSE(quantile(observed_since(seen, seen), 0.5).has_value());
}

TEST_CASE("lengths are spread evenly within their bucket, as Prometheus does")
{
    histogram seen;
    for (int i = 0; i < 10; ++i)
        seen.observe(6ms); // in the bucket from 5 to 10 ms
    const auto counts = observed_since({}, seen);
    CHECK(*quantile(counts, 0.5) == doctest::Approx(0.0075));
    CHECK(*quantile(counts, 1) == doctest::Approx(0.01));

    histogram first; // the first bucket begins at nothing
    first.observe(1us);
    CHECK(*quantile(observed_since({}, first), 0.5) == doctest::Approx(0.00005));
}

TEST_CASE("a share is looked for in the bucket where it is reached")
{
    histogram seen;
    for (int i = 0; i < 90; ++i)
        seen.observe(1ms);
    for (int i = 0; i < 10; ++i)
        seen.observe(2s);
    const auto counts = observed_since({}, seen);
    CHECK(*quantile(counts, 0.5) < 0.001);
    CHECK(*quantile(counts, 0.9) == doctest::Approx(0.001));
    CHECK(*quantile(counts, 0.95) == doctest::Approx(1.75));
}

TEST_CASE("what is longer than the last bound is said to be as long as that")
{
    histogram seen;
    seen.observe(1h);
    CHECK(*quantile(observed_since({}, seen), 0.5) == 60);
}

TEST_CASE("what was observed before does not count")
{
    histogram seen;
    for (int i = 0; i < 1000; ++i)
        seen.observe(20s);
    const histogram before = seen;
    seen.observe(50us);
    CHECK(*quantile(observed_since(before, seen), 0.99) < 0.0001);
}

TEST_SUITE_END();

} // namespace weir
