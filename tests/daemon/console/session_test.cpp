#include "daemon/console/session.hpp"
#include "tests/support/wire.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace weir::console {

TEST_SUITE_BEGIN("console: session");

using namespace test::wire;

namespace {

// A client and the daemon behind the console in one: commands are carried out as soon as they are
// asked, the bytes come in any pieces.
class conversation {
public:
    bool is_operator = true;

    void hear(std::string_view bytes)
    {
        pending_ += bytes;
        while (!is_over_) {
            REQUIRE_FALSE(session_.is_busy());
            const ruling r = session_.next(pgwire::as_bytes(pending_), is_operator, said_);
            pending_.erase(0, r.size);
            switch (r.what) {
            case verdict::need_more: return;
            case verdict::answer: break;
            case verdict::carry_out: carry_out(); break;
            case verdict::terminate:
            case verdict::violation: is_over_ = true;
            }
        }
    }

    std::string types() const // of the messages it said
    {
        std::string all;
        for (std::size_t at = 0; at < said_.size();) {
            all += said_[at];
            pgwire::frame_header h;
            REQUIRE(pgwire::scan_header(pgwire::as_bytes(std::string_view{said_}.substr(at)), h) ==
                    pgwire::scan_status::frame);
            at += h.size();
        }
        return all;
    }
    const std::string& said() const { return said_; }
    bool has(std::string_view words) const { return said_.find(words) != std::string::npos; }
    bool is_over() const { return is_over_; }
    char status() const { return said_.back(); }

    std::vector<verb> carried_out;

private:
    void carry_out()
    {
        CHECK(session_.is_busy());
        const command what = session_.asked();
        carried_out.push_back(what.verb);
        if (what.verb != verb::migrate)
            return session_.reply(rows{{"weir 1"}}, said_);
        session_.notice("1 of 2, 001_users", said_);
        if (what.wish.target == "nowhere")
            return session_.reply(error{"22023", "no such revision"}, said_);
        session_.reply(rows{{"upgrade", "001", "users", "7"}, {"upgrade", "002", {}, "300"}},
                       said_);
    }

    session session_;
    std::string pending_;
    std::string said_;
    bool is_over_ = false;
};

std::string bind(std::string_view statement, std::uint16_t format, std::string_view portal = {})
{
    return frame('B',
                 text(portal) + text(statement) + number(0, 4) + number(1, 2) + number(format, 2));
}

const std::string sync = frame('S');

} // namespace

TEST_CASE("a driver finds at login what it looks for")
{
    std::string words;
    session::welcome(words, {.user = "root", .version = "1.2.3", .id = 7, .secret = 9});
    for (const char* name : {"client_encoding",
                             "server_version",
                             "DateStyle",
                             "standard_conforming_strings",
                             "integer_datetimes",
                             "TimeZone",
                             "weir_version"})
        CHECK(words.find(text(name)) != std::string::npos);
    CHECK(words.front() == 'R');
    CHECK(words.ends_with(frame('Z', "I")));
}

TEST_CASE("a simple query is answered with rows, a notice on the way, or an error")
{
    conversation c;
    c.hear(query("SHOW VERSION"));
    CHECK(c.types() == "TDCZ");
    c.hear(query("MIGRATE main UPGRADE head"));
    CHECK(c.types() == "TDCZNTDDCZ");
    CHECK(c.has("1 of 2, 001_users"));
    c.hear(query("MIGRATE main UPGRADE nowhere"));
    CHECK(c.types() == "TDCZNTDDCZNEZ");
    CHECK(c.has("no such revision"));
    c.hear(query("nonsense") + query(" ; "));
    CHECK(c.types() == "TDCZNTDDCZNEZEZIZ");
    CHECK(c.carried_out.size() == 3);
}

TEST_CASE("a driver's transaction is believed in, and carries nothing")
{
    conversation c;
    c.hear(query("BEGIN"));
    CHECK(c.status() == 'T');
    c.hear(query("SHOW VERSION"));
    CHECK(c.status() == 'T');
    c.hear(query("nonsense"));
    CHECK(c.status() == 'T');
    c.hear(query("ROLLBACK"));
    CHECK(c.status() == 'I');
    CHECK(c.carried_out == std::vector{verb::show_version});
}

TEST_CASE("the extended protocol, as psycopg and asyncpg speak it")
{
    conversation c;
    SUBCASE("all at once")
    {
        c.hear(parse("", "SHOW VERSION") + bind("", 0) + describe_portal() + execute() + sync);
        CHECK(c.types() == "12TDCZ");
    }
    SUBCASE("prepared, described, then bound with binary results")
    {
        c.hear(parse("a", "MIGRATE main UPGRADE head") + describe_statement("a") + frame('H'));
        CHECK(c.types() == "1tT");
        CHECK(c.carried_out.empty());
        c.hear(bind("a", 1) + execute() + sync);
        CHECK(c.types() == "1tT2NDDCZ");
        CHECK(c.has(number(8, 4) + number(300, 8)));
    }
    SUBCASE("a few rows at a time, carried out once")
    {
        c.hear(parse("", "MIGRATE main UPGRADE head") + bind("", 0, "p") + execute("p", 1) +
               execute("p", 1) + execute("p", 1) + sync);
        CHECK(c.types() == "12NDsDsCZ");
        CHECK(c.carried_out == std::vector{verb::migrate});
    }
    SUBCASE("a courtesy has no rows")
    {
        c.hear(parse("", "BEGIN") + bind("", 0) + describe_portal() + execute() + sync);
        CHECK(c.types() == "12nCZ");
        CHECK(c.status() == 'T');
    }
    SUBCASE("a portal lives as long as the transaction")
    {
        c.hear(parse("", "SHOW VERSION") + bind("", 0, "p") + sync + execute("p") + sync);
        CHECK(c.types() == "12ZEZ");
        c.hear(query("BEGIN") + bind("", 0, "p") + sync + execute("p") + sync);
        CHECK(c.types() == "12ZEZCZ2ZDCZ");
    }
}

