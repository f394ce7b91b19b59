#include "tests/support/shared_server.hpp"
#include "tests/support/wire.hpp"

#include <doctest/doctest.h>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: session");

using namespace test::wire;
using test::fake_postgres;
using test::shared_server;

namespace {

// What a client of its own server would hear.
std::string direct(std::string_view bytes)
{
    fake_postgres server;
    server.receive(bytes);
    return server.take();
}

std::string row_of(std::string_view value)
{
    return bind_complete() + row(value) + complete("SELECT 1") + ready();
}

std::string does_not_exist(std::string_view name)
{
    return failure("26000", "prepared statement \"" + std::string(name) + "\" does not exist");
}

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

} // namespace

TEST_CASE("a simple query goes up as it is, and its answer comes down as it is")
{
    shared_server s;
    CHECK(s.ask(0, query("SELECT 1")) == direct(query("SELECT 1")));
    CHECK(s.sent_up() == query("SELECT 1"));
    CHECK(s.is_free());
    CHECK(s.session(0).queries() == 1);
}

TEST_CASE("conversations without names are no different with weir between")
{
    for (const std::string& words : {
             query(""),
             query("BOOM"),
             query("SYNTAX"),
             query("SELECT 1; SELECT 2; BOOM; SELECT 3"),
             query("BEGIN") + query("SELECT 1") + query("COMMIT"),
             query("BEGIN") + query("BOOM") + query("SELECT 1") + query("ROLLBACK"),
             query("NOTICE") + query("NOTIFY"),
             query("COPY OUT"),
             query("COPY IN") + copy_data("x") + copy_data("y") + copy_done(),
             query("COPY IN") + copy_data("x") + copy_fail("no more"),
             query("COPY IN; SELECT 1; COPY IN") + copy_done() + copy_data("x") + copy_done(),
             query("COPY IN") + copy_done() + query("SELECT 1"),
             query("COPY IN") + copy_data("bad") + copy_data("late") + copy_done(),
             query("COPY IN") + sync() + flush() + copy_done(),
             parse("", "SELECT 1") + run(""),
             parse("", "SELECT 1") + describe_statement("") + run(""),
             parse("", "INSERT") + bind_statement("") + describe_portal() + execute() + sync(),
             parse("", "ROWS 3") + bind_statement("") + execute("", 2) + execute("", 2) + sync(),
             parse("", "SELECT 1") + bind_statement("", "p") + describe_portal("p") + execute("p") +
                 close_portal("p") + execute("p") + sync(),
             parse("", "") + run(""),
             parse("", "SYNTAX") + run("") + query("SELECT 1"),
             parse("", "BOOM") + run("") + run(""),
             parse("", "SELECT 1") + sync() + run(""),
             parse("", "SELECT 1") + sync() + query("") + run(""),
             parse("", "SELECT 1") + close_statement("") + run(""),
             bind_statement("") + sync(),
             describe_statement("") + sync(),
             describe_portal("p") + sync(),
             execute("p") + sync(),
             close_statement("never") + close_portal("never") + sync(),
             parse("", "COPY IN") + run("") + copy_data("x") + copy_done() + sync(),
             parse("", "COPY IN") + bind_statement("") + execute() + copy_data("x") + copy_done() +
                 sync(),
             parse("", "COPY IN") + run("") + copy_data("bad") + copy_data("late") + copy_done() +
                 sync() + query("SELECT 1"),
             parse("", "COPY IN") + run("") + copy_fail("no") + sync(),
             parse("", "COPY OUT") + run(""),
             function_call(),
             query("BEGIN") + query("BOOM") + function_call(),
             sync(),
             sync() + sync(),
             flush() + sync(),
             query("SET timezone = 'CET'") + query("SELECT 1"),
             query("SET LOCAL timezone = 'CET'"),
             query("BEGIN") + query("SET LOCAL timezone = 'CET'") + query("COMMIT"),
             query("BEGIN") + query("SET timezone = 'CET'") + query("ROLLBACK"),
             query("SET timezone = 'wrong'"),
         }) {
        CAPTURE(words);
        shared_server s;
        CHECK(s.ask(0, words) == direct(words));
        CHECK_FALSE(s.is_broken());
        CHECK_FALSE(s.server().has_seen_a_name());
        CHECK(s.is_free() == (s.server().transaction_status() == 'I'));
    }
}

