#include "pool/postgres/host_list.hpp"

#include <doctest/doctest.h>

using weir::parameter_list;
using weir::postgres::host_list;

TEST_SUITE_BEGIN("postgres: the list of hosts");

TEST_CASE("one host, or several, with one port for all or one each")
{
    const parameter_list one{{"user", "app"}, {"host", "a"}};
    CHECK(host_list{one}.size() == 1);
    CHECK(host_list{one}.options() == one);

    const parameter_list three{{"user", "app"}, {"host", "a,b,c"}, {"port", "1,2,3"}};
    CHECK(host_list{three}.size() == 3);
    CHECK(host_list{three}.options() == three);

    const parameter_list shared{{"host", "a,b"}, {"port", "6000"}};
    CHECK(host_list{shared}.size() == 2);
    CHECK(host_list{shared}.options() == parameter_list{{"host", "a,b"}, {"port", "6000,6000"}});
}

TEST_CASE("addresses count as hosts, beside their names or without")
{
    CHECK(host_list{{{"hostaddr", "10.0.0.1,10.0.0.2"}}}.size() == 2);
    host_list both{{{"host", "a,b"}, {"hostaddr", "10.0.0.1,10.0.0.2"}, {"port", "1,2"}}};
    CHECK(both.drop("a", "1"));
    CHECK(both.options() == parameter_list{{"host", "b"}, {"hostaddr", "10.0.0.2"}, {"port", "2"}});
}

TEST_CASE("a host that stays silent is forgotten, once for each time it is named")
{
    host_list hosts{{{"host", "a,b,a"}, {"port", "1,1,1"}}};
    CHECK(hosts.drop("a", "1"));
    CHECK(hosts.options() == parameter_list{{"host", "b,a"}, {"port", "1,1"}});
    CHECK(hosts.drop("a", "1"));
    CHECK_FALSE(hosts.drop("a", "1"));
    CHECK_FALSE(hosts.drop("b", "2"));
    CHECK(hosts.drop("b", "1"));
    CHECK(hosts.size() == 0);
}

TEST_CASE("a host without a port has whichever port libpq tells of")
{
    host_list hosts{{{"host", "a,b"}}};
    CHECK(hosts.drop("a", "5432"));
    CHECK(hosts.options() == parameter_list{{"host", "b"}});
}

TEST_CASE("without hosts, or with lists that do not fit each other, libpq gets what was given")
{
    CHECK(host_list{{{"user", "app"}, {"service", "x"}}}.size() == 0);
    const parameter_list bad{{"host", "a,b"}, {"port", "1,2,3"}};
    CHECK(host_list{bad}.size() == 0);
    CHECK(host_list{bad}.options() == bad);
}

TEST_SUITE_END();