TEST_CASE("after an error nothing counts until Sync")
{
    conversation c;
    SUBCASE("of the parser") { c.hear(parse("", "nonsense")); }
    SUBCASE("of a parameter")
    {
        c.hear(parse("", "SHOW HELP"));
        c.hear(frame('B',
                     text("") + text("") + number(0, 2) + number(1, 2) + number(1, 4) + "x" +
                         number(0, 2)));
    }
    SUBCASE("of a name that is not there") { c.hear(bind("gone", 0)); }
    SUBCASE("of a portal that is not there") { c.hear(describe_portal("gone")); }
    SUBCASE("of a name that is there already")
    {
        c.hear(parse("a", "SHOW HELP") + parse("a", "SHOW HELP"));
    }
    SUBCASE("of more formats than columns")
    {
        c.hear(parse("", "SHOW VERSION") +
               frame('B', text("") + text("") + number(0, 4) + number(2, 2) + number(0, 4)));
    }
    SUBCASE("of the command")
    {
        c.hear(parse("", "MIGRATE main UPGRADE nowhere") + bind("", 0) + execute());
        c.carried_out.clear();
    }
    SUBCASE("of a function call") { c.hear(frame('F')); }
    CHECK(c.types().ends_with('E'));
    const std::string before = c.said();
    c.hear(execute() + query("SHOW VERSION") + parse("x", "SHOW HELP"));
    CHECK(c.said() == before);
    CHECK(c.carried_out.empty());
    c.hear(sync);
    CHECK(c.types().ends_with("EZ"));
    c.hear(query("SHOW VERSION"));
    CHECK(c.types().ends_with("EZTDCZ"));
}

TEST_CASE("what is not the protocol is the end")
{
    conversation c;
    SUBCASE("an unknown type") { c.hear(frame('?')); }
    SUBCASE("a length that cannot be") { c.hear(std::string("Q\0\0\0\1", 5)); }
    SUBCASE("a command longer than anyone types") { c.hear(query(std::string(40'000, 'x'))); }
    CHECK(c.is_over());
    CHECK(c.has("FATAL"));
    CHECK(c.has("08P01"));
}

TEST_CASE("bodies that are cut short are errors, not reads beyond them")
{
    for (const char type : {'P', 'B', 'D', 'C', 'E', 'Q'}) {
        CAPTURE(type);
        conversation c;
        c.hear(frame(type));
        c.hear(sync);
        CHECK_FALSE(c.is_over());
        CHECK(c.status() == 'I');
    }
}

TEST_CASE("wherever the stream is cut, the same is said and done")
{
    const std::string words = query("SHOW VERSION") + query("BEGIN") +
                              parse("a", "MIGRATE \"main\" UPGRADE 'head'") +
                              describe_statement("a") + bind("a", 1) + execute("", 1) + execute() +
                              sync + parse("", "bad") + bind("", 0) + sync + close_statement("a") +
                              query("MIGRATE main DOWNGRADE nowhere") + frame('X');
    conversation whole;
    whole.hear(words);
    REQUIRE(whole.is_over());
    REQUIRE(whole.carried_out.size() == 3);
    for (std::size_t cut = 0; cut <= words.size(); ++cut) {
        CAPTURE(cut);
        conversation parts;
        parts.hear(std::string_view{words}.substr(0, cut));
        parts.hear(std::string_view{words}.substr(cut));
        CHECK(parts.said() == whole.said());
        CHECK(parts.carried_out == whole.carried_out);
    }
    conversation bytewise;
    for (const char byte : words)
        bytewise.hear({&byte, 1});
    CHECK(bytewise.said() == whole.said());
}

// Every command that there is, as SHOW HELP has it, with its choices made and its options left out.
std::vector<std::string> all_commands()
{
    std::vector<std::string> all;
    for (const row& r : help()) {
        std::string sql = *r[0];
        for (std::size_t at; (at = sql.find_first_of("[|")) != sql.npos;)
            sql.erase(at, sql.find_first_of("] ", at) - at + (sql[at] == '['));
        all.push_back(sql.starts_with("SET ") ? "SET max_client_conn = 1" : sql);
    }
    return all;
}

TEST_CASE("a stranger may ask which weir it is and what there is to ask, and nothing else")
{
    REQUIRE(all_commands().size() > 30);
    for (const std::string& sql : all_commands()) {
        CAPTURE(sql);
        REQUIRE(parse_command(sql).has_value());
        const bool is_for_all = sql == "SHOW HELP" || sql == "SHOW VERSION";
        for (const std::string& words :
             {query(sql), parse("", sql) + bind_statement("") + execute() + sync}) {
            conversation stranger;
            stranger.is_operator = false;
            stranger.hear(words);
            CHECK(stranger.has("C42501") == !is_for_all);
            CHECK(stranger.carried_out.empty() == !is_for_all);
            CHECK(stranger.status() == 'I');
        }
    }
}

TEST_CASE("who is an operator is asked anew for each command")
{
    conversation c;
    c.hear(query("SHOW POOLS"));
    CHECK(c.carried_out.size() == 1);
    c.is_operator = false;
    c.hear(query("SHOW POOLS"));
    CHECK(c.carried_out.size() == 1);
    CHECK(c.has("permission denied for SHOW"));
    c.hear(query("BEGIN") + query("SET client_encoding TO 'UTF8'"));
    CHECK(c.types().ends_with("CZCZ"));
}

TEST_SUITE_END();

} // namespace weir::console
