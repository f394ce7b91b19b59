#include "daemon/doctor/own_connections.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace weir;
using namespace weir::doctor;

namespace {

backend_settings backend_at(std::string name, std::string host)
{
    backend_settings b;
    b.name = std::move(name);
    b.url.hosts = {{std::move(host), 5432}};
    return b;
}

} // namespace

TEST_SUITE_BEGIN("doctor");

TEST_CASE("one's own connections at a server are those of all backends there, and of their lanes")
{
    const std::vector<backend_settings> all{backend_at("a", "db1"),
                                            backend_at("b", "db1"),
                                            backend_at("c", "db2")};
    const std::array own{own_connection{"a", 1},
                         own_connection{"b", 2},
                         own_connection{"b:session", 3},
                         own_connection{"c", 4},
                         own_connection{"a:session", 5},
                         own_connection{"gone", 6}};
    CHECK(own_pids_at(all[0], all, own) == std::vector{1, 2, 3, 5});
    CHECK(own_pids_at(all[1], all, own) == std::vector{1, 2, 3, 5});
    CHECK(own_pids_at(all[2], all, own) == std::vector{4});
}

TEST_CASE("another port of the same host, and another order of hosts, are another server")
{
    std::vector<backend_settings> all{backend_at("a", "db"), backend_at("b", "db")};
    const std::array own{own_connection{"a", 1}, own_connection{"b", 2}};
    all[1].url.hosts.front().port = 5433;
    CHECK(own_pids_at(all[0], all, own) == std::vector{1});
    all[0].url.hosts = {{"x", 1}, {"y", 1}};
    all[1].url.hosts = {{"y", 1}, {"x", 1}};
    CHECK(own_pids_at(all[0], all, own) == std::vector{1});
}

TEST_SUITE_END();
