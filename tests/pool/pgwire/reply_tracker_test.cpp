#include "pool/pgwire/reply_tracker.hpp"
#include "tests/support/wire.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: reply tracker");

using namespace test::wire;

namespace {

statement_ptr statement(std::string_view tail)
{
    return std::make_shared<prepared_statement>(prepared_statement{std::string(tail), {}});
}

// A tracker with a client's names, and what came of the bytes that it was shown.
struct lease {
    lease() { tracker.attach(names); }

    // What the client gets of it.
    std::string hear(std::string_view words)
    {
        std::string out;
        while (!words.empty()) {
            const reply r = tracker.next(as_bytes(words));
            last = r.kind;
            if (r.kind == reply_kind::need_more || r.kind == reply_kind::malformed)
                return out;
            REQUIRE(r.size > 0);
            REQUIRE(r.size <= words.size());
            if (r.kind == reply_kind::replace)
                out += r.bytes;
            else if (r.kind == reply_kind::forward ||
                     (r.for_client &&
                      (r.kind == reply_kind::parameter || r.kind == reply_kind::failure)))
                out += words.substr(0, r.size);
            if (r.kind == reply_kind::failure || r.kind == reply_kind::parameter) {
                name = r.name;
                value = r.value;
                for_client = r.for_client;
            }
            words.remove_prefix(r.size);
        }
        return out;
    }

    prepared_statements names;
    reply_tracker tracker;
    reply_kind last{};
    std::string name;
    std::string value;
    bool for_client = false;
};

} // namespace

TEST_CASE("a server is free when every answer has arrived and the last ReadyForQuery says I")
{
    lease l;
    CHECK(l.tracker.settled());
    l.tracker.expect(request::query);
    CHECK(l.tracker.owes());
    l.hear(row_description() + row("1") + complete("SELECT 1"));
    CHECK_FALSE(l.tracker.settled());
    l.hear(ready('T'));
    CHECK_FALSE(l.tracker.owes());
    CHECK_FALSE(l.tracker.settled());
    CHECK(l.tracker.transaction_status() == 'T');
    l.tracker.expect(request::query);
    l.tracker.expect(request::query);
    l.hear(complete("COMMIT") + ready('I'));
    CHECK_FALSE(l.tracker.settled());
    l.hear(complete("SELECT 1") + ready('I'));
    CHECK(l.tracker.settled());
}

TEST_CASE("the answer to one query is one run of bytes, and so is that to one Sync")
{
    lease l;
    const std::string rows = row_description() + row("1") + complete("SELECT 1");
    l.tracker.expect(request::query);
    const std::string simple = rows + ready();
    const reply r = l.tracker.next(as_bytes(simple));
    CHECK(r.kind == reply_kind::forward);
    CHECK(r.size == simple.size());
    CHECK(r.ends_transaction);
    CHECK(l.tracker.settled());

    for (const request what :
         {request::parse, request::bind, request::describe_portal, request::execute, request::sync})
        l.tracker.expect(what);
    const std::string extended = parse_complete() + bind_complete() + rows + ready();
    CHECK(l.tracker.next(as_bytes(extended)).size == extended.size());
    CHECK(l.tracker.settled());
}

TEST_CASE("a run ends where words of weir's, or somebody else's, have their place")
{
    lease l;
    const std::string simple = complete("SELECT 1") + ready();
    const std::size_t before_ready = simple.size() - ready().size();
    SUBCASE("notifications come before the ReadyForQuery")
    {
        channel_journal journal;
        l.tracker.expect(request::query);
        l.tracker.report_to(journal);
        CHECK(l.tracker.next(as_bytes(simple)).size == before_ready);
    }
    SUBCASE("the next request is weir's own")
    {
        l.tracker.expect(request::parse);
        l.tracker.expect_swallowed(request::parse);
        const std::string both = parse_complete() + parse_complete();
        CHECK(l.tracker.next(as_bytes(both)).size == parse_complete().size());
    }
    SUBCASE("a tag that says something of the session")
    {
        l.tracker.expect(request::query);
        const std::string set = row("1") + complete("SET") + ready();
        CHECK(l.tracker.next(as_bytes(set)).size == row("1").size());
    }
    SUBCASE("a transaction goes on")
    {
        l.tracker.expect(request::query);
        const std::string open = complete("SELECT 1") + ready('T');
        CHECK(l.tracker.next(as_bytes(open)).size == before_ready);
    }
}

