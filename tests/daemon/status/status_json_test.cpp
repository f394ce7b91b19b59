#include "daemon/status/status_board.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace weir;
using namespace weir::status;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

moment busy_moment(std::chrono::seconds later = 0s)
{
    moment m{.now = std::chrono::steady_clock::time_point{1h + later},
             .today = std::chrono::system_clock::time_point{1000s + later},
             .host = "box"};
    m.numbers.clients = {.active = 3, .waiting = 1, .idle = 40, .limit = 100};
    backend_snapshot main{.name = "main", .is_up = true};
    main.pool.size = 2;
    main.pool.max_overflow = 3;
    main.pool.active = 2;
    main.pool.pinned = 1;
    main.pool.waiting = 1;
    main.pool.waiting_since = m.now - 4s;
    m.numbers.backends.push_back(main);
    m.held = {{.database = "main",
               .process = "worker[7]",
               .pid = 7,
               .doing = "idle in transaction",
               .asked = 2s,
               .held = 5s,
               .transaction = 5s}};
    return m;
}

json shown(const board& known, const moment& m) { return json::parse(to_json(known, m)); }

} // namespace

TEST_SUITE_BEGIN("status: JSON");

TEST_CASE("pools, clients and holders are as they are now")
{
    const json page = shown({}, busy_moment());
    CHECK(page["host"] == "box");
    CHECK(page["at"] == 1000);
    CHECK(page["clients"] == json::parse(R"({"active":3,"waiting":1,"idle":40,"limit":100})"));
    REQUIRE(page["pools"].size() == 1);
    const json& pool = page["pools"][0];
    CHECK(pool["limit"] == 5);
    CHECK(pool["active"] == 2);
    CHECK(pool["pinned"] == 1);
    CHECK(pool["waiting_seconds"] == 4);
    CHECK(pool["gate"] == "open");
    CHECK(pool["suspended"] == false);
    CHECK_FALSE(pool.contains("down_because"));
    CHECK(pool["recent"]["checkout"]["p50"].is_null());
    CHECK(page["holders"][0] == json::parse(R"({"backend":"main","process":"worker[7]","pid":7,
                                                "connections":1,"held_seconds":5.0})"));
    CHECK(page["transactions"][0]["open_seconds"] == 5);
    CHECK(page["transactions"][0]["asked_seconds"] == 2);
    CHECK(page["migrations"].empty());
    CHECK(page["events"].empty());
}

TEST_CASE("a pool without a limit has none")
{
    moment m = busy_moment();
    m.numbers.backends[0].pool.max_overflow = -1;
    CHECK(shown({}, m)["pools"][0]["limit"].is_null());
}

TEST_CASE("the board remembers what was, and what happened")
{
    board known;
    known.note(busy_moment());
    moment m = busy_moment(20s);
    m.numbers.backends[0].is_up = false;
    m.numbers.backends[0].down_because = "no route";
    for (int i = 0; i < 100; ++i)
        m.numbers.backends[0].traffic.transaction_seconds.observe(5ms);
    known.note(m);
    const json page = shown(known, m);
    CHECK(page["pools"][0]["recent"]["seconds"] == 20);
    CHECK(page["pools"][0]["recent"]["transactions_per_second"] == 5);
    CHECK(page["pools"][0]["recent"]["transaction"]["count"] == 100);
    CHECK(page["pools"][0]["down_because"] == "no route");
    REQUIRE(page["events"].size() == 1);
    CHECK(page["events"][0]["what"] == "backend is down");
    CHECK(page["events"][0]["level"] == "bad");
    CHECK(page["events"][0]["at"] == 1020);
}

TEST_CASE("a pool that has taken another's place is not compared with it")
{
    board known;
    moment m = busy_moment();
    for (int i = 0; i < 100; ++i)
        m.numbers.backends[0].traffic.transaction_seconds.observe(5ms);
    known.note(m);
    m = busy_moment(20s);
    m.numbers.backends[0].made_at = m.now - 10s;
    m.numbers.backends[0].traffic.transaction_seconds.observe(5ms);
    CHECK(shown(known, m)["pools"][0]["recent"]["transactions_per_second"] == 0);
    known.note(m);
    m.now += 10s;
    m.numbers.backends[0].traffic.transaction_seconds.observe(5ms);
    const json page = shown(known, m);
    CHECK(page["pools"][0]["recent"]["seconds"] == 10);
    CHECK(page["pools"][0]["recent"]["transaction"]["count"] == 1);
}

TEST_CASE("where migrations are, without the words of their statements")
{
    moment m = busy_moment();
    migration_status& s = m.numbers.backends[0].migrations;
    s.is_open = false;
    s.error = s.closed_because = "041_x failed: duplicate key (secret)";
    s.failed_revision = "041_x";
    s.current = {"040_tags"};
    s.heads = {"041_x"};
    s.pending = 1;
    const std::string text = to_json({}, m);
    CHECK(text.find("secret") == std::string::npos);
    const json page = json::parse(text)["migrations"][0];
    CHECK(page["gate"] == "closed");
    CHECK(page["has_failed"] == true);
    CHECK(page["failed_revision"] == "041_x");
    CHECK(page["current"][0] == "040_tags");
    CHECK(page["heads"][0] == "041_x");
    CHECK(page["pending"] == 1);
}

TEST_CASE("a command that failed is shown though it has no revisions, and clients are served")
{
    moment m = busy_moment();
    CHECK(shown({}, m)["migrations"].empty());
    m.numbers.backends[0].migrations.error = "alembic: exit status 1";
    const json page = shown({}, m)["migrations"][0];
    CHECK(page["gate"] == "open");
    CHECK(page["has_failed"] == true);
    CHECK(page["failed_revision"] == "");
}

TEST_CASE("a process with a name of any bytes is still JSON")
{
    moment m = busy_moment();
    m.held[0].process = "\xff<script>\"[7]";
    CHECK(shown({}, m)["holders"][0]["process"] == "\xef\xbf\xbd<script>\"[7]");
}

TEST_SUITE_END();
