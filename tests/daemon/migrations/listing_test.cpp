#include "daemon/migrations/listing.hpp"
#include "tests/daemon/migrations/sample_graph.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace weir;
using namespace weir::migrations;

namespace {

revision_list some(const revision_graph& graph, const test::ids& wanted)
{
    revision_list out;
    for (const std::string& id : wanted)
        out.push_back(graph.find(id));
    return out;
}

} // namespace

// The expected text is what Alembic 1.8 prints for the same graph.
TEST_SUITE("migrations")
{
    TEST_CASE("history, heads, branches and current read as Alembic's")
    {
        const revision_graph graph = test::sample_graph();
        const listing plain(graph);
        CHECK(plain.history(
                  some(graph, {"ffff1", "abcd1", "eeee1", "dddd1", "cccc2", "bbbb1", "aaaa1"}),
                  false) == "dddd1 (eeee1) -> ffff1 (head), needs\n"
                            "dddd1 -> abcd1 (head), empty message\n"
                            "<base> -> eeee1 (effective head), other base\n"
                            "bbbb1, cccc2 -> dddd1 (branchpoint) (mergepoint), both again\n"
                            "cccc1 -> cccc2, right side 2\n"
                            "aaaa1 -> bbbb1, left side\n"
                            "<base> -> aaaa1 (branchpoint), First things: a/b c\n");
        CHECK(plain.heads(some(graph, {"abcd1", "eeee1", "ffff1"}), false) ==
              "abcd1 (head)\n"
              "eeee1 (effective head)\n"
              "ffff1 (head)\n");
        CHECK(plain.branches(some(graph, {"dddd1"}), false) == "dddd1 (branchpoint) (mergepoint)\n"
                                                               "      -> abcd1 (head)\n"
                                                               "      -> ffff1 (head)\n"
                                                               "\n");
        const listing with_rows(graph, {"dddd1"});
        CHECK(with_rows.current(some(graph, {"dddd1"}), false) ==
              "dddd1 (current) (branchpoint) (mergepoint)\n");
        CHECK(with_rows.history(some(graph, {"dddd1"}), false) ==
              "bbbb1, cccc2 -> dddd1 (current) (branchpoint) (mergepoint), both again\n");
    }

    TEST_CASE("an entry says all that is known of a revision")
    {
        const revision_graph graph = test::sample_graph();
        const listing plain(graph);
        CHECK(plain.entry(*graph.find("dddd1")) == "Rev: dddd1 (branchpoint) (mergepoint)\n"
                                                   "Merges: bbbb1, cccc2\n"
                                                   "Branches into: abcd1, ffff1\n"
                                                   "Path: migrations/dddd1.sql\n"
                                                   "\n"
                                                   "    both again\n");
        CHECK(plain.entry(*graph.find("ffff1")) == "Rev: ffff1 (head)\n"
                                                   "Parent: dddd1\n"
                                                   "Also depends on: eeee1\n"
                                                   "Path: migrations/ffff1.sql\n"
                                                   "\n"
                                                   "    needs\n");
        revision special = test::revision("aaaa2", {}, "an index");
        special.is_transactional = false;
        special.only = {dialect::postgresql, dialect::sqlite};
        const revision_graph one = test::graph_of({special});
        CHECK(listing(one, {"aaaa2"}).entry(*one.find("aaaa2")) == "Rev: aaaa2 (head) (current)\n"
                                                                   "Parent: <base>\n"
                                                                   "Runs outside a transaction\n"
                                                                   "Only on: postgresql, sqlite\n"
                                                                   "Path: migrations/aaaa2.sql\n"
                                                                   "\n"
                                                                   "    an index\n");
    }

    TEST_CASE("verbose lists are the entries, a blank line after each")
    {
        const revision_graph graph = test::sample_graph();
        const listing plain(graph);
        const std::string expected = plain.entry(*graph.find("cccc2")) + '\n';
        const revision_list one = some(graph, {"cccc2"});
        CHECK(plain.history(one, true) == expected);
        CHECK(plain.heads(one, true) == expected);
        CHECK(plain.current(one, true) == expected);
        CHECK(plain.branches(some(graph, {"aaaa1"}), true) == plain.entry(*graph.find("aaaa1")) +
                                                                  "\n"
                                                                  "      -> bbbb1, left side\n"
                                                                  "      -> cccc1, right side\n"
                                                                  "\n");
    }

    TEST_CASE("a step that begins is told in Alembic's words")
    {
        const revision_graph graph = test::sample_graph();
        const auto up = plan_upgrade(graph, {"bbbb1", "cccc2"}, "dddd1");
        REQUIRE(up.has_value());
        CHECK(running(up->steps.front()) == "Running upgrade bbbb1, cccc2 -> dddd1, both again");
        const auto first = plan_upgrade(graph, {}, "aaaa1");
        REQUIRE(first.has_value());
        CHECK(running(first->steps.front()) == "Running upgrade  -> aaaa1, First things: a/b c");
        const auto stamp = plan_stamp(graph, {"bbbb1"}, "dddd1", false);
        REQUIRE(stamp.has_value());
        CHECK(running(stamp->steps.front()) == "Running stamp_revision bbbb1 -> dddd1");
        CHECK(running({.way = direction::downgrade,
                       .what = graph.find("dddd1"),
                       .rows_gone = {},
                       .rows_new = {},
                       .applied = {},
                       .taken_back = {}}) == "Running downgrade dddd1 -> bbbb1, cccc2, both again");
    }
}
