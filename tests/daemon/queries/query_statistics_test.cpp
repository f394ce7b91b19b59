#include "daemon/queries/query_statistics.hpp"

#include <doctest/doctest.h>

namespace weir {

TEST_SUITE_BEGIN("query_statistics");

using namespace std::chrono_literals;

TEST_CASE("samples of one query add up, by what each stands for")
{
    query_statistics s;
    const fingerprint slow{"1", "SELECT slow"};
    const fingerprint quick{"2", "SELECT quick"};
    s.add(quick, {.took = 1ms, .rows = 1, .weight = 2});
    s.add(slow, {.took = 100ms, .waited = 5ms, .rows = 3});
    s.add(slow, {.took = 300ms, .rows = 1});
    const auto all = s.all();
    REQUIRE(all.size() == 2);
    CHECK(all[0].query.text == "SELECT slow");
    CHECK(all[0].calls == 2);
    CHECK(all[0].rows == 4);
    CHECK(all[0].took == 400ms);
    CHECK(all[0].waited == 5ms);
    CHECK(all[0].longest == 300ms);
    CHECK(all[1].calls == 2);
    CHECK(all[1].rows == 2);
    CHECK(all[1].longest == 1ms);
}

TEST_CASE("a pipeline of one statement is as many calls, and each took its share")
{
    query_statistics s;
    s.add({"1", "INSERT"}, {.took = 80ms, .rows = 40, .calls = 40, .weight = 2});
    const auto all = s.all();
    CHECK(all[0].calls == 80);
    CHECK(all[0].rows == 80);
    CHECK(all[0].took == 160ms);
    CHECK(all[0].longest == 2ms);
}

TEST_CASE("what cannot be parsed is known by its text")
{
    query_statistics s;
    s.add({"", "SELEKT ?"}, {});
    s.add({"", "SELEKT ?"}, {});
    s.add({"", "SELEKT ?, ?"}, {});
    CHECK(s.all().size() == 2);
}

TEST_CASE("there are never more than so many, and the cheapest goes first")
{
    query_statistics s;
    for (std::size_t i = 0; i < 3 * query_statistics::most; ++i) {
        const auto took = i == 7 ? std::chrono::nanoseconds{1h} : std::chrono::nanoseconds{1us};
        s.add({std::to_string(i), std::string(10'000, 'x')}, {.took = took});
    }
    const auto all = s.all();
    CHECK(all.size() == query_statistics::most);
    CHECK(all[0].query.id == "7");
    CHECK(all[0].query.text.size() == query_statistics::longest_text);
}

TEST_SUITE_END();

} // namespace weir
