// A stream says the same wherever it is cut.
#include "tests/support/seed.hpp"
#include "tests/support/shared_server.hpp"
#include "tests/support/wire.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: cuts");

using namespace test::wire;
using test::shared_server;

namespace {

using cuts = std::vector<std::size_t>; // offsets, in order

// As with a server for every message, and as weir is by default.
constexpr liberties nothing{};
constexpr liberties everything{.probes = true, .hold_back = true};

template <class Take>
void in_pieces(std::string_view words, const cuts& where, Take take)
{
    std::size_t from = 0;
    for (const std::size_t at : where) {
        take(words.substr(from, at - from));
        from = at;
    }
    take(words.substr(from));
}

struct outcome {
    std::string up;
    std::string down;
    bool free = false;
    bool broken = false;
    bool over = false;
    bool ignoring = false;
    bool copying = false;
    bool touched = false;
    char status = 'I';
    std::size_t names = 0;
    std::uint64_t queries = 0;

    friend bool operator==(const outcome&, const outcome&) = default;
};

outcome outcome_of(shared_server& s)
{
    return {s.sent_up(),
            s.heard(0),
            s.is_free(),
            s.is_broken(),
            s.is_over(0),
            s.replies().ignores_until_sync(),
            s.replies().copying_in(),
            !s.replies().touched().empty(),
            s.replies().transaction_status(),
            s.session(0).names().count(),
            s.session(0).queries()};
}

// The client's bytes in pieces while the server is silent, then the server's in pieces.
outcome play(std::string_view words, liberties what, const cuts& up, const cuts& down)
{
    shared_server s;
    s.allow(what);
    s.hold_the_line();
    in_pieces(words, up, [&](std::string_view piece) { s.client_sends(0, piece); });
    s.let_go_of_the_line();
    std::size_t from = 0;
    for (const std::size_t at : down) {
        s.server_speaks(at - from);
        from = at;
    }
    s.run();
    return outcome_of(s);
}

// As it comes: after each piece the server says all it can, in pieces as well.
std::string converse(std::string_view words, liberties what, const cuts& up, std::size_t piece_down)
{
    shared_server s;
    s.allow(what);
    in_pieces(words, up, [&](std::string_view piece) {
        s.client_sends(0, piece);
        s.run(piece_down);
    });
    CHECK_FALSE(s.is_broken());
    CHECK_FALSE(s.server().has_seen_a_name());
    return s.heard(0);
}

const std::vector<std::string>& scripts()
{
    static const std::vector<std::string> all{
        query("SELECT 1") + query("SET timezone = 'CET'") + query("BOOM") + query("NOTICE"),
        query("BEGIN") + query("BOOM") + query("PREPARE x AS SELECT 1") + query("ROLLBACK"),
        parse("a", "SELECT 1") + bind_statement("a", "p") + describe_portal("p") + execute("p") +
            sync() + describe_statement("a") + close_statement("a") + sync() + function_call(),
        parse("a", "ROWS 5") + bind_statement("a") + execute("", 2) + execute("", 2) + flush() +
            sync() + parse("a", "SELECT 2") + run("a"),
        parse("", "SELECT 1") + sync() + parse("a", "SELECT 2") + sync() + run("") + run("a") +
            query("DEALLOCATE a"),
        bind_statement("nope") + parse("a", "SELECT 1") + close_statement("b") + sync(),
        query("COPY IN") + copy_data("one") + copy_data("two") + copy_done() + query("SELECT 1"),
        query("COPY IN") + copy_data("bad") + copy_data("late") + copy_done() + query("COPY OUT"),
        parse("", "COPY IN") + bind_statement("") + execute() + copy_data("x") + copy_done() +
            sync() + query("DISCARD ALL"),
        parse("d", "DEALLOCATE PREPARE x") + parse("x", "SELECT 1") + sync() +
            bind_statement("d", "p") + execute("p") + sync() + query("DEALLOCATE ALL") +
            terminate(),
        query("SELECT 1") + query("BEGIN") + query("") + query("INSERT") + query("COMMIT") +
            query("BEGIN") + query("SELECT 2") + query("BOOM") + query("ROLLBACK"),
        parse("b", "BEGIN") + parse("", "SELECT 1") + sync() + run("b") + run("") +
            query("BEGIN READ ONLY") + parse("", "INSERT") + run("") + query("COMMIT") + sync(),
        query("BEGIN") + parse("", "") + describe_statement("") + flush() + run("") +
            query("PREPARE x AS SELECT 1") + query("SELECT 3") + query("ROLLBACK"),
        query("BEGIN") + query("COPY IN") + copy_data("x") + copy_done() + query("COMMIT"),
        frame('z', "?") + query("SELECT 2"),
        std::string{"Q\0\0\0\1", 5},
    };
    return all;
}

} // namespace

