#include "daemon/status/holders.hpp"

#include <doctest/doctest.h>

using namespace weir::status;
using namespace std::chrono_literals;
using weir::console::socket;

namespace {

socket held_by(std::int64_t pid, std::chrono::seconds held, std::chrono::seconds transaction = 0s)
{
    return {.database = "main",
            .process = "worker[" + std::to_string(pid) + "]",
            .pid = pid,
            .held = held,
            .transaction = transaction};
}

} // namespace

TEST_SUITE_BEGIN("status: holders");

TEST_CASE("a process is one row, the longest holder first")
{
    const std::vector<socket> held{held_by(1, 2s), held_by(2, 9s), held_by(1, 4s)};
    const auto top = top_holders(held, 10);
    REQUIRE(top.size() == 2);
    CHECK(top[0].pid == 2);
    CHECK(top[0].connections == 1);
    CHECK(top[1].process == "worker[1]");
    CHECK(top[1].connections == 2);
    CHECK(top[1].longest == 4s);
}

TEST_CASE("the same process in another pool is another row")
{
    std::vector<socket> held{held_by(1, 2s), held_by(1, 3s)};
    held[1].database = "other";
    CHECK(top_holders(held, 10).size() == 2);
}

TEST_CASE("however many there are, so many are shown")
{
    std::vector<socket> held;
    for (int pid = 1; pid <= 100; ++pid)
        held.push_back(held_by(pid, std::chrono::seconds{pid}, std::chrono::seconds{pid}));
    REQUIRE(top_holders(held, 3).size() == 3);
    CHECK(top_holders(held, 3).front().pid == 100);
    REQUIRE(longest_transactions(held, 3).size() == 3);
    CHECK(longest_transactions(held, 3).back().pid == 98);
}

TEST_CASE("a client that keeps its server between transactions has none open")
{
    const std::vector<socket> held{held_by(1, 90s), held_by(2, 5s, 5s)};
    const auto open = longest_transactions(held, 10);
    REQUIRE(open.size() == 1);
    CHECK(open[0].pid == 2);
}

TEST_SUITE_END();
