#include "config/print.hpp"
#include "tests/config/fake_sources.hpp"

#include <doctest/doctest.h>

using namespace weir;

TEST_SUITE_BEGIN("config");

TEST_CASE("the effective settings print as a settings file that loads to the same settings")
{
    const char* const files[] = {
        "{}",
        R"({"listen": {"socket_dir": "/tmp/w", "port": 6432, "mode": "0660", "group": "app",
                       "allow": {"users": ["a"], "groups": ["g"]}},
            "metrics": {"listen": "[::1]:9000", "hosts": ["db.example"]}, "log": {"format": "json", "level": "debug"},
            "max_client_conn": 5, "client_login_timeout": "1500ms",
            "client_idle_timeout": "1h", "shutdown_timeout": "250ms",
            "backends": {"main": {"url": "postgresql://u@h1,h2:5/d?sslmode=require",
                                  "aliases": ["m"], "pool": {
              "size": 1, "max_overflow": 2, "budget": "fit", "timeout": 3, "recycle": -1, "pre_ping": false,
              "pre_ping_after": "5s", "use_lifo": false, "overflow_linger": "6ms", "min_idle": 1,
              "idle_timeout": "1h", "max_waiting": 8, "connect_timeout": "90s",
              "query_timeout": 1, "idle_transaction_timeout": 2, "transaction_timeout": 3,
              "free_answers": false, "hold_back_begin": false,
              "reset": "never",
              "pins": {"temp_tables": "reset", "load": "reject"}, "max_pinned": 3,
              "allow_sql_prepare": true, "stateful_functions": ["f"], "session_pool_size": 0,
              "session_lane": {"application_name": []}},
                                  "migrations": {
              "on_boot": false, "dir": "sql", "command": ["make", "db"], "current_command": "x",
              "order": "last", "cwd": "/srv", "timeout": "90min", "version_table": "v",
              "version_table_schema": "ops", "wait": 1, "lock_wait": 2, "lock_timeout": 3,
              "statement_timeout": 4, "on_failure": "exit", "on_edited": "refuse"}}}})",
        R"({"metrics": {"listen": "off"}, "log": {"level": "warning"}})",
    };
    for (const char* const file : files) {
        CAPTURE(file);
        settings once = test::loaded(test::with_file(file));
        for (backend_settings& b : once.backends)
            b.migrations.dir_is_default = false; // what is printed is said outright
        CAPTURE(to_json(once));
        CHECK((test::loaded(test::with_file(to_json(once))) == once));
    }
}

TEST_CASE("printed settings show no secret")
{
    const settings all = test::loaded(
        {{{"DATABASE_URL", "postgresql://u:CANARY@db/app?sslkey=k&sslpassword=CANARY"}}});
    CHECK(to_json(all).find("CANARY") == std::string::npos);
    CHECK(to_json(all).find("postgresql://u:***@db/app?sslkey=k&sslpassword=***") !=
          std::string::npos);
    const settings with_variables = test::loaded(test::with_file(R"({"backends": {"a": {
        "url": "sqlite:///a.db", "migrations": {"env": {"API_KEY": "CANARY"}}}}})"));
    CHECK(to_json(with_variables).find("CANARY") == std::string::npos);
    CHECK(to_json(with_variables).find("API_KEY") != std::string::npos);
}

TEST_CASE("settings one by one say their default, and whether SET can change them")
{
    const settings all = test::loaded(test::with_file(R"({"max_client_conn": 5, "backends": {"a": {
        "url": "postgresql://u:CANARY@db/app", "pool": {"size": 3}}}})"));
    const auto find = [&](std::string_view path) {
        for (const listed_setting& s : list(all)) {
            CHECK(s.value.find("CANARY") == std::string::npos);
            if (s.path == path)
                return s;
        }
        return listed_setting{};
    };
    const auto shown = [&](std::string_view path) {
        const listed_setting s = find(path);
        return s.value + " " + s.default_value + (s.is_changeable ? " changeable" : "");
    };
    CHECK(shown("backends.a.pool.size") == "3 10 changeable");
    CHECK(shown("backends.a.pool.pins.load") == "pin pin changeable");
    CHECK(shown("backends.a.url") == "postgresql://u:***@db/app ");
    CHECK(shown("backends.a.aliases") == "[] []");
    CHECK(shown("max_client_conn") == "5 10000 changeable");
    CHECK(shown("listen.port") == "5432 5432");
    CHECK(shown("no.such") == " ");
}

TEST_CASE("a path that is not UTF-8 prints all the same")
{
    const settings all =
        test::loaded({{{"DATABASE_URL", "sqlite:///x.db"}, {"WEIR_SOCKET_DIR", "/\xff"}}});
    CHECK(to_json(all).find("\"socket_dir\": \"/\xef\xbf\xbd\"") != std::string::npos);
}

TEST_SUITE_END();