TEST_CASE("one cut anywhere, in either direction")
{
    for (const std::string& words : scripts())
        for (const liberties what : {nothing, everything}) {
            CAPTURE(words);
            CAPTURE(what.hold_back);
            const outcome whole = play(words, what, {}, {});
            for (std::size_t at = 0; at <= words.size(); ++at) {
                CAPTURE(at);
                REQUIRE(play(words, what, {at}, {}) == whole);
            }
            for (std::size_t at = 0; at <= whole.down.size() + 50; ++at) { // some is swallowed
                CAPTURE(at);
                REQUIRE(play(words, what, {}, {at}) == whole);
            }
        }
}

TEST_CASE("byte by byte")
{
    for (const std::string& words : scripts())
        for (const liberties what : {nothing, everything}) {
            CAPTURE(words);
            CAPTURE(what.hold_back);
            cuts every;
            for (std::size_t at = 1; at < 4'000; ++at)
                every.push_back(at);
            const cuts up{every.begin(),
                          every.begin() + static_cast<std::ptrdiff_t>(words.size() - 1)};
            const outcome whole = play(words, what, {}, {});
            REQUIRE(play(words, what, up, every) == whole);
            REQUIRE(converse(words, what, up, 1) == whole.down);
        }
}

TEST_CASE("many cuts at random, with a server that answers meanwhile or afterwards")
{
    const std::uint64_t seed = test::seed();
    CAPTURE(seed);
    std::mt19937_64 dice{seed};
    const auto random_cuts = [&](std::size_t size) {
        cuts out(dice() % 12);
        for (std::size_t& at : out)
            at = dice() % (size + 1);
        std::sort(out.begin(), out.end());
        return out;
    };
    for (int i = 0; i < 2'000; ++i) {
        const std::string& words = scripts()[dice() % scripts().size()];
        CAPTURE(words);
        const liberties what = dice() % 2 ? everything : nothing;
        CAPTURE(what.hold_back);
        const outcome whole = play(words, what, {}, {});
        REQUIRE(play(words, what, random_cuts(words.size()), random_cuts(whole.down.size())) ==
                whole);
        REQUIRE(converse(words, what, random_cuts(words.size()), 1 + dice() % 40) == whole.down);
    }
}

TEST_CASE("frames larger than what is looked at are judged alike, however much of them is here")
{
    const std::string blank(session::whole_frame, ' ');
    const std::string name(session::whole_frame, 'n');
    for (const std::string& words : {
             query("DEALLOCATE " + blank + "ALL"),
             query("SET timezone = 'CET'" + blank + "; SET search_path = x"),
             query("PREPARE " + blank + "x AS SELECT 1"),
             bind_statement(name) + sync(),
             describe_statement(name) + sync(),
             close_statement(name) + sync(),
             query("SELECT " + name),
             parse(name, "SELECT 1") + sync(),
         }) {
        for (const bool in_transaction : {false, true}) {
            const std::string all = (in_transaction ? query("BEGIN") : "") + words;
            CAPTURE(words.substr(0, 40));
            const outcome whole = play(all, everything, {}, {});
            for (const std::size_t at : {all.size() - words.size() + header_size,
                                         all.size() - words.size() + session::whole_frame,
                                         all.size() - words.size() + session::whole_frame + 10,
                                         all.size() - 1})
                REQUIRE(play(all, everything, {at}, {}) == whole);
        }
    }
}

TEST_SUITE_END();

} // namespace weir::pgwire
