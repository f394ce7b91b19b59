#include "daemon/migrations/selection.hpp"
#include "tests/daemon/migrations/sample_graph.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::migrations;
using test::ids;

TEST_SUITE("migrations")
{
    TEST_CASE("history's range holds both its ends and what lies between")
    {
        const revision_graph graph = test::sample_graph();
        struct row {
            std::string_view range;
            ids expected;
        };
        for (const row& r : std::initializer_list<row>{
                 {":", {"aaaa1", "bbbb1", "cccc1", "cccc2", "dddd1", "abcd1", "eeee1", "ffff1"}},
                 {":bbbb1", {"aaaa1", "bbbb1"}},
                 {"base:bbbb", {"aaaa1", "bbbb1"}},
                 {"aaaa1:dddd1", {"aaaa1", "bbbb1", "cccc1", "cccc2", "dddd1"}},
                 {"dddd1:", {"dddd1", "abcd1", "ffff1"}},
                 {"cccc1:dddd1", {"cccc1", "cccc2", "dddd1"}}, // what cccc1 led to, not bbbb1
                 {"-1:cccc2", {"cccc1", "cccc2"}},
                 {"-2:current", {"aaaa1", "cccc1", "cccc2"}},
                 {"-9:current", {"aaaa1", "cccc1", "cccc2"}},
                 {"cccc1:+1", {"cccc1", "cccc2"}},
                 {"cccc1:cccc1+2", {"cccc1", "cccc2", "dddd1"}},
                 {"ffff1-1:ffff1", {"dddd1", "ffff1"}},
                 {"current:dddd1", {"cccc2", "dddd1"}},
             }) {
            CAPTURE(r.range);
            const auto found = select_range(graph, r.range, {"cccc2"});
            REQUIRE_MESSAGE(found.has_value(), found.error().message);
            CHECK(ids_of(*found) == r.expected);
        }
    }

    TEST_CASE("a range that is none is refused in Alembic's words")
    {
        const revision_graph graph = test::sample_graph();
        struct row {
            std::string_view range;
            std::string_view words;
        };
        for (const row& r : std::initializer_list<row>{
                 {"aaaa1", "History range requires [start]:[end], [start]:, or :[end]"},
                 {"a:b:c", "History range requires [start]:[end], [start]:, or :[end]"},
                 {"bbbb1:cccc2",
                  "Requested range bbbb1:cccc2 does not refer to ancestor/descendant revisions "
                  "along the same branch"},
                 {"zzzz9:", "Can't locate revision identified by 'zzzz9'"},
                 {":-2", "Relative revision -2 didn't produce 2 migrations"},
                 {"+1:", "Relative revision +1 didn't produce 1 migrations"},
                 {"-1:dddd1", "Ambiguous walk"}, // down to which of two parents?
                 {"-1:heads", "Ambiguous walk"},
                 {"aaaa1:+1", "Ambiguous walk"},
             }) {
            CAPTURE(r.range);
            const auto found = select_range(graph, r.range);
            REQUIRE_FALSE(found.has_value());
            CHECK(found.error().message.starts_with(r.words));
        }
    }

    TEST_CASE("what a database has are its rows and the tips of what they depend on")
    {
        const revision_graph graph = test::sample_graph();
        CHECK(ids_of(*select_current(graph, {})).empty());
        CHECK(ids_of(*select_current(graph, {"cccc1", "bbbb1"})) == ids{"bbbb1", "cccc1"});
        CHECK(ids_of(*select_current(graph, {"ffff1"})) == ids{"eeee1", "ffff1"});
        const auto unknown = select_current(graph, {"bbbb1", "gone1"});
        REQUIRE_FALSE(unknown.has_value());
        CHECK(unknown.error().message == "Can't locate revision identified by 'gone1'");
    }

    TEST_CASE("only the word current asks the database")
    {
        for (const std::string_view text : {"current", "current:", ":current", "-3:current"})
            CHECK(names_current(text));
        for (const std::string_view text : {"", ":", "heads", "current1", "a:currents"})
            CHECK_FALSE(names_current(text));
        const revision_graph graph = test::sample_graph();
        CHECK(ids_of(*select(graph, "current", {"cccc1"})) == ids{"cccc1"});
        CHECK(ids_of(*select(graph, "heads")) == ids{"abcd1", "ffff1"});
    }
}
