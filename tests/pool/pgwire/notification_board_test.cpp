#include "pool/pgwire/notification_board.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: notification board");

namespace {

using names = std::vector<std::string>;
using clients = notification_board::clients;

} // namespace

TEST_CASE("many clients share a channel, which is asked for once")
{
    notification_board b;
    CHECK(!b.is_needed());
    b.want(1, names{"a"});
    CHECK(b.is_needed());
    CHECK(b.next_statements() == "LISTEN \"a\";");
    b.want(2, names{"a"});
    CHECK(!b.is_ready(1));
    CHECK(b.next_statements() == "");
    b.done();
    CHECK(b.is_ready(1));
    CHECK(b.is_ready(2));
    CHECK(b.listened() == 1);
    CHECK(b.listeners("a") == clients{1, 2});
    CHECK(b.listeners("b").empty());

    b.leave(1);
    CHECK(b.next_statements() == "");
    CHECK(b.listeners("a") == clients{2});
    b.leave(2);
    CHECK(!b.is_needed());
    CHECK(b.next_statements() == "UNLISTEN \"a\";");
    b.done();
    CHECK(b.listened() == 0);
    CHECK(b.next_statements() == "");
}

TEST_CASE("a client has room for so many channels, whatever others want")
{
    notification_board b;
    CHECK(b.has_room_for(1, notification_board::client_limit));
    CHECK(!b.has_room_for(1, notification_board::client_limit + 1));
    b.want(1, names{"a", "b", "a"});
    CHECK(b.has_room_for(1, notification_board::client_limit - 2));
    CHECK(!b.has_room_for(1, notification_board::client_limit - 1));
    CHECK(b.has_room_for(2, notification_board::client_limit));
    b.keep(1, {"a"});
    CHECK(b.has_room_for(1, notification_board::client_limit - 1));
}

TEST_CASE("names are quoted")
{
    notification_board b;
    b.want(1, names{"A \"b\"; DROP TABLE c"});
    CHECK(b.next_statements() == "LISTEN \"A \"\"b\"\"; DROP TABLE c\";");
}

TEST_CASE("a channel that is wanted again while it is being left is asked for again")
{
    notification_board b;
    b.want(1, names{"a"});
    b.next_statements();
    b.done();
    b.leave(1);
    CHECK(b.next_statements() == "UNLISTEN \"a\";");
    b.want(2, names{"a"});
    CHECK(!b.is_ready(2));
    b.done();
    CHECK(!b.is_ready(2));
    CHECK(b.next_statements() == "LISTEN \"a\";");
    b.done();
    CHECK(b.is_ready(2));
}

TEST_CASE("a client that goes while its channel is asked for leaves nothing behind")
{
    notification_board b;
    b.want(1, names{"a"});
    CHECK(b.next_statements() == "LISTEN \"a\";");
    b.leave(1);
    b.done();
    CHECK(b.next_statements() == "UNLISTEN \"a\";");
    b.done();
    CHECK(b.listened() == 0);
}

TEST_CASE("of many channels so many are asked for at once")
{
    notification_board b;
    names all;
    for (std::size_t i = 0; i < notification_board::batch_limit + 1; ++i)
        all.push_back(std::to_string(i));
    b.want(1, all);
    CHECK(!b.next_statements().empty());
    b.done();
    CHECK(!b.is_ready(1));
    CHECK(b.listened() == notification_board::batch_limit);
    CHECK(!b.next_statements().empty());
    b.done();
    CHECK(b.is_ready(1));
    CHECK(b.next_statements().empty());
}

TEST_CASE("a channel that the server refuses keeps no other away")
{
    notification_board b;
    b.want(1, names{"a"});
    b.want(2, names{"bad"});
    b.want(3, names{"c"});
    CHECK(b.next_statements() == "LISTEN \"a\";LISTEN \"bad\";LISTEN \"c\";");
    CHECK(b.failed().empty());
    CHECK(b.next_statements() == "LISTEN \"a\";");
    b.done();
    CHECK(b.is_ready(1));
    CHECK(b.next_statements() == "LISTEN \"bad\";");
    CHECK(b.failed() == clients{2});
    CHECK(b.next_statements() == "LISTEN \"c\";");
    b.done();
    CHECK(b.is_ready(3));
    CHECK(b.next_statements() == "");
    SUBCASE("it is tried again when that is said")
    {
        b.retry_failed();
        CHECK(b.next_statements() == "LISTEN \"bad\";");
    }
    SUBCASE("who was refused gives it up")
    {
        b.leave(2);
        b.retry_failed();
        CHECK(b.next_statements() == "");
        b.want(4, names{"bad"});
        CHECK(b.next_statements() == "LISTEN \"bad\";");
    }
}