TEST_CASE("answers without a Sync do not free a server: it is in the middle of a transaction")
{
    lease l;
    l.tracker.expect(request::parse);
    CHECK(l.tracker.needs_sync());
    l.hear(parse_complete());
    CHECK_FALSE(l.tracker.owes());
    CHECK_FALSE(l.tracker.settled());
    CHECK(l.tracker.needs_sync());
    l.tracker.expect(request::sync);
    CHECK_FALSE(l.tracker.needs_sync());
    l.hear(ready());
    CHECK(l.tracker.settled());
}

TEST_CASE("after an error the server ignores all up to the Sync, and the books do too")
{
    lease l;
    l.tracker.expect(request::bind);
    l.tracker.expect(request::execute);
    CHECK(l.hear(failure("26000", "no")) == failure("26000", "no"));
    CHECK(l.tracker.ignores_until_sync());
    CHECK(l.tracker.needs_sync());
    CHECK_FALSE(l.tracker.owes());
    CHECK_FALSE(l.tracker.expect(request::execute));
    CHECK(l.tracker.expect(request::sync));
    CHECK_FALSE(l.tracker.ignores_until_sync());
    l.hear(ready());
    CHECK(l.tracker.settled());
}

TEST_CASE("NoticeResponse, NotificationResponse and ParameterStatus may come at any time")
{
    const std::string words = failure("00000", "n", severity::notice) + notification("c") +
                              parameter_status("TimeZone", "CET");
    lease l;
    l.tracker.pass_notifications();
    CHECK(l.hear(words) == words);
    CHECK(l.name == "TimeZone");
    CHECK(l.value == "CET");
    l.tracker.expect(request::query);
    CHECK(l.hear(words + row_description() + words + row("1") + words + complete("SELECT 1") +
                 words + ready() + words) == words + row_description() + words + row("1") + words +
                                                 complete("SELECT 1") + words + ready() + words);
    CHECK(l.tracker.settled());
}