TEST_CASE("a named statement works, and the server never hears the name")
{
    shared_server s;
    CHECK(s.ask(0, parse("a", "SELECT 1") + sync()) == parse_complete() + ready());
    CHECK(s.ask(0, run("a")) == row_of("1"));
    CHECK(s.ask(0, describe_statement("a") + sync()) ==
          parameter_description() + row_description() + ready());
    CHECK(s.ask(0, bind_statement("a", "p") + describe_portal("p") + execute("p") + sync()) ==
          bind_complete() + row_description() + row("1") + complete("SELECT 1") + ready());
    CHECK_FALSE(s.server().has_seen_a_name());
    CHECK(s.session(0).names().count() == 1);
}

TEST_CASE("a Bind keeps its parameters, formats and portal when its statement is renamed")
{
    shared_server s;
    s.ask(0, parse("a", "SELECT 1") + sync());
    const std::string with_parameters =
        frame('B',
              text("portal") + text("a") + number(1, 2) + number(0, 2) + number(2, 2) +
                  number(3, 4) + "one" + number(0xffff'ffff, 4) + number(1, 2) + number(0, 2));
    CHECK(s.ask(0, with_parameters + execute("portal") + sync()) == row_of("1,one"));
}

TEST_CASE("a statement is sent again only when the server's slot holds another")
{
    shared_server s;
    s.ask(0, parse("a", "SELECT 1") + parse("b", "SELECT 2") + query("BEGIN"));
    s.ask(0, run("a"));
    s.forget_what_was_sent();
    s.ask(0, run("a"));
    CHECK(s.sent_up().find('P') == std::string::npos);
    s.ask(0, run("b"));
    CHECK(s.sent_up().find('P') != std::string::npos);
}

TEST_CASE("a name that exists cannot be parsed again, as with PostgreSQL; the name keeps its text")
{
    shared_server s;
    s.ask(0, parse("a", "SELECT 1") + sync());
    CHECK(s.ask(0, parse("a", "SELECT 2") + run("a")) ==
          failure("42P05", "prepared statement \"a\" already exists") + ready());
    CHECK(s.ask(0, run("a")) == row_of("1"));
    CHECK(s.ask(0, close_statement("a") + parse("a", "SELECT 2") + run("a")) ==
          close_complete() + parse_complete() + row_of("2"));
}

TEST_CASE("what is wrong with a text is said before the name that it would have had is in use")
{
    for (const std::string& words :
         {parse("a", "SYNTAX") + sync(),
          query("BEGIN") + query("BOOM") + parse("a", "SELECT 2") + sync() + query("ROLLBACK")}) {
        CAPTURE(words);
        shared_server s;
        const std::string before = parse("a", "SELECT 1") + sync();
        s.ask(0, before);
        CHECK(before + s.ask(0, words) == before + direct(words));
        CHECK(s.ask(0, run("a")) == row_of("1"));
    }
}

TEST_CASE("a name that does not exist is refused in the server's words")
{
    shared_server s;
    for (const std::string& words : {run("nope"), describe_statement("nope") + sync()}) {
        CHECK(s.ask(0, words) == direct(words));
        CHECK(s.is_free());
    }
}

TEST_CASE("the unnamed statement that a client parsed is still there")
{
    shared_server s{2};
    CHECK(s.ask(0, parse("", "SELECT mine") + sync()) == parse_complete() + ready());
    SUBCASE("after weir used the slot for a name")
    {
        s.ask(0, parse("a", "SELECT 1") + sync());
        s.ask(0, run("a"));
    }
    SUBCASE("after another client parsed its own")
    {
        s.ask(1, parse("", "SELECT theirs") + sync());
    }
    SUBCASE("after another client ran a simple query, which empties the slot")
    {
        s.ask(1, query("SELECT 2"));
    }
    SUBCASE("after the server was reset")
    {
        s.ask(1, query("LISTEN x"));
        CHECK(s.resets() == 1);
    }
    SUBCASE("after an error of its own")
    {
        s.ask(0, run("nope"));
        s.ask(0, parse("a", "SYNTAX") + sync());
    }
    CHECK(s.ask(0, run("")) == row_of("mine"));
    CHECK(s.ask(0, describe_statement("") + sync()) ==
          parameter_description() + row_description() + ready());
}

TEST_CASE("the unnamed statement is gone after a simple query, wherever that went")
{
    for (const std::string& words : {query("SELECT 1"),
                                     query(""),
                                     query("BOOM"),
                                     query("DEALLOCATE a"),
                                     query("DEALLOCATE ALL"),
                                     query("PREPARE x AS SELECT 1")}) {
        CAPTURE(words);
        for (const bool in_transaction : {false, true}) {
            CAPTURE(in_transaction);
            shared_server s;
            s.ask(0, parse("a", "SELECT 1") + sync());
            if (in_transaction)
                s.ask(0, parse("", "BEGIN") + run(""));
            s.ask(0, parse("", "SELECT mine") + sync());
            s.ask(0, words);
            if (s.replies().transaction_status() == 'E')
                s.ask(0, query("ROLLBACK"));
            CHECK(has(s.ask(0, run("")), does_not_exist("")));
        }
    }
}

TEST_CASE("a client never runs another's unnamed statement")
{
    shared_server s{2};
    s.ask(0, parse("", "SELECT theirs") + sync());
    CHECK(s.ask(1, run("")) == does_not_exist("") + ready());
    s.ask(0, run(""));
    CHECK(s.ask(1, describe_statement("") + sync()) == does_not_exist("") + ready());
    s.ask(1, query("BEGIN"));
    CHECK(has(s.ask(1, run("")), does_not_exist("")));
}

TEST_CASE("a Parse that fails defines nothing, and an unnamed one drops what was there")
{
    shared_server s;
    s.ask(0, parse("", "SELECT 1") + sync());
    CHECK(has(s.ask(0, parse("a", "SYNTAX") + sync()), "42601"));
    CHECK(has(s.ask(0, run("a")), "26000"));
    CHECK(s.ask(0, run("")) == row_of("1"));
    s.ask(0, parse("", "SYNTAX") + sync());
    CHECK(s.ask(0, run("")) == does_not_exist("") + ready());
}

TEST_CASE("names that a batch defined behind an error are taken back")
{
    shared_server s;
    s.ask(0, parse("old", "SELECT old") + sync());
    CHECK(s.ask(0,
                parse("a", "SELECT a") + parse("", "SYNTAX") + parse("b", "SELECT b") +
                    close_statement("old") + sync()) ==
          parse_complete() + failure("42601", "syntax error") + ready());
    CHECK(s.ask(0, run("a")) == row_of("a")); // in front of the error
    CHECK(has(s.ask(0, run("b")), "26000"));
    CHECK(s.ask(0, run("old")) == row_of("old"));
}

TEST_CASE("a batch that is skipped leaves a later one's change of the same name alone")
{
    shared_server s;
    s.hold_the_line();
    s.client_sends(0, bind_statement("nope") + parse("a", "SELECT first") + sync());
    SUBCASE("closed and defined anew")
    {
        s.client_sends(0, close_statement("a") + parse("a", "SELECT second") + sync());
        s.let_go_of_the_line();
        s.run();
        CHECK(s.ask(0, run("a")) == row_of("second"));
    }
    SUBCASE("closed, and the new definition skipped as well")
    {
        s.client_sends(0,
                       bind_statement("nope") + close_statement("a") + parse("a", "SELECT second") +
                           sync());
        s.let_go_of_the_line();
        s.run();
        CHECK(has(s.ask(0, run("a")), "26000"));
    }
}

TEST_CASE("what a name means behind a Sync hangs on what the server has made of all before it")
{
    const std::string wrong = bind_statement("nope");
    for (const std::string& words : {
             wrong + parse("a", "SELECT 2") + sync() + run("a"),
             wrong + parse("a", "SELECT 2") + sync() + describe_statement("a") + sync(),
             wrong + parse("a", "SELECT 2") + sync() + parse("a", "SELECT 3") + run("a"),
             wrong + close_statement("old") + sync() + run("old"),
             wrong + close_statement("old") + sync() + parse("old", "SELECT 3") + sync(),
             wrong + close_statement("old") + sync() + close_statement("old") + sync() + run("old"),
             wrong + parse("a", "SELECT 2") + sync() + query("DEALLOCATE a"),
             wrong + parse("a", "SELECT 2") + sync() + parse("", "DEALLOCATE a") + run(""),
             wrong + parse("", "SELECT 2") + sync() + run(""),
             parse("", "SELECT 2") + sync() + wrong + query("SELECT 3") + sync() + run(""),
             parse("", "SELECT 2") + sync() + wrong + close_statement("") + sync() +
                 query("SELECT 3") + run(""),
             query("BEGIN") + query("BOOM") + query("DEALLOCATE old") + query("ROLLBACK") +
                 run("old"),
             query("DEALLOCATE ALL") + run("old"),
             query("DEALLOCATE ALL") + parse("old", "SELECT 3") + run("old"),
             query("SELECT 1; DISCARD ALL") + parse("old", "SELECT 3") + run("old"),
             parse("", "DEALLOCATE ALL") + run("") + parse("old", "SELECT 3") + run("old"),
             query("COPY IN") + run(""),
         }) {
        CAPTURE(words);
        shared_server s{2};
        fake_postgres alone;
        const std::string before = parse("old", "SELECT old") + sync();
        s.ask(0, before);
        alone.receive(before);
        alone.take();
        s.hold_the_line(); // so that all is judged before anything is answered
        s.client_sends(0, words);
        s.let_go_of_the_line();
        s.run();
        alone.receive(words);
        CHECK(s.heard(0) == alone.take());
    }
}

TEST_CASE("a long pipeline of names is sent as it comes")
{
    shared_server s;
    std::string words;
    for (int i = 0; i < 200; ++i) {
        const std::string name = std::to_string(i);
        words += parse(name, "SELECT 1") + run(name);
    }
    s.hold_the_line();
    s.client_sends(0, words);
    CHECK_FALSE(s.is_waiting(0));
    s.let_go_of_the_line();
    s.run();
    CHECK(s.heard(0) == direct(words));
}

TEST_CASE("after a skipped Parse the slot holds something else than its statement")
{
    shared_server s{2};
    s.ask(1, parse("", "SELECT theirs") + sync());
    s.ask(0, parse("a", "SELECT a") + sync());
    // All in one write: when the last Bind is judged nobody knows yet that the Parse is skipped.
    SUBCASE("an unnamed one")
    {
        s.hold_the_line();
        s.client_sends(0, bind_statement("nope") + parse("", "SELECT mine") + sync() + run(""));
    }
    SUBCASE("a named one")
    {
        s.hold_the_line();
        s.client_sends(0, bind_statement("nope") + parse("b", "SELECT mine") + sync() + run("b"));
    }
    SUBCASE("a simple query that would have emptied it")
    {
        s.hold_the_line();
        s.client_sends(0, bind_statement("nope") + query("SELECT 1") + sync() + run(""));
    }
    SUBCASE("a Close that would have emptied it")
    {
        s.hold_the_line();
        s.client_sends(0, bind_statement("nope") + close_statement("") + sync() + run(""));
    }
    s.let_go_of_the_line();
    s.run();
    CHECK_FALSE(has(s.heard(0), "theirs"));
    CHECK_FALSE(has(s.heard(0), row("a")));
    CHECK(s.is_free());
}

TEST_CASE("what the server skips, weir does not send once it knows")
{
    shared_server s;
    s.ask(0, parse("", "BOOM") + bind_statement("") + execute() + flush());
    s.forget_what_was_sent();
    CHECK(s.ask(0, parse("a", "SELECT 1") + query("SELECT 2") + run("a")) == ready());
    CHECK(s.sent_up() == sync());
    CHECK(has(s.ask(0, run("a")), "26000"));
}

TEST_CASE("Close and DEALLOCATE forget a name, in every protocol and place")
{
    for (const bool in_transaction : {false, true}) {
        CAPTURE(in_transaction);
        for (const std::string& words : {
                 close_statement("a") + sync(),
                 query("DEALLOCATE a"),
                 query("deallocate prepare \"a\";"),
                 query("DEALLOCATE ALL"),
                 parse("", "DEALLOCATE a") + run(""),
                 parse("", "DEALLOCATE ALL") + run(""),
                 parse("d", "DEALLOCATE PREPARE a") + run("d"),
                 close_statement("a") + parse("d", "DEALLOCATE a") + parse("a", "SELECT 3") +
                     run("d"),
                 parse("", "DEALLOCATE a") + bind_statement("", "p") + execute("p") + sync(),
                 parse("", "DEALLOCATE a") + bind_statement("", "p") + parse("", "SELECT 1") +
                     bind_statement("") + execute("p") + execute("") + sync(),
             }) {
            CAPTURE(words);
            shared_server s;
            fake_postgres alone;
            const std::string before = parse("a", "SELECT 1") + parse("b", "SELECT 2") + sync() +
                                       (in_transaction ? query("BEGIN") : "");
            alone.receive(before);
            alone.take();
            s.ask(0, before);
            alone.receive(words);
            const std::string answer = s.ask(0, words);
            // The server that has the names is spelled as the fake spells them.
            if (!has(words, "\""))
                CHECK(answer == alone.take());
            CHECK(has(s.ask(0, run("a")), "26000"));
            if (in_transaction)
                s.ask(0, query("ROLLBACK"));
            CHECK(has(s.ask(0, run("b")), "26000") == has(words, " ALL"));
        }
    }
}

TEST_CASE("DEALLOCATE of a name that does not exist is an error, and a transaction fails by it")
{
    shared_server s;
    CHECK(s.ask(0, query("DEALLOCATE nope")) == does_not_exist("nope") + ready());
    CHECK(s.ask(0, parse("", "DEALLOCATE nope") + run("")) ==
          parse_complete() + bind_complete() + does_not_exist("nope") + ready());
    s.ask(0, query("BEGIN"));
    CHECK(s.ask(0, query("DEALLOCATE nope")) == does_not_exist("nope") + ready('E'));
}

TEST_CASE("a DEALLOCATE that the server refuses leaves the name")
{
    shared_server s;
    s.ask(0, parse("a", "SELECT 1") + sync() + query("BEGIN") + query("BOOM"));
    SUBCASE("in the simple protocol") { CHECK(has(s.ask(0, query("DEALLOCATE a")), "25P02")); }
    SUBCASE("in the extended protocol")
    {
        CHECK(has(s.ask(0, parse("", "DEALLOCATE a") + run("")), "25P02"));
    }
    SUBCASE("of all") { CHECK(has(s.ask(0, query("DEALLOCATE ALL")), "25P02")); }
    s.ask(0, query("ROLLBACK"));
    CHECK(s.ask(0, run("a")) == row_of("1"));
}

TEST_CASE("a DEALLOCATE whose portal is gone leaves the name")
{
    shared_server s;
    s.ask(0, parse("a", "SELECT 1") + query("BEGIN"));
    s.ask(0, parse("", "DEALLOCATE a") + bind_statement("", "p") + flush());
    CHECK(has(s.ask(0, close_portal("p") + execute("p") + sync()), "34000"));
    s.ask(0, query("ROLLBACK"));
    CHECK(s.ask(0, run("a")) == row_of("1"));
}

TEST_CASE("names defined right behind a DEALLOCATE ALL are not among those it forgets")
{
    for (const std::string& forget : {query("DEALLOCATE ALL"),
                                      query("DISCARD ALL"),
                                      query("DEALLOCATE ALL; SELECT 1"),
                                      parse("", "DEALLOCATE ALL") + run("")}) {
        CAPTURE(forget);
        shared_server s;
        s.ask(0, parse("a", "SELECT a") + parse("b", "SELECT b") + sync());
        s.ask(0, query("SELECT 1")); // it has to go through a server
        s.ask(0, forget + close_statement("a") + parse("a", "SELECT new") + sync());
        CHECK(s.ask(0, run("a")) == row_of("new"));
        CHECK(has(s.ask(0, run("b")), "26000"));
    }
}

TEST_CASE("a new definition that fails behind a DEALLOCATE ALL brings nothing back")
{
    shared_server s;
    s.ask(0, parse("a", "SELECT a") + sync());
    s.ask(0, query("BEGIN"));
    s.ask(0, query("DEALLOCATE ALL") + close_statement("a") + parse("a", "SYNTAX") + sync());
    s.ask(0, query("ROLLBACK"));
    CHECK(has(s.ask(0, run("a")), "26000"));
}

TEST_CASE("DISCARD ALL forgets the names and has the server reset")
{
    shared_server s;
    s.ask(0, parse("a", "SELECT 1") + sync());
    CHECK(s.ask(0, query("DISCARD ALL")) == complete("DISCARD ALL") + ready());
    CHECK(s.resets() == 1);
    CHECK(has(s.ask(0, run("a")), "26000"));
}

TEST_CASE("what concerns only names is answered without a server")
{
    shared_server s;
    s.refusal = error{"53300", "full"};
    CHECK(s.ask(0, query("DEALLOCATE ALL")) == complete("DEALLOCATE ALL") + ready());
    CHECK(s.ask(0, query("DEALLOCATE a")) == does_not_exist("a") + ready());
    CHECK(has(s.ask(0, query("PREPARE a AS SELECT 1")), "0A000"));
    CHECK(s.ask(0, sync()) == ready());
    CHECK(s.ask(0, flush() + copy_data("late") + copy_done() + copy_fail("late")) == "");
    CHECK(s.sent_up().empty());
}

TEST_CASE("a refused request is answered, and the client goes on")
{
    shared_server s;
    s.refusal = error{"53300", "full"};
    const std::string full = failure("53300", "full");
    SUBCASE("a simple query or a function call with ReadyForQuery")
    {
        CHECK(s.ask(0, query("SELECT 1")) == full + ready());
        CHECK(s.ask(0, function_call()) == full + ready());
    }
    SUBCASE("the extended protocol is skipped up to its Sync")
    {
        CHECK(s.ask(0, parse("a", "SELECT 1") + run("a")) == full + ready());
        CHECK(s.ask(0, bind_statement("a")) == full);
        CHECK(s.ask(0, query("SELECT 1") + function_call() + execute() + flush()) == "");
        CHECK(s.ask(0, sync()) == ready());
    }
    s.refusal.reset();
    CHECK(s.sent_up().empty());
    CHECK(has(s.ask(0, run("a")), "26000")); // a refused Parse defines nothing
    CHECK(s.ask(0, query("SELECT 1")) == direct(query("SELECT 1")));
}

TEST_CASE("a server is kept for Flush, and given back by Sync")
{
    shared_server s{2};
    CHECK(s.ask(0, parse("", "SELECT 1") + describe_statement("") + flush()) ==
          parse_complete() + parameter_description() + row_description());
    CHECK_FALSE(s.is_free());
    CHECK(s.ask(1, query("SELECT 2")) == "");
    CHECK(s.ask(0, run("")) == row_of("1"));
    s.run();
    CHECK(s.heard(1) == direct(query("SELECT 2")));
    CHECK(s.is_free());
}

TEST_CASE("CopyDone and the next Query in one write: the server stays until both are answered")
{
    shared_server s;
    CHECK(s.ask(0, query("COPY IN")) == copy_in());
    CHECK(s.ask(0, copy_done() + query("SELECT 1")) ==
          complete("COPY 1") + ready() + direct(query("SELECT 1")));
    CHECK(s.is_free());
}

TEST_CASE("a Sync in the middle of a COPY is not sent: the server would ignore it")
{
    shared_server s;
    s.ask(0, query("COPY IN"));
    s.forget_what_was_sent();
    SUBCASE("the COPY goes well")
    {
        CHECK(s.ask(0, sync() + copy_done()) == complete("COPY 1") + ready());
    }
    SUBCASE("the COPY has failed already: then it would be answered, and nobody would know")
    {
        s.client_sends(0, copy_data("bad"));
        s.client_sends(0, sync());
        s.client_sends(0, copy_done());
        s.run();
        CHECK(s.heard(0) == failure("22P04", "bad data") + ready());
    }
    CHECK_FALSE(has(s.sent_up(), sync()));
    CHECK_FALSE(s.is_broken());
    CHECK(s.is_free());
}

TEST_CASE("late words of a COPY that failed are dropped without a server")
{
    shared_server s;
    s.ask(0, query("COPY IN"));
    CHECK(s.ask(0, copy_data("bad")) == failure("22P04", "bad data") + ready());
    CHECK(s.is_free());
    s.forget_what_was_sent();
    CHECK(s.ask(0, copy_data("late") + copy_data("later") + copy_done()) == "");
    CHECK(s.sent_up().empty());
    CHECK(s.ask(0, query("SELECT 1")) == direct(query("SELECT 1")));
}

TEST_CASE("a Query on its way behind the data that fail a COPY is answered")
{
    const std::string words = copy_data("bad") + query("SELECT 1");
    const std::string failed = failure("22P04", "bad data") + ready();
    shared_server s;
    s.hold_the_line();
    SUBCASE("sent before the COPY was known")
    {
        s.client_sends(0, query("COPY IN") + words);
        s.let_go_of_the_line();
        s.run();
        CHECK(s.heard(0) == copy_in() + failed + direct(query("SELECT 1")));
    }
    SUBCASE("sent when it was")
    {
        s.let_go_of_the_line();
        s.ask(0, query("COPY IN"));
        s.hold_the_line();
        s.client_sends(0, words);
        s.let_go_of_the_line();
        s.run();
        CHECK(s.heard(0) == failed + direct(query("SELECT 1")));
    }
    CHECK_FALSE(s.is_broken());
    CHECK(s.is_free());
}

TEST_CASE("a message that does not belong into a COPY ends the connection, as PostgreSQL does")
{
    for (const std::string& words : {query("SELECT 1"),
                                     parse("", "SELECT 1"),
                                     bind_statement(""),
                                     execute(),
                                     function_call()}) {
        CAPTURE(words);
        shared_server s;
        s.ask(0, query("COPY IN"));
        CHECK(has(s.ask(0, words), "protocol synchronization was lost"));
        CHECK_FALSE(s.is_broken());
        CHECK_FALSE(s.is_free()); // it owes a ReadyForQuery that will not come
    }
}

TEST_CASE("SQL's own PREPARE and EXECUTE are refused in their place, and fail the transaction")
{
    const std::string refused = "C0A000";
    for (const std::string sql : {"PREPARE x AS SELECT 1", "EXECUTE x", "/* */ execute x(1)"}) {
        CAPTURE(sql);
        for (const std::string& words : {query(sql), parse("x", sql) + run("x")}) {
            shared_server s;
            std::string answer = s.ask(0, words);
            CHECK(has(answer, refused));
            CHECK(answer.ends_with(ready('I')));
            CHECK(s.is_free());

            s.ask(0, query("BEGIN"));
            answer = s.ask(0, words);
            CHECK(has(answer, refused));
            CHECK(answer.ends_with(ready('E')));
            CHECK(s.ask(0, query("COMMIT")) == complete("ROLLBACK") + ready());

            answer = s.ask(0, query("SELECT 1") + words + query("SELECT 2"));
            CHECK(answer.starts_with(direct(query("SELECT 1"))));
            CHECK(has(answer, refused));
            CHECK(answer.ends_with(direct(query("SELECT 2"))));
            CHECK(s.is_free());
        }
    }
}

TEST_CASE("a statement of more than 16 MB cannot be prepared, and the connection goes on")
{
    shared_server s;
    std::string words;
    SUBCASE("one byte too many")
    {
        const std::size_t fits = pgwire::session::statement_limit - 4; // name, types
        CHECK(s.ask(0, parse("", "SELECT " + std::string(fits - 7, 'x')) + sync()) ==
              parse_complete() + ready());
        words = s.ask(0, parse("", "SELECT " + std::string(fits - 6, 'x')) + run(""));
    }
    SUBCASE("far too many, in pieces")
    {
        const std::string big = parse("a", "SELECT " + std::string(40u << 20, 'x')) + run("a");
        for (std::size_t at = 0; at < big.size(); at += 1u << 20)
            s.client_sends(0, std::string_view{big}.substr(at, 1u << 20));
        s.run();
        words = s.heard(0);
    }
    CHECK(has(words, "54000"));
    CHECK(words.ends_with(ready()));
    CHECK(s.is_free());
    CHECK(s.ask(0, query("SELECT 1")) == direct(query("SELECT 1")));
}

TEST_CASE("a client that names ever more statements is refused the next")
{
    shared_server s;
    std::string words;
    for (std::size_t i = 0; i < prepared_statements::max_count; ++i)
        s.client_sends(0, parse(std::to_string(i), "SELECT 1"));
    s.ask(0, sync());
    CHECK(has(s.ask(0, parse("one more", "SELECT 1") + sync()), "53400"));
    s.ask(0, close_statement("7") + sync());
    CHECK(s.ask(0, parse("one more", "SELECT 1") + sync()) == parse_complete() + ready());
}

TEST_CASE("a large query streams; its first words are all that is looked at")
{
    shared_server s;
    const std::string large(200'000, 'x');
    CHECK(s.ask(0, query("SELECT " + large)) == direct(query("SELECT " + large)));
    CHECK(s.ask(0, query("SELECT 1")) == direct(query("SELECT 1")));
}

TEST_CASE("nobody is given a server before a whole message, or much of a large one, is here")
{
    shared_server s;
    const std::string large = query("SELECT " + std::string(100'000, 'x'));
    s.client_sends(0, std::string_view{large}.substr(0, session::whole_frame - 1));
    CHECK(s.is_free());
    s.client_sends(0, std::string_view{large}.substr(session::whole_frame - 1, 1));
    CHECK_FALSE(s.is_free());
    CHECK(s.session(0).mid_frame());
    s.client_sends(0, std::string_view{large}.substr(session::whole_frame));
    CHECK_FALSE(s.session(0).mid_frame());
    s.run();
    CHECK(s.is_free());
}

TEST_CASE("goodbye ends it, with or without a server")
{
    shared_server s{2};
    s.ask(0, terminate() + query("SELECT 1"));
    CHECK(s.is_over(0));
    s.ask(1, query("BEGIN"));
    s.ask(1, terminate());
    CHECK(s.is_over(1));
    CHECK_FALSE(has(s.sent_up(), terminate()));
}

TEST_CASE("what is not the protocol gets a FATAL and nothing more")
{
    for (const std::string& words : {
             std::string("GET / HTTP/1.1\r\n\r\n"),
             frame('Z', "I"),
             frame('\0'),
             std::string{"Q\0\0\0\3", 5},
             std::string{"Q\xff\xff\xff\xff", 5},
             std::string{"P\x7f\xff\xff\xff", 5},
             frame('p', "password"), // nobody asked
         }) {
        CAPTURE(words);
        for (const bool in_transaction : {false, true}) {
            shared_server s;
            if (in_transaction)
                s.ask(0, query("BEGIN"));
            s.forget_what_was_sent();
            const std::string answer = s.ask(0, words);
            CHECK(has(answer, "08P01"));
            CHECK(has(answer, "FATAL"));
            CHECK(s.is_over(0));
            CHECK(s.sent_up().empty());
        }
    }
}

TEST_CASE("malformed bodies are the server's to refuse, and nothing is left in the books")
{
    shared_server s;
    for (const std::string& words : {
             frame('P', "a"),
             frame('P', text("a") + "SELECT 1"),
             frame('P', text("a") + text("SELECT 1") + number(5, 2)),
             frame('P', text("") + "SELECT 1"),
             frame('P'),
             frame('E', "x"),
             frame('D', "P"),
             frame('D', std::string("X") + text("a")),
             frame('D', "Sa"),
             frame('D'),
             frame('C'),
             frame('C', "Sa"),
             frame('C', std::string("X") + text("a")),
             frame('B', text("") + text("a") + "x"),
         }) {
        CAPTURE(words);
        s.heard(0).clear();
        const std::string answer = s.ask(0, words + sync());
        CHECK((has(answer, "08P01") || has(answer, "26000")));
        CHECK(answer.ends_with(ready()));
        CHECK(s.is_free());
        CHECK_FALSE(s.is_broken());
        CHECK(s.session(0).names().count() == 0);
    }
    CHECK(s.ask(0, query("SELECT 1")) == direct(query("SELECT 1")));
}

TEST_CASE("settings belong to the client and follow it")
{
    shared_server s{2};
    s.ask(0, query("SET timezone = 'CET'"));
    CHECK(s.resets() == 0); // the server has told: nobody needs a reset
    s.forget_what_was_sent();
    s.ask(1, query("SELECT 1"));
    CHECK(has(s.sent_up(), "SET timezone='UTC'"));
    s.forget_what_was_sent();
    CHECK(s.ask(0, query("SELECT 1")) == direct(query("SELECT 1"))); // the replay stays unseen
    CHECK(has(s.sent_up(), "SET timezone='CET'"));
    s.forget_what_was_sent();
    s.ask(0, query("SELECT 1"));
    CHECK(s.sent_up() == query("SELECT 1"));
}

TEST_CASE("state that nobody tracks is reset before another client comes")
{
    for (const std::string& words :
         {query("SET search_path = x"),
          query("LISTEN x"),
          query("SET timezone = 'CET'; SET search_path = x"),
          parse("", "SET search_path = x") + run(""),
          parse("a", "SET timezone = 'CET'") + bind_statement("a", "p") +
              parse("", "SET search_path = x") + bind_statement("") + execute("p") + execute() +
              sync(),
          parse("", "SET search_path = x") + bind_statement("", "p") +
              parse("", "SET timezone = 'CET'") + bind_statement("") + execute("p") + sync()}) {
        CAPTURE(words);
        shared_server s{2};
        s.client_sends(0, words);
        s.client_sends(1, query("SELECT 1"));
        s.run();
        CHECK(s.resets() == 1);
        CHECK(s.heard(1) == direct(query("SELECT 1")));
    }
}

TEST_CASE("SET LOCAL and tracked settings cost no reset, by query or by portal")
{
    for (const std::string& words :
         {query("SET LOCAL search_path = x"),
          query("SET timezone = 'CET'"),
          parse("", "SET timezone = 'CET'") + run(""),
          parse("", "SET timezone = 'CET'") + bind_statement("", "p") + parse("", "SELECT 1") +
              bind_statement("") + execute() + execute("p") + sync()}) {
        CAPTURE(words);
        shared_server s;
        s.ask(0, words);
        CHECK(s.resets() == 0);
        CHECK(s.is_free());
    }
}

TEST_SUITE_END();

} // namespace weir::pgwire