TEST_CASE("a lost connection: all is asked for again, and then those who listened are told once")
{
    notification_board b;
    b.want(1, names{"a", "b"});
    b.want(2, names{"b"});
    b.next_statements();
    b.done();
    b.want(3, names{"c"}); // was never listened to, so it has missed nothing
    b.next_statements();
    b.lost();
    CHECK(b.listened() == 0);
    CHECK(!b.is_ready(1));
    CHECK(b.take_missed().empty());
    b.leave(2);
    CHECK(b.next_statements() == "LISTEN \"a\";LISTEN \"b\";LISTEN \"c\";");
    b.lost(); // again
    CHECK(b.take_missed().empty());
    CHECK(b.next_statements() == "LISTEN \"a\";LISTEN \"b\";LISTEN \"c\";");
    b.done();
    CHECK(b.take_missed() == clients{1});
    CHECK(b.take_missed().empty());
}

TEST_CASE("simulation: what the server listens to is what the clients want")
{
    const std::uint64_t seed = test::seed();
    CAPTURE(seed);
    std::mt19937_64 luck{seed};
    const auto below = [&](unsigned n) { return static_cast<unsigned>(luck() % n); };
    for (int world = 0; world < 300; ++world) {
        notification_board b;
        std::map<board_client, channel_set> wanted;
        channel_set on_server; // what it listens to
        std::vector<std::string> asked;
        clients must_be_told; // was ready, and lost a channel
        clients may_be_told;  // wanted a channel that was lost
        const auto name = [&] { return std::string(1, static_cast<char>('a' + below(6))); };
        const auto is_ready = [&](board_client who) {
            for (const std::string& n : wanted[who])
                if (!on_server.contains(n))
                    return false;
            return true;
        };
        const auto answer = [&](bool ok) {
            ok = ok || (asked.size() == 1 && asked[0].starts_with("UNLISTEN")); // never fails
            if (ok)
                for (const std::string& sql : asked) {
                    const std::string of(1, sql[sql.size() - 2]);
                    if (sql.starts_with("LISTEN"))
                        on_server.insert(of);
                    else
                        on_server.erase(of);
                }
            if (!asked.empty() && ok)
                b.done();
            else if (!asked.empty())
                b.failed();
            asked.clear();
        };
        const auto ask = [&] {
            const std::string sql = b.next_statements();
            for (std::size_t at = 0; at < sql.size();) {
                const std::size_t end = sql.find(';', at);
                asked.push_back(sql.substr(at, end - at));
                at = end + 1;
            }
        };
        const auto told = [&] {
            for (const board_client who : b.take_missed()) {
                REQUIRE(may_be_told.erase(who) == 1);
                must_be_told.erase(who);
                REQUIRE(is_ready(who));
            }
        };
        for (int event = 0; event < 200; ++event) {
            const board_client who = below(5);
            switch (below(8)) {
            case 0:
            case 1: {
                const std::string n = name();
                wanted[who].insert(n);
                b.want(who, names{n});
                break;
            }
            case 2:
                if (!wanted[who].empty())
                    wanted[who].erase(wanted[who].begin());
                b.keep(who, wanted[who]);
                break;
            case 3:
                wanted[who].clear();
                b.leave(who);
                break;
            case 4:
                if (asked.empty())
                    ask();
                break;
            case 5:
            case 6: answer(below(5) > 0); break;
            case 7:
                if (below(5) == 0) {
                    for (const auto& [each, channels] : wanted)
                        for (const std::string& n : channels)
                            if (on_server.contains(n)) {
                                may_be_told.insert(each);
                                if (b.is_ready(each))
                                    must_be_told.insert(each);
                            }
                    on_server.clear();
                    asked.clear();
                    b.lost();
                }
                break;
            }
            for (auto& [each, channels] : wanted)
                if (channels.empty()) {
                    may_be_told.erase(each);
                    must_be_told.erase(each);
                }
            told();
            for (const auto& [each, channels] : wanted)
                REQUIRE((!b.is_ready(each) || is_ready(each)));
        }
        for (int rounds = 0; rounds < 40; ++rounds) {
            answer(true);
            b.retry_failed();
            ask();
        }
        told();
        CHECK(must_be_told.empty());
        channel_set all;
        for (const auto& [each, channels] : wanted) {
            all.insert(channels.begin(), channels.end());
            CHECK(b.is_ready(each));
            for (const std::string& n : channels)
                CHECK(b.listeners(n).contains(each));
        }
        CHECK(on_server == all);
        CHECK(b.listened() == all.size());
    }
}

TEST_SUITE_END();

} // namespace weir::pgwire
