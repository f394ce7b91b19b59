#include "config/duration.hpp"

#include <doctest/doctest.h>

#include <utility>

using namespace weir;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("config");

TEST_CASE("a duration is a number with PostgreSQL's units, seconds when there is none")
{
    const std::pair<const char*, std::chrono::milliseconds> good[] = {
        {"0", 0ms},
        {"30", 30s},
        {"30s", 30s},
        {"5min", 5min},
        {"250ms", 250ms},
        {"1h", 1h},
        {"1d", 24h},
        {"-1", -1s},
        {"36500d", 24h * 36'500},
    };
    for (const auto& entry : good) {
        const auto& text = entry.first; // no structured binding: clang 14 cannot capture one
        const auto& duration = entry.second;
        CAPTURE(text);
        CHECK(parse_duration(text) == duration);
    }
    const char* const bad[] = {"",
                               "s",
                               "ten",
                               "5m",
                               "5 min",
                               " 5",
                               "5s ",
                               "1.5s",
                               "0x10",
                               "+5",
                               "5S",
                               "36501d",
                               "9223372036854775807",
                               "-9223372036854775808",
                               "99999999999999999999"};
    for (const char* const text : bad) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text).has_value());
    }
}

TEST_CASE("a duration prints in its largest whole unit and reads back")
{
    const std::pair<std::chrono::milliseconds, const char*> table[] =
        {{0ms, "0"}, {250ms, "250ms"}, {90s, "90s"}, {120s, "2min"}, {1h, "1h"}, {48h, "2d"}};
    for (const auto& [duration, text] : table) {
        CHECK(to_text(duration) == text);
        CHECK(parse_duration(text) == duration);
    }
}

TEST_SUITE_END();
