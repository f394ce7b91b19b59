#include "daemon/console_host.hpp"
#include "daemon/event_loop.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <utility>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// One backend, some of whose connections are to be replaced.
struct console_of_one {
    event_loop loop;
    gates migrations{loop, {}};
    metrics_snapshot now;
    settings in_use;
    unsigned looks = 0;
    console_host host{{.snapshot =
                           [this] {
                               ++looks;
                               return now;
                           },
                       .sockets = {},
                       .memory = {},
                       .queries = {},
                       .settings = [this]() -> const settings& { return in_use; },
                       .is_suspended = {},
                       .has_unsent = {}},
                      {},
                      migrations};

    console_of_one()
    {
        backend_snapshot b;
        b.name = "main";
        b.has_retired = true;
        now.backends.push_back(std::move(b));
        in_use.backends.emplace_back().name = "main";
    }

    void tick() { host.tick(std::chrono::steady_clock::now()); }
};

} // namespace

TEST_SUITE_BEGIN("daemon");

TEST_CASE("WAIT_CLOSE is answered when it has come true, and nobody waits for one that has left")
{
    console_of_one c;
    unsigned answers = 0;
    bool is_there = true;
    c.host.carry_out(*console::parse_command("WAIT_CLOSE"),
                     {.notice = {},
                      .done = [&](const result<console::rows>&) { ++answers; },
                      .is_awaited = [&] { return is_there; }});
    const auto looked = [&] { return std::exchange(c.looks, 0) > 0; };
    CHECK(looked());
    c.tick();
    CHECK(looked());
    CHECK(answers == 0);

    SUBCASE("it stays")
    {
        c.now.backends[0].has_retired = false;
        c.tick();
        CHECK(answers == 1);
    }
    SUBCASE("it leaves")
    {
        is_there = false;
        c.tick();
        c.now.backends[0].has_retired = false;
        c.looks = 0;
        c.tick();
        CHECK(answers == 0);
        CHECK_FALSE(looked());
    }
}

TEST_SUITE_END();
