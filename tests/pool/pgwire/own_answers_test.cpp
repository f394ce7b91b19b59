// What weir answers itself, by way of sessions that share a server: what it says must be what that
// server would have said, and what it keeps from the server must change nothing.
#include "tests/support/shared_server.hpp"
#include "tests/support/wire.hpp"

#include <doctest/doctest.h>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: own answers");

using namespace test::wire;
using test::fake_postgres;
using test::shared_server;

namespace {

constexpr liberties all{.probes = true, .hold_back = true};
const error no_server{"53300", "pool limit of size 1 overflow 0 reached"};

struct free_server : shared_server {
    explicit free_server(liberties what = all, std::size_t clients = 1) : shared_server(clients)
    {
        allow(what);
    }
};

std::string direct(std::string_view words)
{
    fake_postgres server;
    server.receive(words);
    return server.take();
}

std::string aborted()
{
    return failure(
        "25P02",
        "current transaction is aborted, commands ignored until end of transaction block");
}

std::string bind_with(std::string_view statement, std::uint16_t result_format)
{
    return frame('B',
                 text("") + text(statement) + number(0, 4) + number(1, 2) +
                     number(result_format, 2));
}

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

std::string begin_sent(std::string_view begin = "BEGIN")
{
    return parse("", begin) + bind_statement("") + execute() + close_portal("");
}

} // namespace

TEST_CASE("a probe is answered as the server would answer it, and the server never sees it")
{
    for (const std::string& words : {
             query(""),
             query(";"),
             query("SELECT 1"),
             parse("", "") + bind_statement("") + execute() + sync(),
             parse("", "SELECT 1") + bind_statement("") + describe_portal() + execute() + sync(),
             parse("", "SELECT 1") + describe_statement("") + sync(),
             parse("", "SELECT 1") + describe_statement("") + flush() + bind_statement("") +
                 execute() + sync(),
             parse("a", "SELECT 1") + describe_statement("a") + sync() + bind_statement("a", "p") +
                 describe_portal("p") + execute("p", 2) + close_portal("p") + sync(),
             parse("a", "SELECT 1") + sync() + bind_statement("a") + execute("", 1) + sync() +
                 close_statement("a") + sync(),
             parse("", "SELECT 1") + run("") + run("") + query("SELECT 1") + query(""),
             sync() + parse("", "") + describe_statement("") + sync() + sync(),
         }) {
        CAPTURE(words);
        free_server s;
        CHECK(s.ask(0, words) == direct(words));
        CHECK(s.sent_up().empty());
        CHECK(s.is_free());
    }
}

TEST_CASE("a binary result is asked for and given")
{
    free_server s;
    CHECK(
        s.ask(0,
              parse("", "SELECT 1") + bind_with("", 1) + describe_portal() + execute() + sync()) ==
        parse_complete() + bind_complete() + row_description("?column?", true) +
            row(std::string_view{"\0\0\0\1", 4}) + complete("SELECT 1") + ready());
    CHECK(s.ask(0, query("select 1 as Alive")) ==
          row_description("alive") + row("1") + complete("SELECT 1") + ready());
    CHECK(s.sent_up().empty());
}

TEST_CASE("what weir may not answer goes to the server, all of it")
{
    for (const std::string& words : {
             query("SELECT 2"),
             query("SELECT 1; SELECT 1"),
             frame('Q', "SELECT 1"),             // without a NUL
             frame('Q', text("SELECT 1") + "x"), // with something behind it
             frame('Q', text("SELECT") + text(" 1")),
             parse("", "SELECT 1") + bind_statement("") + execute() + parse("", "SELECT 2") +
                 sync(),
             parse("", "SELECT 1") + bind_statement("") + flush() + execute() + sync(),
             parse("", "SELECT 1") + bind_statement("") + execute() + execute() + sync(),
             parse("", "SELECT 1") + bind_statement("") + bind_statement("", "p") + sync(),
             parse("", "SELECT 1") + bind_statement("") + execute("p") + sync(),
             parse("", "SELECT 1") + bind_statement("") + describe_portal("p") + sync(),
             parse("", "SELECT 1") + bind_statement("") + close_portal("") + execute() + sync(),
             parse("a", "SELECT 1") + parse("a", "SELECT 1") + sync(),
             parse("", "SELECT 1") + bind_statement("b") + sync(),
             parse("a", "SELECT 1") + close_statement("a") + bind_statement("a") + sync(),
             bind_statement("") + execute() + sync(),
             describe_statement("a") + sync(),
             execute() + sync(),
             parse("", "SELECT 1") + query("SELECT 1") + sync(),
         }) {
        CAPTURE(words);
        free_server s;
        CHECK(s.ask(0, words) == direct(words));
        CHECK_FALSE(s.sent_up().empty());
        CHECK_FALSE(s.is_broken());
    }
}

