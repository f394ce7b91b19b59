#include "daemon/doctor/report.hpp"

#include <doctest/doctest.h>

using namespace weir::doctor;

TEST_SUITE_BEGIN("doctor");

TEST_CASE("the report has a line for each finding, its fix below it, and a sum")
{
    const findings all{{severity::ok, {}, "settings", "1 backend"},
                       {severity::warning, "main", "budget", "36; 27 are available", "lower it"},
                       {severity::warning, "main", "clock", "an hour ahead", "set it"},
                       {severity::note, "main", "tls", "none", "add it"}};
    CHECK(lines(all) == std::vector<std::string>{"ok       settings: 1 backend",
                                                 "warning  main: budget: 36; 27 are available",
                                                 "         -> lower it",
                                                 "warning  main: clock: an hour ahead",
                                                 "         -> set it",
                                                 "note     main: tls: none",
                                                 "         -> add it",
                                                 "",
                                                 "2 warnings, 1 note"});
    CHECK(worst_of(all) == severity::warning);
    CHECK(worst_of({}) == severity::ok);
    CHECK(lines({}).back() == "all is well");
    CHECK(
        lines({{severity::error, {}, "migrations", "two mistakes\nin a.sql\nin b.sql", "mend"}}) ==
        std::vector<std::string>{"error    migrations: two mistakes",
                                 "            in a.sql",
                                 "            in b.sql",
                                 "         -> mend",
                                 "",
                                 "1 error"});
}

TEST_SUITE_END();
