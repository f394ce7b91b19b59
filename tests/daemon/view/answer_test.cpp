#include "daemon/view/answer.hpp"
#include "daemon/view/brief.hpp"

#include <doctest/doctest.h>

using namespace weir::view;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("view");

TEST_CASE("a cell is found by the name of its column, wherever that stands")
{
    const answer a({"backend", "waiting"}, {{"main", "3"}, {"other", std::nullopt}});
    CHECK(a.text(0, "backend") == "main");
    CHECK(a.number(0, "waiting") == 3);
    CHECK(a.number(1, "waiting") == 0);
    CHECK(a.text(1, "waiting").empty());
    CHECK(a.text(0, "a column of a later weir").empty());
    CHECK(a.find("backend", "other") == 1);
    CHECK(a.find("backend", "none") == a.size());
}

TEST_CASE("a time takes few characters")
{
    CHECK(brief(0us) == "0");
    CHECK(brief(-5us) == "0");
    CHECK(brief(999us) == "999us");
    CHECK(brief(1'999us) == "1ms");
    CHECK(brief(1'250ms) == "1.2s");
    CHECK(brief(59'999ms) == "59.9s");
    CHECK(brief(60s) == "1min");
    CHECK(brief(192s) == "3min12s");
    CHECK(brief(2h + 5min + 3s) == "2h5min");
    CHECK(brief(99h) == "4d3h");
}

TEST_SUITE_END();
