#include "daemon/view/top_screen.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace weir::view;

namespace {

top_answers crowd()
{
    return {
        .address = "/run/weir/.s.PGSQL.5432",
        .version = "weir 0.1.0",
        .pools = {.backends = {{"backend", "state", "clients_are", "clients"},
                               {{"main", "up", "served", "9"},
                                {"main:session", "up", "served", "0"},
                                {"other", "up", "served", "1"}}},
                  .pools = {},
                  .averages = {},
                  .migrations = {}},
        .holders = {
            .holders = {{"backend", "server", "client", "process", "doing", "held_ms", "silent_ms"},
                        {{"main", "s1", "c1", "worker[1]", "running", "9000", "100"},
                         {"other", "s2", "c2", "worker[2]", "idle in transaction", "5000", "4000"},
                         {"main", "s3", "c3", "worker[3]", "running", "1000", "900"}}},
            .pins = {},
            .waiters = {}}};
}

std::string chosen_line(const top_screen& s)
{
    const lines page = s.draw({24, 120}, false);
    const auto found =
        std::ranges::find_if(page, [](const auto& line) { return line.starts_with("> "); });
    return found == page.end() ? "" : *found;
}

std::string last_line(const top_screen& s) { return s.draw({24, 120}, false).back(); }

bool shows(const std::string& line, std::string_view words)
{
    return line.find(words) != std::string::npos;
}

std::vector<key> keys_of(std::string typed)
{
    std::vector<key> all;
    while (const auto k = take_key(typed))
        all.push_back(*k);
    return all;
}

} // namespace

TEST_SUITE_BEGIN("view");

TEST_CASE("keys are what a terminal sends for them")
{
    CHECK(keys_of("\x1b[A\x1bOB\tsprkynq\x03z") == std::vector{key::up,
                                                               key::down,
                                                               key::tab,
                                                               key::sort,
                                                               key::pause,
                                                               key::resume,
                                                               key::kill,
                                                               key::yes,
                                                               key::no,
                                                               key::quit,
                                                               key::quit,
                                                               key::other});
    CHECK(keys_of("\x1b[5~q") == std::vector{key::other, key::quit}); // Page Up is one key
    std::string half = "\x1b[";
    CHECK_FALSE(take_key(half));
    half += 'B';
    CHECK(take_key(half) == key::down);
    CHECK(half.empty());
}

TEST_CASE("the screen has as many lines as there are rows, none longer than its columns")
{
    top_screen s;
    s.show(crowd());
    for (const std::size_t rows : {0u, 1u, 5u, 24u, 60u})
        for (const std::size_t columns : {0u, 10u, 80u, 200u}) {
            CAPTURE(rows);
            CAPTURE(columns);
            const lines page = s.draw({rows, columns}, false);
            CHECK(page.size() == rows);
            for (const std::string& line : page)
                CHECK(width(line) <= columns);
        }
    const lines page = s.draw({24, 120}, false);
    CHECK(page[0] == "weir 0.1.0 serves /run/weir/.s.PGSQL.5432");
    CHECK(page.back().starts_with("up/down choose"));
    CHECK(std::ranges::none_of(page, [](const auto& l) { return shows(l, "main:session"); }));
}

TEST_CASE("a weir that does not answer is seen not to")
{
    top_screen s;
    s.show(crowd());
    const auto first_line = [&] { return s.draw({24, 120}, false)[0]; };
    s.note_silence(std::chrono::seconds{1}); // it may be busy
    CHECK(first_line() == "weir 0.1.0 serves /run/weir/.s.PGSQL.5432");
    s.note_silence(std::chrono::seconds{7});
    CHECK(first_line() == "weir 0.1.0 serves /run/weir/.s.PGSQL.5432  no answer for 7.0s");
    s.note_silence({});
    CHECK_FALSE(shows(first_line(), "no answer"));
}

TEST_CASE("a row is chosen, and stays so when the others move")
{
    top_screen s;
    s.show(crowd());
    CHECK(shows(chosen_line(s), "worker[1]"));
    s.press(key::up); // there is nothing above
    s.press(key::down);
    CHECK(shows(chosen_line(s), "worker[2]"));
    s.press(key::sort); // by silence: the second is the first now
    CHECK(shows(chosen_line(s), "worker[2]"));
    s.press(key::down);
    CHECK(shows(chosen_line(s), "worker[3]"));
    s.press(key::sort); // by backend
    s.press(key::sort); // by time again
    CHECK(shows(chosen_line(s), "worker[3]"));
    top_answers later = crowd();
    later.holders.holders = answer(later.holders.holders.columns(), {});
    s.show(later);
    CHECK(chosen_line(s).empty());
    CHECK_FALSE(s.press(key::kill));
}

