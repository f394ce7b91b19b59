#include "tests/support/shared_server.hpp"
#include "tests/support/wire.hpp"

#include <doctest/doctest.h>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: session channels");

using namespace test::wire;
using test::shared_server;

namespace {

struct listening : shared_server {
    explicit listening(std::size_t count = 1) : shared_server(count) { share_channels(); }

    channel_set channels(std::size_t who = 0)
    {
        return session(who).channels() ? session(who).channels()->journal.channels()
                                       : channel_set{};
    }

    bool has_reached_the_server(std::string_view sql) const
    {
        for (const std::string& one : server_.executed())
            if (one.find(sql) != std::string::npos)
                return true;
        return false;
    }

    const test::fake_postgres& server_ = server();
};

} // namespace

TEST_CASE("LISTEN and UNLISTEN by themselves need no server")
{
    listening s;
    CHECK(s.ask(0, query("LISTEN a")) == complete("LISTEN") + ready());
    CHECK(s.ask(0, query("LISTEN b; UNLISTEN a; LISTEN c")) ==
          complete("LISTEN") + complete("UNLISTEN") + complete("LISTEN") + ready());
    CHECK(s.channels() == channel_set{"b", "c"});
    CHECK(s.ask(0, query("UNLISTEN *")) == complete("UNLISTEN") + ready());
    CHECK(s.channels().empty());
    CHECK(s.sent_up() == "");
    CHECK(s.channel_requests() == 2);
}

TEST_CASE("one who never listens pays for nothing")
{
    listening s;
    CHECK(s.ask(0, query("UNLISTEN *")) == complete("UNLISTEN") + ready());
    CHECK(s.session(0).channels() == nullptr);
    CHECK(s.resets() == 0);
}

TEST_CASE("with other statements, LISTEN is replaced by what does nothing there")
{
    listening s;
    SUBCASE("in a string of several")
    {
        CHECK(s.ask(0, query("SELECT 1; LISTEN a")) ==
              row_description() + row("1") + complete("SELECT 1") + complete("LISTEN") + ready());
    }
    SUBCASE("in a transaction")
    {
        s.ask(0, query("BEGIN"));
        CHECK(s.ask(0, query("LISTEN a")) == complete("LISTEN") + ready('T'));
        CHECK(s.channels().empty());
        CHECK(s.ask(0, query("COMMIT")) == complete("COMMIT") + ready());
    }
    SUBCASE("unnamed")
    {
        CHECK(s.ask(0, parse("", "LISTEN a") + run("")) ==
              parse_complete() + bind_complete() + complete("LISTEN") + ready());
    }
    SUBCASE("named, and used twice")
    {
        s.ask(0, parse("l", "LISTEN a") + sync());
        s.ask(0, run("l"));
        CHECK(s.channels() == channel_set{"a"});
        s.ask(0, query("UNLISTEN *"));
        CHECK(s.ask(0, run("l")) == bind_complete() + complete("LISTEN") + ready());
    }
    CHECK(s.channels() == channel_set{"a"});
    CHECK(s.has_reached_the_server("UNLISTEN *"));
    CHECK(!s.has_reached_the_server("LISTEN a"));
    CHECK(s.resets() == 0);
    CHECK(s.is_free());
}

TEST_CASE("what is rolled back was not listened to")
{
    listening s;
    SUBCASE("by ROLLBACK") { s.ask(0, query("BEGIN") + query("LISTEN a") + query("ROLLBACK")); }
    SUBCASE("all in one string") { s.ask(0, query("BEGIN; LISTEN a; ROLLBACK")); }
    SUBCASE("by an error behind it") { s.ask(0, query("LISTEN a; BOOM")); }
    SUBCASE("by an error in its pipeline")
    {
        s.ask(0,
              parse("", "LISTEN a") + bind_statement("") + execute() + parse("", "BOOM") +
                  bind_statement("") + execute() + sync());
    }
    SUBCASE("by an error before it")
    {
        s.ask(0, query("BEGIN") + query("BOOM") + query("LISTEN a") + query("COMMIT"));
    }
    SUBCASE("by a syntax error in the same string") { s.ask(0, query("LISTEN a; SYNTAX")); }
    CHECK(s.channels().empty());
    CHECK(s.is_free());
}

TEST_CASE("DISCARD ALL ends all listening, also of an earlier transaction")
{
    listening s;
    s.ask(0, query("LISTEN a"));
    s.ask(0, query("SELECT 1"));
    s.ask(0, query("DISCARD ALL"));
    CHECK(s.channels().empty());
}

TEST_CASE("a LISTEN that cannot be had fails as a statement does")
{
    listening s;
    s.channels_refusal = error{"08006", "down"};
    SUBCASE("by itself")
    {
        CHECK(s.ask(0, query("LISTEN a")) == failure("08006", "down") + ready());
        CHECK(s.sent_up() == "");
    }
    SUBCASE("in a transaction, which fails with it")
    {
        s.ask(0, query("BEGIN"));
        CHECK(s.ask(0, query("LISTEN a")) == failure("08006", "down") + ready('E'));
        CHECK(s.ask(0, query("COMMIT")) == complete("ROLLBACK") + ready());
    }
    SUBCASE("in the extended protocol")
    {
        CHECK(s.ask(0, parse("", "LISTEN a") + run("") + query("SELECT 1")) ==
              parse_complete() + bind_complete() + failure("08006", "down") + ready() +
                  row_description() + row("1") + complete("SELECT 1") + ready());
    }
    CHECK(s.channels().empty());
    CHECK(s.is_free());
    s.channels_refusal.reset();
    CHECK(s.ask(0, query("LISTEN a")) == complete("LISTEN") + ready());
    CHECK(s.channels() == channel_set{"a"});
}

TEST_CASE("an answer for one LISTEN does not count for another")
{
    listening s;
    s.ask(0, query("LISTEN a"));
    s.ask(0, query("LISTEN a"));
    s.ask(0, query("BEGIN") + query("LISTEN b") + query("LISTEN c") + query("COMMIT"));
    CHECK(s.channel_requests() == 4);
}

TEST_CASE("a client that was refused a server has no answer left over")
{
    listening s;
    s.refusal = error{"53300", "full"};
    s.ask(0, query("SELECT 1; LISTEN a"));
    CHECK(s.heard(0).empty()); // ask() takes it
    CHECK(s.channels().empty());
    s.refusal.reset();
    s.ask(0, query("SELECT 1; LISTEN a"));
    CHECK(s.channel_requests() == 2);
    CHECK(s.channels() == channel_set{"a"});
}

TEST_CASE("who does not share channels has its LISTEN on its own server")
{
    shared_server s;
    CHECK(s.ask(0, query("LISTEN a")) == complete("LISTEN") + ready());
    CHECK(s.sent_up().starts_with(query("LISTEN a"))); // and then a reset
}

TEST_CASE("cuts change nothing")
{
    const std::string words = query("BEGIN") + query("LISTEN a; SELECT 1") + query("COMMIT") +
                              parse("", "LISTEN b") + run("") + query("LISTEN c");
    for (std::size_t piece = 1; piece < 40; ++piece) {
        CAPTURE(piece);
        listening s;
        for (std::size_t at = 0; at < words.size(); at += piece) {
            s.client_sends(0, words.substr(at, piece));
            s.run(piece);
        }
        CHECK(s.channels() == channel_set{"a", "b", "c"});
        CHECK(s.is_free());
    }
}

TEST_SUITE_END();

} // namespace weir::pgwire