TEST_CASE("formats and parameters that PostgreSQL would have a say about are its affair")
{
    for (const std::string& bind : {
             bind_with("", 2),
             frame('B',
                   text("") + text("") + number(0, 2) + number(1, 2) + number(1, 4) + "1" +
                       number(0, 2)),
             frame('B', text("") + text("") + number(0, 4) + number(2, 2) + number(0, 4)),
             frame('B', text("") + text("") + number(2, 2) + number(0, 4) + number(0, 4)),
         }) {
        free_server s;
        s.ask(0, parse("", "SELECT 1") + bind + execute() + sync());
        CHECK_FALSE(s.sent_up().empty());
    }
    free_server s;
    s.ask(0, frame('P', text("") + text("SELECT 1") + number(1, 2) + number(23, 4)) + sync());
    CHECK_FALSE(s.sent_up().empty());
}

TEST_CASE(
    "no probe is answered when nothing proves that the server is there, or it is switched off")
{
    free_server s{{.probes = false, .hold_back = true}};
    for (const std::string& words : {query(""), query("SELECT 1"), parse("", "") + run("")}) {
        s.forget_what_was_sent();
        CHECK(s.ask(0, words) == direct(words));
        CHECK_FALSE(s.sent_up().empty());
    }
    s.ask(0, query("BEGIN"));
    s.forget_what_was_sent();
    s.ask(0, query("SELECT 1"));
    CHECK(s.sent_up() == begin_sent() + query("SELECT 1"));
}

TEST_CASE("a client that holds the server is answered by it")
{
    free_server s;
    s.ask(0, query("BEGIN") + query("INSERT"));
    s.forget_what_was_sent();
    CHECK(s.ask(0, query("SELECT 1")) ==
          row_description() + row("1") + complete("SELECT 1") + ready('T'));
    CHECK(s.sent_up() == query("SELECT 1"));
    s.client_sends(0,
                   query("COMMIT")); // and while it is owed an answer, its messages stay in order
    s.client_sends(0, query("SELECT 1"));
    s.run();
    CHECK(s.heard(0) == complete("COMMIT") + ready() + row_description() + row("1") +
                            complete("SELECT 1") + ready());
}

TEST_CASE("a transaction with nothing in it needs no server")
{
    for (const std::string& words : {
             query("BEGIN") + query("COMMIT"),
             query("BEGIN") + query("ROLLBACK") + query("BEGIN") + query("COMMIT"),
             query("BEGIN") + query("SELECT 1") + query("") + query("COMMIT"),
             query("BEGIN") + sync() + query("ROLLBACK"),
             parse("", "BEGIN") + bind_statement("") + describe_portal() + execute() + sync() +
                 parse("", "COMMIT") + bind_statement("") + describe_portal() + execute() + sync(),
             parse("b", "BEGIN") + sync() + run("b") + parse("c", "ROLLBACK") + run("c") +
                 run("b") + run("c"),
             query("BEGIN") + parse("", "SELECT 1") + run("") + query("COMMIT"),
         }) {
        CAPTURE(words);
        free_server s;
        CHECK(s.ask(0, words) == direct(words));
        CHECK(s.sent_up().empty());
    }
    free_server s;
    CHECK(s.ask(0, query("start transaction read only")) ==
          complete("START TRANSACTION") + ready('T'));
    CHECK(s.ask(0, query("end")) == complete("COMMIT") + ready());
    CHECK(s.ask(0, query("BEGIN") + query("abort")) ==
          complete("BEGIN") + ready('T') + complete("ROLLBACK") + ready());
    CHECK(s.sent_up().empty());
}

TEST_CASE("BEGIN goes with the first statement that needs a server, and its answers are not heard")
{
    for (const std::string& words : {
             query("INSERT"),
             query("SELECT 2"),
             query("BOOM"),
             query("SYNTAX"),
             query("BEGIN"),
             query("SELECT 2; BOOM"),
             query("COMMIT; BEGIN"),
             query("COPY OUT"),
             query("COPY IN") + copy_data("x") + copy_done(),
             query("NOTICE"),
             query("SET timezone = 'CET'"),
             parse("", "SELECT 2") + bind_statement("") + describe_portal() + execute() + sync(),
             parse("", "SELECT 2") + describe_statement("") + flush() + run(""),
             parse("a", "BOOM") + run("a"),
             parse("a", "INSERT") + sync() + run("a") + run("a"),
             bind_statement("nope") + sync(),
             describe_portal("") + sync(),
             execute("") + sync(),
             describe_statement("") + sync(),
             bind_statement("") + execute() + sync(),
             parse("", "COPY IN") + run("") + copy_data("x") + copy_done() + sync(),
             // Portals that are come back to.
             parse("", "SELECT 1") + bind_statement("") + sync() + execute("") + sync(),
             parse("", "SELECT 1") + bind_statement("", "p") + execute("p", 1) + sync() +
                 execute("p") + sync(),
             parse("", "") + bind_statement("", "p") + sync() + describe_portal("p") + sync(),
             function_call(),
             query("INSERT") + query("INSERT") + query("BOOM") + query("SELECT 1"),
         }) {
        for (const std::string& end : {query("COMMIT"), query("ROLLBACK"), query("BOOM")}) {
            CAPTURE(words);
            CAPTURE(end);
            free_server s;
            CHECK(s.ask(0, query("BEGIN") + words + end) == direct(query("BEGIN") + words + end));
            CHECK(s.sent_up().starts_with(begin_sent()));
            CHECK_FALSE(s.is_broken());
            CHECK(s.ask(0, query("ROLLBACK") + query("SELECT 2")).ends_with(ready()));
            CHECK(s.is_free());
        }
    }
}