TEST_CASE("pause and resume are for the pool that is marked")
{
    top_screen s;
    s.show(crowd());
    s.press(key::tab);
    s.press(key::down);
    CHECK(shows(chosen_line(s), "other"));
    CHECK(s.press(key::resume)->command == "RESUME \"other\"");
    CHECK_FALSE(s.press(key::pause));
    CHECK(last_line(s) == "pause other? y/n");
    CHECK(s.press(key::yes)->command == "PAUSE \"other\"");
    top_answers odd = crowd();
    odd.pools.backends = answer({"backend"}, {{"a\"b"}});
    s.show(odd);
    CHECK(s.press(key::resume)->command == "RESUME \"a\"\"b\"");
    s.show({});
    CHECK_FALSE(s.press(key::resume));
}

TEST_CASE("among the holders they are for the marked one's backend, and a lane's is its pool's")
{
    top_screen s;
    top_answers now = crowd();
    auto rows = now.holders.holders.rows();
    rows[2][0] = "main:session";
    now.holders.holders = answer(now.holders.holders.columns(), rows);
    s.show(now);
    s.press(key::down);
    CHECK(shows(chosen_line(s), "worker[2]"));
    CHECK(s.press(key::resume)->command == "RESUME \"other\"");
    s.press(key::pause);
    CHECK(last_line(s) == "pause other? y/n");
    CHECK_FALSE(s.press(key::no));
    CHECK_FALSE(s.press(key::yes)); // to nothing
    s.press(key::down);
    CHECK(s.press(key::resume)->command == "RESUME \"main\"");

    now.holders.holders = answer(now.holders.holders.columns(), {});
    s.show(now);
    CHECK_FALSE(s.press(key::resume));
    CHECK(last_line(s) == "no row is chosen; tab goes to the pools");
    CHECK_FALSE(s.press(key::pause));
    CHECK_FALSE(s.press(key::yes));
}

TEST_CASE("what came of it is shown until the next key, a question until its answer")
{
    top_screen s;
    s.show(crowd());
    s.say("pausing main: done");
    CHECK(last_line(s) == "pausing main: done");
    s.press(key::pause);
    s.say("resuming main: done");
    CHECK(last_line(s) == "pause main? y/n");
    s.press(key::no);
    CHECK(last_line(s).starts_with("up/down choose"));
}

TEST_CASE("a kill is asked about first, of the client that was chosen then")
{
    top_screen s;
    s.show(crowd());
    CHECK_FALSE(s.press(key::kill));
    CHECK(last_line(s) == "end the connection of worker[1] (c1)? y/n");
    CHECK_FALSE(s.press(key::no));
    CHECK_FALSE(s.press(key::yes)); // of nothing
    s.press(key::kill);
    top_answers later = crowd();
    auto rows = later.holders.holders.rows();
    std::swap(rows.front(), rows.back());
    later.holders.holders = answer(later.holders.holders.columns(), rows);
    s.show(later);
    const auto wish = s.press(key::yes);
    REQUIRE(wish);
    CHECK(wish->command == "KILL_CLIENT \"c1\"");
}

TEST_CASE("a line is cut where the screen ends, its colours with it")
{
    CHECK(clipped("abcdef", 3) == "abc");
    CHECK(clipped("größer", 4) == "größ");
    CHECK(clipped("ab\x1b[31mcd\x1b[0mef", 3) == "ab\x1b[31mc\x1b[0m");
    CHECK(clipped("ab\x1b[31mcd\x1b[0mef", 10) == "ab\x1b[31mcd\x1b[0mef");
    CHECK(clipped("ab", 0).empty());
}

TEST_CASE("q and Control-C end it, even when a kill is asked about")
{
    top_screen s;
    s.show(crowd());
    s.press(key::kill);
    CHECK_FALSE(s.wants_to_quit());
    s.press(key::quit);
    CHECK(s.wants_to_quit());
}

TEST_SUITE_END();
