#include "daemon/console/command.hpp"
#include "daemon/console/show.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>

namespace weir::console {

TEST_SUITE_BEGIN("console: show");

TEST_CASE("a backend's migrations in one row, as long as the columns promised")
{
    using phase = migration_status::phase;
    const auto noon = std::chrono::system_clock::time_point{std::chrono::hours{12}};
    const std::array all{migration_status{.backend = "main",
                                          .is = phase::running,
                                          .is_open = false,
                                          .revision = "041_comments",
                                          .number = 12,
                                          .total = 65,
                                          .since = noon,
                                          .current = {"040_a", "040_b"},
                                          .heads = {"065_z"},
                                          .pending = 54},
                         migration_status{.backend = "local", .since = noon},
                         migration_status{.backend = "shop",
                                          .is_open = false,
                                          .since = noon,
                                          .error = "migration 7 failed: no"}};
    const rows shown = show_migrations(all);
    const row expected{"main",
                       "running",
                       "040_a, 040_b",
                       "065_z",
                       "54",
                       "041_comments",
                       "12",
                       "65",
                       "1970-01-01 12:00:00+00",
                       std::nullopt};
    REQUIRE(shown.size() == 3);
    CHECK(shown[0] == expected);
    CHECK(shown[1][1] == "open");
    CHECK(shown[1][5] == std::nullopt);
    CHECK(shown[1][6] == std::nullopt);
    CHECK(shown[2][1] == "closed");
    CHECK(shown[2][9] == "migration 7 failed: no");
    for (const row& r : shown)
        CHECK(r.size() == parse_command("SHOW MIGRATIONS")->columns.size());
}

TEST_SUITE_END();

} // namespace weir::console
