#include "daemon/console/command.hpp"

#include <doctest/doctest.h>

namespace weir::console {

TEST_SUITE_BEGIN("console: commands");

namespace {

migrate_wish wish_of(std::string_view sql)
{
    const auto parsed = parse_command(sql);
    REQUIRE_MESSAGE(parsed.has_value(), sql);
    REQUIRE(parsed->verb == verb::migrate);
    return parsed->wish;
}

std::string refusal_of(std::string_view sql)
{
    const auto parsed = parse_command(sql);
    REQUIRE_MESSAGE(parsed.has_error(), sql);
    return std::string(parsed.error().code.text()) + " " + parsed.error().message;
}

} // namespace

TEST_CASE("SHOW names what it shows, and its columns")
{
    CHECK(parse_command("show migrations")->verb == verb::show_migrations);
    CHECK(parse_command("SHOW VERSION;")->verb == verb::show_version);
    const auto help = parse_command("/* ? */ SHOW HELP ; ;");
    CHECK(help->verb == verb::show_help);
    CHECK(help->tag == "SHOW");
    REQUIRE(help->columns.size() == 2);
    CHECK(help->columns[0].name == "command");
}

TEST_CASE("MIGRATE takes a backend, a verb and a target")
{
    using enum migrations::direction;
    CHECK(wish_of("MIGRATE \"Main\" UPGRADE 'heads'") ==
          migrate_wish{.backend = "Main", .way = upgrade, .target = "heads"});
    CHECK(wish_of("migrate main downgrade -1 online;") ==
          migrate_wish{.backend = "main", .way = downgrade, .target = "-1", .online = true});
    CHECK(wish_of("migrate main stamp 'A b' purge online") == migrate_wish{.backend = "main",
                                                                           .way = stamp,
                                                                           .target = "A b",
                                                                           .purge = true,
                                                                           .online = true});
}

TEST_CASE("some commands are about one backend or client, or about all")
{
    const auto subject_of = [](std::string_view sql) { return parse_command(sql)->subject; };
    CHECK(parse_command("RELOAD")->verb == verb::reload);
    CHECK(parse_command("reconnect;")->verb == verb::reconnect);
    CHECK(subject_of("RECONNECT") == "");
    CHECK(subject_of("RECONNECT Main") == "main");
    CHECK(subject_of("RECONNECT \"Main\"") == "Main");
    CHECK(subject_of("KILL_CLIENT c12") == "c12");
    CHECK(refusal_of("KILL_CLIENT") == "42601 syntax error at end of input");
    CHECK(refusal_of("KILL_CLIENT 'c12'") == "42601 syntax error at or near \"c12\"");
    CHECK(refusal_of("RECONNECT a b") == "42601 syntax error at or near \"b\"");
    CHECK(refusal_of("RELOAD now") == "42601 syntax error at or near \"now\"");
}

TEST_CASE("what is wrong is said as PostgreSQL says it")
{
    CHECK(refusal_of("selct 1") == "42601 syntax error at or near \"selct\"");
    CHECK(refusal_of("show") == "42601 syntax error at end of input");
    CHECK(refusal_of("show tables") == "42601 syntax error at or near \"tables\"");
    CHECK(refusal_of("show version now") == "42601 syntax error at or near \"now\"");
    CHECK(refusal_of("migrate main upgrade") == "42601 syntax error at end of input");
    CHECK(refusal_of("migrate main sideways x") == "42601 syntax error at or near \"sideways\"");
    CHECK(refusal_of("migrate 'main' upgrade x") == "42601 syntax error at or near \"main\"");
    CHECK(refusal_of("migrate main upgrade x purge") == "42601 syntax error at or near \"purge\"");
    CHECK(refusal_of("show version; show help") == "0A000 the console takes one command at a time");
}

TEST_CASE("what drivers send by themselves gets its tag")
{
    struct courtesy {
        std::string_view sql;
        std::string_view tag;
        char status;
    };
    for (const courtesy& c : {courtesy{"BEGIN", "BEGIN", 'T'},
                              courtesy{"START TRANSACTION READ ONLY", "START TRANSACTION", 'T'},
                              courtesy{"COMMIT", "COMMIT", 'I'},
                              courtesy{"ROLLBACK", "ROLLBACK", 'I'},
                              courtesy{"SET DateStyle TO 'ISO', x", "SET", 0},
                              courtesy{"RESET ALL", "RESET", 0},
                              courtesy{"DEALLOCATE \"_pg3_0\"", "DEALLOCATE", 0}}) {
        CAPTURE(c.sql);
        const auto parsed = parse_command(c.sql);
        REQUIRE(parsed.has_value());
        CHECK(parsed->verb == verb::courtesy);
        CHECK(parsed->tag == c.tag);
        CHECK(parsed->transaction_status_after == c.status);
        CHECK(parsed->columns.empty());
    }
    CHECK(parse_command(" ; -- nothing")->verb == verb::nothing);
}

TEST_CASE("help lists what there is, and each can be said")
{
    const rows lines = help();
    CHECK(lines.size() >= 4);
    for (const row& line : lines) {
        CAPTURE(*line[0]);
        CHECK_FALSE(line[1]->empty());
        if (line[0]->starts_with("SHOW"))
            CHECK(parse_command(*line[0]).has_value());
    }
}

TEST_CASE("SET changes weir's settings, and lets a driver's be")
{
    for (const std::string sql : {"SET max_client_conn = 5",
                                  "set max_client_conn=5",
                                  "SET max_client_conn TO '5'",
                                  "SET \"max_client_conn\" TO 5;"}) {
        CAPTURE(sql);
        const auto parsed = parse_command(sql);
        REQUIRE(parsed.has_value());
        CHECK(parsed->verb == verb::set);
        CHECK(parsed->subject == "max_client_conn");
        CHECK(parsed->value == "5");
    }
    CHECK(parse_command("SET \"backends.Shop.pool.size\" = 5")->subject ==
          "backends.Shop.pool.size");
    CHECK(parse_command("SET SESSION pool_mode = session")->subject == "pool_mode");
    CHECK(parse_command("SET default_pool_size = 7")->verb == verb::set); // who misspells is told
    for (const std::string sql : {"SET client_encoding TO 'UTF8'",
                                  "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
                                  "SET TIME ZONE 'UTC'",
                                  "SET LOCAL statement_timeout = 0",
                                  "SET extra_float_digits = 3"})
        CHECK(parse_command(sql)->verb == verb::courtesy);
    CHECK(refusal_of("SET") == "42601 syntax error at end of input");
    CHECK(refusal_of("SET max_client_conn") == "42601 syntax error at end of input");
    CHECK(refusal_of("SET max_client_conn 5 6") == "42601 syntax error at or near \"5\"");
    CHECK(refusal_of("SET max_client_conn = 5 6") == "42601 syntax error at or near \"6\"");
}

TEST_CASE("SHUTDOWN says what it waits for")
{
    CHECK(parse_command("SHUTDOWN")->verb == verb::shut_down);
    CHECK(parse_command("shutdown wait_for_servers")->verb == verb::shut_down_after_servers);
    CHECK(parse_command("SHUTDOWN WAIT_FOR_CLIENTS;")->verb == verb::shut_down_after_clients);
    CHECK(refusal_of("SHUTDOWN later") == "42601 syntax error at or near \"later\"");
}

TEST_SUITE_END();

} // namespace weir::console
