#include "daemon/banner.hpp"
#include "daemon/connection_string.hpp"

#include <doctest/doctest.h>

using namespace weir;

namespace {

settings one_backend()
{
    settings all;
    all.listen.socket_dir = "/run/weir";
    all.backends.push_back(
        {"main", {}, *parse_database_url("postgresql://app:canary-19@db.example/main"), {}});
    return all;
}

} // namespace

TEST_SUITE("banner")
{
    TEST_CASE("it names the backend, the socket, the metrics and what to paste, and no password")
    {
        const std::string text = banner(one_backend(), "/run/weir/.s.PGSQL.5432", "127.0.0.1:9127");
        CAPTURE(text);
        for (const std::string part : {"main  postgresql://app:***@db.example/main\n",
                                       " /run/weir/.s.PGSQL.5432\n",
                                       " http://127.0.0.1:9127/metrics\n",
                                       " postgresql:///main?host=/run/weir\n"})
            CHECK(text.find(part) != std::string::npos);
        CHECK(text.find("canary") == std::string::npos);
    }

    TEST_CASE("every backend has a line")
    {
        settings all = one_backend();
        all.backends.push_back({"shop", {}, *parse_database_url("sqlite:///shop.db"), {}});
        const std::string text = banner(all, "/run/weir/.s.PGSQL.5432", "");
        CHECK(text.find("main  postgresql://") != std::string::npos);
        CHECK(text.find("shop  sqlite:///") != std::string::npos);
        CHECK(text.find("metrics   off\n") != std::string::npos);
    }

    TEST_CASE("a connection string for each driver, the port only when it is not the usual one")
    {
        listen_settings at;
        at.socket_dir = "/run/weir";
        CHECK(connection_string("psql", at, "main") == "postgresql:///main?host=/run/weir");
        at.port = 6432;
        CHECK(connection_string("sqlalchemy+psycopg", at, "main") ==
              "postgresql+psycopg:///main?host=/run/weir&port=6432");
    }
}
