#include "daemon/process_table.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

using namespace weir;

TEST_SUITE_BEGIN("process table");

TEST_CASE("the unit is the innermost service or scope of the cgroup")
{
    CHECK(unit_of("0::/system.slice/shop.service\n") == "shop.service");
    CHECK(unit_of("0::/system.slice/shop.service/worker-3\n") == "shop.service");
    CHECK(unit_of("0::/user.slice/user-1000.slice/session-4.scope") == "session-4.scope");
    CHECK(unit_of("12:pids:/system.slice/cron.service\n0::/x\n") == "cron.service");
    CHECK(unit_of("0::/\n") == "");
    CHECK(unit_of("shop.service") == "");
    CHECK(unit_of("") == "");
}

TEST_CASE("clients of one process share an index, which is used again when the last has left")
{
    process_table table;
    const process_index first = table.join(4'000'001);
    CHECK(table.join(4'000'001) == first);
    const process_index second = table.join(4'000'002);
    CHECK(second != first);
    table.leave(first);
    CHECK(table.join(4'000'001) == first);
    table.leave(first);
    table.leave(first);
    CHECK(table.join(4'000'003) == first);
    CHECK(table.join(4'000'001) != first);
}

TEST_CASE("a process is called by its command and pid, one that is gone by its pid")
{
    process_table table;
    const std::string own = table.name(table.join(::getpid()));
    CHECK(own.starts_with("daemon_test[" + std::to_string(::getpid()) + "]"));
    CHECK(table.name(table.join(4'000'001)) == "pid[4000001]");
    CHECK(table.name(table.join(0)) == "a process in another pid namespace");
}

TEST_SUITE_END();