TEST_CASE("the modes go along, and settings before them")
{
    free_server s{all, 2};
    s.ask(0, query("SET timezone = 'CET'"));
    s.ask(1, query("INSERT"));
    s.ask(0, query("BEGIN TRANSACTION read only, ISOLATION LEVEL REPEATABLE READ"));
    s.forget_what_was_sent();
    s.ask(0, query("SELECT 1")); // it would fix what the transaction sees
    CHECK(s.sent_up().ends_with(begin_sent("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") +
                                query("SELECT 1")));
    CHECK(s.sent_up().starts_with("Q"));
}

TEST_CASE("two clients with transactions held back do not meet")
{
    free_server s{all, 2};
    CHECK(s.ask(0, query("BEGIN")) == complete("BEGIN") + ready('T'));
    CHECK(s.ask(1, query("BEGIN READ ONLY")) == complete("BEGIN") + ready('T'));
    CHECK(s.ask(0, query("INSERT")) == complete("INSERT 0 1") + ready('T'));
    CHECK(s.ask(1, query("SELECT 2")).empty()); // it waits
    CHECK(s.ask(0, query("COMMIT")) == complete("COMMIT") + ready());
    s.run();
    CHECK(s.heard(1) == row_description() + row("2") + complete("SELECT 1") + ready('T'));
    CHECK(s.ask(1, query("ROLLBACK")) == complete("ROLLBACK") + ready());
}

TEST_CASE("a BEGIN that the server refuses is the error of the statement it came with")
{
    const std::string refused = failure("0A000", "cannot use serializable mode in a hot standby");
    for (const std::string& words : {
             query("INSERT"),
             function_call(),
             parse("", "INSERT") + bind_statement("") + describe_portal() + execute() + sync(),
             parse("a", "INSERT") + run("a"),
             parse("", "INSERT") + flush() + run(""),
             query("COPY IN"),
         }) {
        for (const bool at_once : {false, true}) {
            CAPTURE(words);
            CAPTURE(at_once);
            free_server s;
            s.server().refuse_begin();
            const std::string before = s.ask(0, query("BEGIN ISOLATION LEVEL SERIALIZABLE"));
            CHECK(before == complete("BEGIN") + ready('T'));
            const std::string later = query("INSERT") + parse("", "INSERT") + run("") +
                                      query("ROLLBACK") + query("SELECT 2");
            std::string heard = s.ask(0, at_once ? words + later : words);
            if (!at_once)
                heard += s.ask(0, later);
            CHECK(heard == refused + ready('E') + aborted() + ready('E') + aborted() + ready('E') +
                               complete("ROLLBACK") + ready() + row_description() + row("2") +
                               complete("SELECT 1") + ready());
            // Nothing of it ran outside the transaction that was asked for.
            CHECK(s.server().executed() ==
                  std::vector<std::string>{"BEGIN ISOLATION LEVEL SERIALIZABLE", "SELECT 2"});
            CHECK(s.is_free());
            CHECK_FALSE(s.is_broken());
        }
    }
}

TEST_CASE("a BEGIN may be refused while the Query behind it is still on its way")
{
    free_server s;
    s.server().refuse_begin();
    s.ask(0, query("BEGIN ISOLATION LEVEL SERIALIZABLE"));
    const std::string large = query("SELECT " + std::string(3 * session::whole_frame, 'x'));
    s.client_sends(0, large.substr(0, 2 * session::whole_frame));
    s.run();
    const std::string refused = failure("0A000", "cannot use serializable mode in a hot standby");
    CHECK(s.heard(0) == refused);
    CHECK(s.ask(0, large.substr(2 * session::whole_frame)) == ready('E'));
    CHECK(
        s.ask(0, query("ROLLBACK") + query("SELECT 2")).ends_with(complete("SELECT 1") + ready()));
    CHECK_FALSE(s.is_broken());
}

