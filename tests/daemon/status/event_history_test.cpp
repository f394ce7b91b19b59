#include "daemon/status/event_history.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::status;
using namespace std::chrono_literals;

namespace {

metrics_snapshot one_backend(bool up = true)
{
    metrics_snapshot s;
    s.backends.push_back({.name = "main", .is_up = up});
    return s;
}

std::string in_words(const std::vector<event>& events)
{
    std::string all;
    for (const event& e : events)
        all += std::string{to_string(e.level)} + ": " + e.what + " (" + e.backend + ", " +
               e.detail + ") x" + std::to_string(e.times) + "\n";
    return all;
}

// What is told after `change` has been made to a backend.
template <class Change>
std::string told_after(Change change)
{
    metrics_snapshot after = one_backend();
    change(after.backends[0]);
    return in_words(events_between(one_backend(), after));
}

constexpr std::chrono::system_clock::time_point start{};

} // namespace

TEST_SUITE_BEGIN("status: events");

TEST_CASE("where nothing has changed nothing has happened")
{
    CHECK(events_between(one_backend(), one_backend()).empty());
}

TEST_CASE("a backend goes down with the server's words, and comes back")
{
    metrics_snapshot down = one_backend(false);
    down.backends[0].down_because = "no route";
    down.backends[0].pool.logins_failed = 2;
    CHECK(in_words(events_between(one_backend(), down)) ==
          "bad: backend is down (main, no route) x1\n"
          "bad: login failed (main, no route) x2\n");
    CHECK(in_words(events_between(down, one_backend())) == "good: backend is up (main, ) x1\n");
}

TEST_CASE("what clients met is counted")
{
    CHECK(told_after([](backend_snapshot& b) { b.pool.timeouts = 3; }) ==
          "warning: no connection came free in time (main, ) x3\n");
    CHECK(told_after([](backend_snapshot& b) { b.pool.turned_away = 1; }) ==
          "warning: client turned away at once (main, ) x1\n");
    CHECK(told_after([](backend_snapshot& b) { b.pool.closed(close_reason::error) = 4; }) ==
          "warning: connection lost (main, ) x4\n");
    CHECK(
        told_after([](backend_snapshot& b) { b.pool.closed(close_reason::recycle) = 4; }).empty());
    CHECK(told_after([](backend_snapshot& b) {
              b.traffic.limits[static_cast<std::size_t>(hold_limit::query_timeout)] = 1;
          }) == "warning: client stopped by a limit (main, query_timeout) x1\n");
}

TEST_CASE("what operators do is told")
{
    metrics_snapshot after = one_backend();
    after.backends[0].is_paused = after.backends[0].is_disabled = true;
    CHECK(in_words(events_between(one_backend(), after)) ==
          "info: paused (main, ) x1\ninfo: disabled (main, ) x1\n");
    CHECK(in_words(events_between(after, one_backend())) ==
          "info: resumed (main, ) x1\ninfo: enabled (main, ) x1\n");
}

TEST_CASE("a gate closes, migrations fail or are applied, and it opens")
{
    metrics_snapshot closed = one_backend();
    closed.backends[0].migrations.is = migration_status::phase::running;
    closed.backends[0].migrations.is_open = false;
    closed.backends[0].migrations.applied = 2;
    closed.backends[0].migrations.failures = 1;
    closed.backends[0].migrations.failed_revision = "041_x";
    CHECK(in_words(events_between(one_backend(), closed)) ==
          "info: revision applied (main, ) x2\n"
          "bad: migrations failed (main, 041_x) x1\n"
          "warning: gate closed (main, running) x1\n");
    metrics_snapshot open = closed;
    open.backends[0].migrations.is_open = true;
    CHECK(in_words(events_between(closed, open)) == "good: gate opened (main, ) x1\n");
}

TEST_CASE("reloads and the end are weir's own")
{
    metrics_snapshot after = one_backend();
    after.reloads.done = 1;
    after.reloads.refused = 1;
    after.closed_because = "draining";
    CHECK(in_words(events_between(one_backend(), after)) == "info: settings reloaded (, ) x1\n"
                                                            "bad: settings refused (, ) x1\n"
                                                            "info: draining (, ) x1\n");
}

TEST_CASE("a session lane begins and ends without a story")
{
    metrics_snapshot after = one_backend();
    after.backends.push_back({.name = "main:session", .is_session_lane = true, .is_up = true});
    after.backends[1].pool.timeouts = 5;
    CHECK(events_between(one_backend(), after).empty());
    CHECK(events_between(after, one_backend()).empty());
}

TEST_CASE("a backend that a reload adds or removes is told of, and whether it is down")
{
    metrics_snapshot after = one_backend();
    after.backends.push_back({.name = "more"});
    after.backends[1].pool.timeouts = 5; // before it was looked at
    CHECK(in_words(events_between(one_backend(), after)) == "info: backend added (more, ) x1\n");
    CHECK(in_words(events_between(after, one_backend())) == "info: backend removed (more, ) x1\n");
    after.backends[1].down_because = "no route";
    CHECK(in_words(events_between(one_backend(), after)) ==
          "info: backend added (more, ) x1\nbad: backend is down (more, no route) x1\n");
}

TEST_CASE("a backend that is down from the start is told of once its first login has failed")
{
    const metrics_snapshot unknown = one_backend(false);
    metrics_snapshot failed = unknown;
    failed.backends[0].down_because = "no route";
    failed.backends[0].pool.logins_failed = 1;
    CHECK(events_between(unknown, unknown).empty());
    CHECK(in_words(events_between(unknown, failed)) == "bad: backend is down (main, no route) x1\n"
                                                       "bad: login failed (main, no route) x1\n");
    CHECK(events_between(failed, failed).empty());
}

TEST_CASE("what repeats within a minute is one event, the latest")
{
    event_history history;
    const event failed{.backend = "main", .what = "login failed", .times = 2};
    history.note(start, failed);
    history.note(start + 1s, {.backend = "main", .what = "backend is down"});
    history.note(start + 30s, failed);
    REQUIRE(history.all().size() == 2);
    CHECK(history.all()[0].what == "login failed");
    CHECK(history.all()[0].times == 4);
    CHECK(history.all()[0].at == start + 30s);
    history.note(start + 5min, failed);
    CHECK(history.all().size() == 3);
    CHECK(history.all()[0].times == 2);
}

TEST_CASE("however much happens, so much is kept")
{
    event_history history;
    for (int i = 0; i < 1000; ++i)
        history.note(start + i * 1s, {.what = "event " + std::to_string(i)});
    CHECK(history.all().size() == event_history::most);
    CHECK(history.all().front().what == "event 999");
}

TEST_SUITE_END();