TEST_CASE("a LISTEN that an earlier client left behind is not the next one's to hear of")
{
    const std::string words = notification(std::string(8'000, 'c'));
    for (const std::size_t cut : {header_size, header_size + 1, words.size() - 1, words.size()}) {
        CAPTURE(cut);
        lease l;
        l.tracker.expect(request::query);
        std::string heard;
        for (const std::string& piece :
             {complete("SELECT 1"), words.substr(0, cut), words.substr(cut), ready()})
            heard += l.hear(piece);
        CHECK(heard == complete("SELECT 1") + ready());
        CHECK(l.tracker.has_touched());
    }
    lease l;
    l.tracker.detach();
    CHECK(l.hear(words) == "");
    prepared_statements others;
    l.tracker.attach(others);
    CHECK(l.tracker.has_touched()); // so it is reset after this client, which has not heard of it
    l.tracker.detach();
    l.tracker.attach(others);
    CHECK_FALSE(l.tracker.has_touched());
}

TEST_CASE("a LISTEN that reaches a pooled server has no effect, and its client is warned")
{
    lease l;
    l.tracker.expect(request::query);
    const std::string heard = l.hear(complete("LISTEN") + ready());
    CHECK(heard.starts_with("N"));
    CHECK(heard.find("01000") != std::string::npos);
    CHECK(heard.ends_with(complete("LISTEN") + ready()));
}

TEST_CASE("the ReadyForQuery behind a NOTIFY says so, once its transaction is over")
{
    prepared_statements names;
    reply_tracker tracker;
    tracker.attach(names);
    const auto notified = [&](std::string_view words) {
        bool found = false;
        while (!words.empty()) {
            const reply r = tracker.next(as_bytes(words));
            found = r.has_notified;
            words.remove_prefix(r.size);
        }
        return found;
    };
    tracker.expect(request::query);
    CHECK(notified(complete("NOTIFY") + ready()));
    tracker.expect(request::query);
    CHECK_FALSE(notified(complete("SELECT 1") + ready()));
    tracker.expect(request::query);
    tracker.expect_notifications(); // SELECT pg_notify(...)
    tracker.expect(request::query);
    CHECK_FALSE(notified(complete("SELECT 1") + ready('T')));
    CHECK(notified(complete("COMMIT") + ready()));
    tracker.expect(request::query);
    tracker.expect_notifications();
    CHECK_FALSE(notified(failure("42883", "no such function") + ready()));
}

TEST_CASE("what weir asked is not the client's to see, but its errors are reported")
{
    lease l;
    l.tracker.expect_swallowed(request::query);
    l.tracker.expect(request::query);
    const std::string replay = complete("SET") + parameter_status("TimeZone", "CET") + ready();
    CHECK(l.hear(replay + complete("SELECT 1") + ready()) == complete("SELECT 1") + ready());
    CHECK(l.name == "TimeZone");
    CHECK_FALSE(l.for_client);
    CHECK(l.tracker.touched().empty()); // weir's own SET is accounted for

    l.tracker.expect_swallowed(request::query);
    CHECK(l.hear(failure("22023", "bad setting") + ready()) == "");
    CHECK(l.value == "22023");
    CHECK_FALSE(l.for_client);
}

TEST_CASE("the text behind a name that fails is the client's error")
{
    lease l;
    l.tracker.expect_swallowed(request::parse);
    l.tracker.expect(request::bind);
    l.tracker.expect(request::sync);
    const std::string words = failure("42P01", "no such table") + ready();
    CHECK(l.hear(words) == words);
}

TEST_CASE("a poisoned request fails with weir's words")
{
    lease l;
    l.tracker.expect(request::parse);
    l.tracker.expect_poisoned(request::parse, {"0A000", "first"});
    l.tracker.expect_poisoned(request::parse, {"0A000", "skipped"});
    l.tracker.expect(request::sync);
    l.tracker.expect_poisoned(request::query, {"0A000", "second"});
    CHECK(l.hear(parse_complete() + failure("42601", "syntax error") + ready()) ==
          parse_complete() + failure("0A000", "first") + ready());
    CHECK(l.hear(failure("42601", "syntax error") + ready()) ==
          failure("0A000", "second") + ready());
    CHECK(l.tracker.settled());
}

TEST_CASE("an error when nothing is owed is the server's farewell")
{
    lease l;
    const std::string words = failure("57P01", "shutting down", severity::fatal);
    SUBCASE("to a client in a transaction")
    {
        l.tracker.expect(request::query);
        l.hear(complete("BEGIN") + ready('T'));
        CHECK(l.hear(words) == words);
        CHECK(l.for_client);
    }
    SUBCASE("to nobody")
    {
        CHECK(l.hear(words) == "");
        CHECK_FALSE(l.for_client);
    }
    CHECK(l.name == "FATAL");
    CHECK(l.value == "57P01");
}

TEST_CASE("what is not owed, or is not PostgreSQL, is malformed; what came before it is not lost")
{
    struct {
        std::string title;
        std::function<void(reply_tracker&)> sent;
        std::string good;
        std::string bad;
    } const cases[] = {
        {"a row for nobody", [](auto&) {}, "", row("1")},
        {"a second ReadyForQuery",
         [](auto& t) { t.expect(request::query); },
         complete("SELECT 1") + ready(),
         ready()},
        {"ReadyForQuery before the answer",
         [](auto& t) { t.expect(request::query); },
         row_description() + row("1"),
         ready()},
        {"ReadyForQuery before a function's result",
         [](auto& t) { t.expect(request::function_call); },
         "",
         ready()},
        {"ReadyForQuery before the Sync",
         [](auto& t) {
             t.expect(request::parse);
             t.expect(request::sync);
         },
         "",
         ready()},
        {"a status that does not exist", [](auto& t) { t.expect(request::sync); }, "", ready('X')},
        {"a status too many", [](auto& t) { t.expect(request::sync); }, "", frame('Z', "II")},
        {"no status", [](auto& t) { t.expect(request::sync); }, "", frame('Z')},
        {"BindComplete for a Parse",
         [](auto& t) { t.expect(request::parse); },
         "",
         bind_complete()},
        {"a completion with a body",
         [](auto& t) { t.expect(request::parse); },
         "",
         frame('1', "x")},
        {"a tag without its end", [](auto& t) { t.expect(request::query); }, "", frame('C', "SEL")},
        {"a tag that is none",
         [](auto& t) { t.expect(request::query); },
         "",
         complete(std::string(70'000, 'x'))},
        {"a parameter without a value", [](auto&) {}, "", frame('S', text("TimeZone"))},
        {"COPY BOTH", [](auto& t) { t.expect(request::query); }, "", frame('W', number(0, 3))},
        {"PortalSuspended in a simple query",
         [](auto& t) { t.expect(request::query); },
         "",
         suspended()},
        {"a password request", [](auto& t) { t.expect(request::query); }, "", frame('R')},
        {"a type that does not exist", [](auto& t) { t.expect(request::query); }, "", frame('\0')},
        {"a length of three",
         [](auto& t) { t.expect(request::query); },
         row_description(),
         std::string{"D\0\0\0\3", 5}},
        {"a length of 2 GB",
         [](auto& t) { t.expect(request::query); },
         row_description(),
         "D\x7f\xff\xff\xff"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.title);
        lease l;
        c.sent(l.tracker);
        CHECK(l.hear(c.good + c.bad) == c.good);
        CHECK(l.last == reply_kind::malformed);
    }
}

TEST_CASE("an error text of any size streams, and is judged by its head")
{
    const std::string large = failure("22000", std::string(500'000, 'x'));
    for (const std::size_t piece : {std::size_t{1'000}, std::size_t{65'536}, large.size()}) {
        CAPTURE(piece);
        for (const bool poisoned : {false, true}) {
            lease l;
            if (poisoned)
                l.tracker.expect_poisoned(request::query, {"0A000", "refused"});
            else
                l.tracker.expect(request::query);
            std::string heard;
            std::string held;
            for (std::size_t at = 0; at < large.size(); at += piece) {
                held += large.substr(at, piece);
                heard += l.hear(held);
                if (l.last != reply_kind::need_more)
                    held.clear();
            }
            heard += l.hear(held + ready());
            CHECK(heard == (poisoned ? failure("0A000", "refused") : large) + ready());
            CHECK(l.value == (poisoned ? "" : "22000"));
            CHECK(l.tracker.settled());
        }
    }
}

TEST_CASE("rows larger than any buffer stream through, and nothing is settled before their end")
{
    lease l;
    l.tracker.expect(request::query);
    const std::string large = row(std::string(300'000, 'x'));
    CHECK(l.hear(row_description() + large.substr(0, 100)) ==
          row_description() + large.substr(0, 100));
    CHECK(l.tracker.owes());
    CHECK(l.hear(large.substr(100)) == large.substr(100));
    l.hear(complete("SELECT 1") + ready());
    CHECK(l.tracker.settled());
}

TEST_CASE("nobody reads the answers any more: all that come are swallowed")
{
    lease l;
    l.tracker.expect_change(request::parse, "a", statement("x"));
    l.tracker.expect_poisoned(request::parse, {"0A000", "no"});
    l.tracker.expect(request::sync);
    l.tracker.expect(request::query);
    CHECK(l.hear(parse_complete()) == parse_complete());
    l.tracker.detach();
    CHECK(l.hear(failure("42601", "syntax error") + ready() + notification("c") +
                 row_description() + row("1") + parameter_status("TimeZone", "CET") +
                 complete("DISCARD ALL") + ready('T')) == "");
    CHECK_FALSE(l.tracker.owes());
    CHECK(l.names.find("a") != nullptr); // nobody touches what may be gone
    l.tracker.expect_swallowed(request::query);
    CHECK(l.hear(complete("ROLLBACK") + ready()) == "");
    CHECK(l.tracker.settled());
    prepared_statements others;
    l.tracker.attach(others);
    CHECK(l.tracker.unnamed() == reply_tracker::slot::unknown);
}

TEST_CASE("a row that was cut by its client's leaving is swallowed to its end")
{
    lease l;
    l.tracker.expect(request::query);
    const std::string large = row(std::string(1'000, 'x'));
    l.hear(large.substr(0, 100));
    l.tracker.detach();
    CHECK(l.hear(large.substr(100) + complete("SELECT 1") + ready()) == "");
    CHECK(l.tracker.settled());
}

TEST_CASE("inside a message that its client has begun to read there is no room for words")
{
    lease l;
    l.tracker.expect(request::query);
    CHECK_FALSE(l.tracker.is_mid_answer());
    l.hear(row("a value").substr(0, 9));
    CHECK(l.tracker.is_mid_answer());
    l.hear(row("a value").substr(9));
    CHECK_FALSE(l.tracker.is_mid_answer());
}

TEST_CASE("a COPY takes the Syncs that were sent before it was known, and ends with the first else")
{
    lease l;
    l.tracker.expect(request::execute);
    l.tracker.expect(request::sync);
    SUBCASE("libpq: Sync right after Execute, then the data")
    {
        l.hear(copy_in());
        CHECK(l.tracker.copying_in());
        CHECK(l.tracker.needs_sync());
        CHECK_FALSE(l.tracker.expect(request::copy_end));
        CHECK_FALSE(l.tracker.copying_in());
        l.tracker.expect(request::sync);
        l.hear(complete("COPY 1") + ready());
    }
    SUBCASE("all of it before the server's word")
    {
        l.tracker.expect(request::copy_end);
        l.tracker.expect(request::sync);
        l.hear(copy_in());
        CHECK_FALSE(l.tracker.copying_in());
        l.hear(complete("COPY 1") + ready());
    }
    SUBCASE("it failed before it began")
    {
        l.tracker.expect(request::copy_end);
        l.tracker.expect(request::sync);
        l.hear(failure("42P01", "no such table") + ready());
        CHECK_FALSE(l.tracker.settled());
        l.hear(ready());
    }
    CHECK(l.tracker.settled());
}

TEST_CASE("a COPY that fails when its next Sync is on the way")
{
    lease l;
    l.tracker.expect(request::execute);
    l.hear(copy_in());
    l.hear(failure("22P04", "bad data"));
    CHECK_FALSE(l.tracker.copying_in());
    CHECK_FALSE(l.tracker.expect(request::copy_end)); // late
    l.tracker.expect(request::sync);
    l.hear(ready());
    CHECK(l.tracker.settled());
}

TEST_CASE("what the words did not say, the tags do")
{
    struct {
        std::string tag;
        statement_trait trait;
        bool touched;
    } const cases[] = {
        {"SET", statement_trait::plain, true},
        {"SET", statement_trait::accounted, false},
        {"SET CONSTRAINTS", statement_trait::plain, false},
        {"RESET", statement_trait::plain, true},
        {"RESET", statement_trait::accounted, false},
        {"DISCARD PLANS", statement_trait::plain, false},
        {"DECLARE CURSOR", statement_trait::plain, false},
        {"DECLARE CURSOR", statement_trait::unseen, true},
        {"LISTEN", statement_trait::plain, true},
        {"LOAD", statement_trait::plain, true},
        {"PREPARE", statement_trait::plain, true},
        {"PREPARE TRANSACTION", statement_trait::plain, false},
        {"SELECT 1", statement_trait::plain, false},
        {"SELECT 1", statement_trait::unseen, true},
        {"INSERT 0 1", statement_trait::unseen, false},
        {"CREATE TABLE", statement_trait::unseen, true},
        {"DO", statement_trait::unseen, true},
        {"ROLLBACK", statement_trait::plain, false},
        {"LOCK TABLE", statement_trait::plain, false},
        {"", statement_trait::plain, false},
    };
    for (const auto& c : cases) {
        CAPTURE(c.tag);
        lease l;
        l.tracker.expect(request::query, c.trait);
        l.hear(complete(c.tag) + ready());
        CHECK(l.tracker.touched().empty() != c.touched);
        CHECK_FALSE(l.tracker.take_settings_reset());
    }
}

TEST_CASE("RESET ALL counts when its transaction does")
{
    lease l;
    SUBCASE("by itself")
    {
        l.tracker.expect(request::query, statement_trait::reset_all);
        l.hear(complete("RESET") + ready());
        CHECK(l.tracker.touched().empty());
        CHECK(l.tracker.take_settings_reset());
        CHECK_FALSE(l.tracker.take_settings_reset());
    }
    SUBCASE("DISCARD ALL, in either protocol")
    {
        l.tracker.expect(request::execute, statement_trait::reset_all);
        l.tracker.expect(request::sync);
        l.hear(complete("DISCARD ALL") + ready());
        CHECK(l.tracker.touched().empty());
        CHECK(l.tracker.take_settings_reset());
    }
    SUBCASE("among others that fail")
    {
        l.tracker.expect(request::query, statement_trait::reset_all);
        l.hear(complete("RESET") + failure("22012", "division by zero") + ready());
        CHECK_FALSE(l.tracker.take_settings_reset());
    }
    SUBCASE("in a transaction")
    {
        l.tracker.expect(request::query);
        l.tracker.expect(request::query, statement_trait::reset_all);
        l.tracker.expect(request::query);
        l.hear(complete("BEGIN") + ready('T') + complete("RESET") + ready('T') +
               complete("ROLLBACK") + ready());
        CHECK_FALSE(l.tracker.take_settings_reset());
        CHECK(l.tracker.touched().any_setting);
    }
    SUBCASE("in a pipeline")
    {
        l.tracker.expect(request::execute, statement_trait::reset_all);
        l.tracker.expect(request::execute);
        l.tracker.expect(request::sync);
        l.hear(complete("RESET") + failure("22012", "division by zero") + ready());
        CHECK_FALSE(l.tracker.take_settings_reset());
        CHECK(l.tracker.touched().any_setting);
    }
}

TEST_CASE("what a request may do is known from when it is sent, until it is taken")
{
    lease l;
    l.tracker.expect(request::query);
    l.tracker.touch({.settings = {"search_path"}, .begins = state_kind::advisory_locks});
    l.tracker.touch({.settings = {"search_path", "work_mem"}});
    l.hear(failure("22012", "division by zero") + ready());
    const session_effects touched = l.tracker.take_touched();
    CHECK(touched.settings == std::vector<std::string>{"search_path", "work_mem"});
    CHECK(touched.begins == state_set{state_kind::advisory_locks});
    CHECK(l.tracker.touched().empty());
}

TEST_CASE("the rows that weir asked for are told, whole")
{
    const std::string words = row_description() + row("1") + row("2") + complete("SELECT 2");
    for (std::size_t cut = 0; cut < words.size(); ++cut) {
        CAPTURE(cut);
        lease l;
        l.tracker.expect_inventory();
        std::string held = words.substr(0, cut);
        unsigned rows = 0;
        for (bool is_all = false;;) {
            const reply r = l.tracker.next(as_bytes(held));
            REQUIRE(r.kind != reply_kind::malformed);
            REQUIRE(r.kind != reply_kind::forward);
            rows += r.kind == reply_kind::row;
            held.erase(0, r.size);
            if (!held.empty() && r.kind != reply_kind::need_more)
                continue;
            if (std::exchange(is_all, true))
                break;
            held += words.substr(cut) + ready();
        }
        CHECK(rows == 2);
        CHECK(l.tracker.settled());
    }
}

TEST_SUITE_END();

} // namespace weir::pgwire
