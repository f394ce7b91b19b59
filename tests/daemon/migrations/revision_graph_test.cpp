#include "daemon/migrations/revision_graph.hpp"
#include "tests/daemon/migrations/graph_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace weir;
using namespace weir::migrations;
using weir::test::graph_of;

namespace {

using list = std::vector<std::string>;

list problems(const list& lines)
{
    const auto made = revision_graph::make(test::revisions_of(lines));
    REQUIRE_FALSE(made.has_value());
    list out;
    for (const complaint& c : made.error())
        out.push_back(to_text(c));
    return out;
}

// a - b - c     m merges, x stands alone and e needs it
//   \ d - e \ m
const list branched{"a", "b: a", "c: b", "d: a", "e: d / x", "m: c e", "x"};

} // namespace

TEST_SUITE("revision_graph")
{
    TEST_CASE("heads, bases, branch points and children are Alembic's")
    {
        const revision_graph g = graph_of(branched);
        CHECK(g.heads() == list{"x", "m"});
        CHECK(g.real_heads() == list{"m"});
        CHECK(g.bases() == list{"a", "x"});
        CHECK(g.branch_points() == list{"a"});
        CHECK(g.children("a") == list{"b", "d"});
        CHECK(g.children("x").empty()); // a dependency draws no line
        CHECK(g.find("e")->id == "e");
        CHECK(g.find("ee") == nullptr);
        CHECK(graph_of({}).heads().empty());
        CHECK(graph_of({}).is_empty());
    }

    TEST_CASE("parents come before children, by file name where either could")
    {
        list lines = branched;
        std::ranges::sort(lines);
        do {
            const revision_graph g = graph_of(lines);
            std::string order;
            for (const revision& r : g.all())
                order += r.id;
            REQUIRE(order == "abcdxem");
        } while (std::next_permutation(lines.begin() + 2, lines.end())); // the last five are enough
    }

    TEST_CASE("ancestry and progeny, with dependencies and without")
    {
        const revision_graph g = graph_of(branched);
        CHECK(ids_of(g.ancestry(list{"e"})) == list{"a", "d", "x", "e"});
        CHECK(ids_of(g.ancestry(list{"e"}, edges::parents)) == list{"a", "d", "e"});
        CHECK(ids_of(g.progeny(list{"x"})) == list{"x", "e", "m"});
        CHECK(ids_of(g.progeny(list{"x", "c"}, edges::parents)) == list{"c", "x", "m"});
        CHECK(g.ancestry(list{}).empty());
        CHECK(g.share_lineage(*g.find("m"), *g.find("b")));
        CHECK(g.share_lineage(*g.find("b"), *g.find("m")));
        CHECK(g.share_lineage(*g.find("b"), *g.find("b")));
        CHECK_FALSE(g.share_lineage(*g.find("b"), *g.find("d")));
        CHECK_FALSE(g.share_lineage(*g.find("x"), *g.find("e")));
    }

    TEST_CASE("a revision is found by its id, the front of it, or as head, heads and base")
    {
        const revision_graph g =
            graph_of({"ae1027", "ae1028: ae1027", "ae10: ae1028", "1975: ae10", "abc: ae10"});
        struct row {
            const char* text;
            list found;
        };
        for (const row& r : {row{"ae1028", {"ae1028"}},
                             row{"ae10", {"ae10"}}, // whole, though it begins others
                             row{"19", {"1975"}},
                             row{"heads", {"1975", "abc"}},
                             row{"base", {}},
                             row{"1975@head", {"1975"}},
                             row{"19@heads", {"1975"}},
                             row{"ae1027@heads", {"1975", "abc"}},
                             row{"1975@ae1027", {"ae1027"}},
                             row{"abc@base", {}}}) {
            CAPTURE(r.text);
            const auto found = g.resolve_all(r.text);
            REQUIRE(found.has_value());
            CHECK(ids_of(*found) == r.found);
        }
        CHECK((*graph_of({"a"}).resolve("head"))->id == "a");
        CHECK(*graph_of({"a"}).resolve("base") == nullptr);
        CHECK(graph_of({}).resolve_all("head")->empty());
    }

    TEST_CASE("what is not there, or is several, is refused in Alembic's sentences")
    {
        const revision_graph g =
            graph_of({"ae1027", "ae1028: ae1027", "ae1029: ae1027", "abc: ae1027"});
        struct row {
            const char* text;
            const char* message;
            const char* detail;
        };
        const char* const advice = "; please ensure at least four characters are present for "
                                   "partial revision identifier matches";
        for (const row& r : {
                 row{"zzzzzz", "'zzzzzz'", "No such revision or branch 'zzzzzz'"},
                 row{"ab", "'ab'", "No such revision or branch 'ab'"}, // too short an id to shorten
                 row{"", "''", "No such revision or branch ''"},
                 row{"ae102",
                     "'ae102'",
                     "Multiple revisions start with 'ae102': 'ae1027', 'ae1028', 'ae1029'..."},
                 row{"nope@head", "'nope'", "No such revision or branch 'nope'"},
                 row{"abc@ae1028", "'ae1028'", "Revision ae1028 is not a member of branch 'abc'"},
             }) {
            CAPTURE(r.text);
            const auto found = g.resolve_all(r.text);
            REQUIRE_FALSE(found.has_value());
            CHECK(found.error().message ==
                  std::string("Can't locate revision identified by ") + r.message);
            CHECK(found.error().code == sqlstate{"42704"});
            std::string detail = r.detail;
            if (detail.starts_with("No such") && std::string_view(r.message).size() < 6)
                detail += advice;
            CHECK(found.error().detail == detail);
        }
        for (const char* const text : {"head", "ae1027@head"}) {
            const auto found = g.resolve_all(text);
            REQUIRE_FALSE(found.has_value());
            CHECK(found.error().message ==
                  "Multiple head revisions are present for given argument '" + std::string(text) +
                      "'; please specify a specific target revision, '<branchname>@head' to narrow "
                      "to a specific head, or 'heads' for all heads");
            CHECK(found.error().detail == "The heads are abc, ae1028, ae1029.");
        }
        CHECK_FALSE(g.resolve("heads").has_value());
    }

    TEST_CASE("everything that keeps revisions from being a graph is said at once")
    {
        CHECK(problems({"a", "b: a nope", "a: b", "c: c", "d: b / d gone"}) ==
              list{"a.sql: Revision a is present more than once; it is also in a.sql",
                   "b.sql: Revision nope referenced from b is not present",
                   "c.sql: Self-loop is detected in revisions (c)",
                   "d.sql: Dependency self-loop is detected in revisions (d)",
                   "d.sql: Revision gone referenced from d is not present"});
        CHECK(problems({"a: c", "b: a", "c: b", "d: c", "p: q", "q: p", "z"}) ==
              list{"a.sql: Cycle is detected in revisions (a, b, c)",
                   "p.sql: Cycle is detected in revisions (p, q)"});
        CHECK(problems({"a / c", "b: a", "c / b", "d: c"}) ==
              list{"a.sql: Dependency cycle is detected in revisions (a, b, c)"});
    }
}