TEST_CASE("a transaction that gets no server has failed, until the client ends it")
{
    for (const std::string& words :
         {query("INSERT"), parse("", "INSERT") + run(""), function_call()}) {
        for (const std::string_view end : {"ROLLBACK", "COMMIT", "end", "ABORT"}) {
            CAPTURE(words);
            free_server s;
            s.refusal = no_server;
            s.ask(0, query("BEGIN"));
            CHECK(s.ask(0, words) == failure("53300", no_server.message) + ready('E'));
            s.refusal.reset();
            CHECK(s.ask(0, query("INSERT")) == aborted() + ready('E'));
            CHECK(s.ask(0, query("SELECT 1")) == aborted() + ready('E'));
            CHECK(s.ask(0, query("BEGIN")) == aborted() + ready('E'));
            CHECK(s.ask(0, query("ROLLBACK AND CHAIN")) == aborted() + ready('E'));
            CHECK(s.ask(0, query("DEALLOCATE ALL")) == aborted() + ready('E'));
            CHECK(s.ask(0, query("")) == empty_query() + ready('E'));
            CHECK(s.ask(0, sync()) == ready('E'));
            CHECK(s.ask(0, parse("", "INSERT") + run("")) == aborted() + ready('E'));
            CHECK(s.ask(0, parse("", "INSERT") + flush()) == aborted());
            CHECK(s.ask(0, run("")) == ready('E'));
            CHECK(s.ask(0, function_call()) == aborted() + ready('E'));
            CHECK(s.ask(0, copy_data("late") + copy_done() + flush()).empty());
            CHECK(s.ask(0, query(end)) == complete("ROLLBACK") + ready());
            CHECK(s.sent_up().empty());
            CHECK(s.ask(0, query("INSERT")) == complete("INSERT 0 1") + ready());
        }
    }
}

TEST_CASE("in the extended protocol a failed transaction ends as well")
{
    free_server s;
    s.refusal = no_server;
    s.ask(0, query("BEGIN") + query("INSERT"));
    CHECK(s.ask(0,
                parse("", "ROLLBACK") + bind_statement("") + describe_portal() + execute() +
                    sync()) ==
          parse_complete() + bind_complete() + no_data() + complete("ROLLBACK") + ready());
    CHECK(s.sent_up().empty());
}

TEST_CASE(
    "a transaction whose server was taken away says why, once, and is then like any failed one")
{
    free_server s;
    std::string words;
    s.session(0).lose_server({"25P03", "idle for too long"}, true, false, words);
    CHECK(words.empty());
    CHECK(s.ask(0, query("INSERT")) == failure("25P03", "idle for too long") + ready('E'));
    const std::string after = s.ask(0, query("INSERT"));
    CHECK(after.find("25P02") != std::string::npos);
    CHECK(after.find("idle for too long") != std::string::npos);
    CHECK(s.ask(0, query("COMMIT")) == complete("ROLLBACK") + ready());
    CHECK(s.ask(0, query("INSERT")) == complete("INSERT 0 1") + ready());
}

TEST_CASE("an error of weir's own fails a transaction that is held back where the server knows it")
{
    for (const std::string_view sql : {"PREPARE x AS SELECT 1", "DEALLOCATE nope"}) {
        free_server s;
        CHECK(s.ask(0, query("BEGIN") + query(sql)).ends_with(ready('E')));
        CHECK(s.sent_up().starts_with(begin_sent()));
        CHECK(s.ask(0, query("INSERT")) == aborted() + ready('E'));
        CHECK(has(s.ask(0, query("SYNTAX")), "42601"));
        CHECK(s.ask(0, query("COMMIT")) == complete("ROLLBACK") + ready());
        CHECK(s.is_free());
    }
    free_server s;
    s.ask(0, parse("a", "INSERT") + sync());
    CHECK(s.ask(0, query("BEGIN") + query("DEALLOCATE a")) ==
          complete("BEGIN") + ready('T') + complete("DEALLOCATE") + ready('T'));
}

TEST_CASE("a client that is gone leaves no transaction behind")
{
    free_server s;
    s.ask(0, query("BEGIN") + terminate());
    CHECK(s.is_over(0));
    CHECK(s.sent_up().empty());
}

TEST_CASE("more than a probe would need is not waited for")
{
    free_server s;
    const std::string one = close_statement(std::string(1'000, 'n'));
    s.client_sends(0, one + one);
    CHECK(s.sent_up().empty());
    s.client_sends(0, one + one + one);
    CHECK_FALSE(s.sent_up().empty());
    CHECK(s.ask(0, sync()).ends_with(ready()));
}

TEST_SUITE_END();

} // namespace weir::pgwire
