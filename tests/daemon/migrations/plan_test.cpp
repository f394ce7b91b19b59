#include "daemon/migrations/plan.hpp"
#include "tests/daemon/migrations/graph_fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace weir;
using namespace weir::migrations;
using weir::test::graph_of;

namespace {

using list = std::vector<std::string>;

// "+b -a +b" would be: b applied, row a gone, row b new. The steps of a plan, or its error.
std::string told(const result<plan>& p)
{
    if (!p)
        return p.error().message;
    std::string out;
    for (const step& s : p->steps) {
        out += out.empty() ? "" : "; ";
        out += s.way == direction::stamp ? "stamp" : s.way == direction::upgrade ? "up" : "down";
        if (s.way != direction::stamp)
            out += ' ' + s.what->id;
        out += ':';
        for (const std::string& id : s.rows_gone)
            out += " -" + id;
        for (const std::string& id : s.rows_new)
            out += " +" + id;
    }
    return out;
}

struct row {
    list current;
    const char* target;
    std::string told;
};

std::string no_such(const std::string& id)
{
    return "Can't locate revision identified by '" + id + '\'';
}

// a1 - b1 - b2 \ m1 - n1
//    \ c1 - c2 /
const list merged{"a1", "b1: a1", "b2: b1", "c1: a1", "c2: c1", "m1: b2 c2", "n1: m1"};

// Two lines, of which one needs the other: y2 depends on x1.
const list dependent{"x1", "x2: x1", "y1", "y2: y1 / x1"};

} // namespace

TEST_SUITE("plan")
{
    TEST_CASE("an upgrade goes through branches and merges, and the rows follow")
    {
        const revision_graph g = graph_of(merged);
        for (const row& r : {
                 row{{},
                     "head",
                     "up a1: +a1; up b1: -a1 +b1; up b2: -b1 +b2; up c1: +c1; "
                     "up c2: -c1 +c2; up m1: -b2 -c2 +m1; up n1: -m1 +n1"},
                 row{{}, "a1", "up a1: +a1"},
                 row{{"b1"}, "c1", "up c1: +c1"},
                 row{{"b2", "c1"}, "m1", "up c2: -c1 +c2; up m1: -b2 -c2 +m1"},
                 row{{"n1"}, "heads", ""},
                 row{{"n1"}, "b1", ""}, // it is there already
                 row{{"n1"}, "base", ""},
                 row{{}, "+1", "up a1: +a1"},
                 row{{"m1"}, "+1", "up n1: -m1 +n1"},
                 row{{"a1"}, "b1+1", "up b1: -a1 +b1; up b2: -b1 +b2"},
                 row{{"a1"}, "b2-1", "up b1: -a1 +b1"},
                 row{{}, "base+1", "up a1: +a1"},
                 row{{"b1", "c1"}, "b1@+1", "up b2: -b1 +b2"},
                 row{{"a1"}, "c1@+2", "up c1: -a1 +c1; up c2: -c1 +c2"},
                 row{{}, "c1@+2", "up a1: +a1; up c1: -a1 +c1"},
                 row{{"b1"}, "c2@+1", "up c1: +c1"},
             }) {
            CAPTURE(r.current.size());
            CAPTURE(r.target);
            CHECK(told(plan_upgrade(g, r.current, r.target)) == r.told);
        }
    }

    TEST_CASE("an upgrade that cannot be is refused in Alembic's words")
    {
        const revision_graph g = graph_of(merged);
        for (const row& r : {
                 row{{}, "zz", no_such("zz")},
                 row{{"zz"}, "head", no_such("zz")},
                 row{{"a"}, "head", no_such("a")}, // a row is never the front of an id
                 row{{"a1"}, "+1", "Ambiguous walk"},
                 row{{"n1"}, "+1", "Relative revision +1 didn't produce 1 migrations"},
                 row{{"m1"}, "+2", "Relative revision +2 didn't produce 2 migrations"},
                 row{{"m1"}, "-1", "Relative revision -1 didn't produce 1 migrations"},
                 row{{"m1"}, "+0", "Relative revision +0 didn't produce 0 migrations"},
                 row{{"b1", "c1"}, "+1", "Ambiguous upgrade from multiple current revisions"},
                 row{{"a1"}, "n1-2", "Ambiguous walk"},
                 row{{"a1", "b1"},
                     "head",
                     "Requested revision b1 overlaps with other requested "
                     "revisions a1"},
                 row{{}, "a1:n1", "Range revision not allowed"},
                 row{{}, "+", no_such("+")},
                 row{{}, "+1x", no_such("+1x")},
                 row{{}, "", no_such("")},
             }) {
            CAPTURE(r.target);
            CHECK(told(plan_upgrade(g, r.current, r.target)) == r.told);
        }
        CHECK(told(plan_upgrade(graph_of({"a1", "b1"}), {}, "head")).starts_with("Multiple head"));
        CHECK(told(plan_upgrade(graph_of({"a1", "b1"}), {}, "+1")) == "Ambiguous walk");
    }

    TEST_CASE("a downgrade takes back what follows its target, and whatever needs that")
    {
        const revision_graph g = graph_of(merged);
        for (const row& r : {
                 row{{"n1"},
                     "base",
                     "down n1: -n1 +m1; down m1: -m1 +b2 +c2; down c2: -c2 +c1; "
                     "down c1: -c1; down b2: -b2 +b1; down b1: -b1 +a1; down a1: -a1"},
                 row{{"n1"}, "-1", "down n1: -n1 +m1"},
                 row{{"n1"}, "m1", "down n1: -n1 +m1"},
                 row{{"n1"}, "n1", ""},
                 row{{"n1"}, "b2", "down n1: -n1 +m1; down m1: -m1 +b2 +c2"},
                 row{{"n1"}, "b1", "down n1: -n1 +m1; down m1: -m1 +b2 +c2; down b2: -b2 +b1"},
                 row{{"b2", "c2"}, "b2@-1", "down b2: -b2 +b1"},
                 row{{"b2", "c2"}, "b1@-2", "down b2: -b2 +b1; down b1: -b1"},
                 row{{"b2", "c1"}, "b2-2", "down c1: -c1; down b2: -b2 +b1; down b1: -b1 +a1"},
                 row{{"b2", "c1"}, "a1", "down c1: -c1; down b2: -b2 +b1; down b1: -b1 +a1"},
                 row{{"a1"}, "-1", "down a1: -a1"},
                 row{{"m1"}, "a1+1-1", no_such("a1+1-1")},
                 row{{"n1"}, "m1+1", ""},
                 row{{}, "base", ""},
             }) {
            CAPTURE(r.target);
            CHECK(told(plan_downgrade(g, r.current, r.target)) == r.told);
        }
    }

    TEST_CASE("a downgrade that cannot be is refused")
    {
        const revision_graph g = graph_of(merged);
        for (const row& r : {
                 row{{"m1"}, "-1", "Ambiguous walk"},
                 row{{"a1"}, "-2", "Relative revision -2 didn't produce 2 migrations"},
                 row{{"m1"}, "b1-3", "Walked too far"},
                 row{{"m1"}, "n1+1", "Walked too far"},
                 row{{}, "-1", "Relative revision -1 didn't produce 1 migrations"},
                 row{{"a1"}, "+1", "Relative revision +1 didn't produce 1 migrations"},
                 row{{"b2", "c2"}, "-1", "downgrade -1 from multiple heads is ambiguous"},
                 row{{"a1"},
                     "b1",
                     "Destination b1 is not a valid downgrade target from current "
                     "head(s)"},
                 row{{"zz"}, "base", no_such("zz")},
                 row{{"a1"}, "a1:base", "Range revision not allowed"},
             }) {
            CAPTURE(r.target);
            CHECK(told(plan_downgrade(g, r.current, r.target)) == r.told);
        }
        std::vector<revision> all = test::revisions_of({"a1", "b1: a1"});
        all[1].downgrade.reset();
        const auto stuck = revision_graph::make(all);
        REQUIRE(stuck.has_value());
        CHECK(told(plan_downgrade(*stuck, {"b1"}, "base")) ==
              "there is no section \"-- downgrade\" in b1.sql");
        CHECK(told(plan_downgrade(*stuck, {"a1"}, "base")) == "down a1: -a1");
    }

    TEST_CASE("a row stays away while another one implies it by depends_on")
    {
        const revision_graph g = graph_of(dependent);
        for (const row& r : {
                 row{{}, "y2", "up x1: +x1; up y1: +y1; up y2: -y1 -x1 +y2"},
                 row{{}, "heads", "up x1: +x1; up x2: -x1 +x2; up y1: +y1; up y2: -y1 +y2"},
                 row{{"y2"}, "x2", "up x2: +x2"}, // x1 is no row
                 row{{"y2"}, "x1@+1", "up x2: +x2"},
             }) {
            CAPTURE(r.target);
            CHECK(told(plan_upgrade(g, r.current, r.target)) == r.told);
        }
        for (const row& r : {
                 row{{"y2"}, "-1", "down y2: -y2 +x1 +y1"},
                 row{{"x2", "y2"}, "y2@-1", "down y2: -y2 +y1"},
                 row{{"x2", "y2"}, "x2@-1", "down x2: -x2"}, // y2 implies x1
                 row{{"y2"}, "x1@base", "down y2: -y2 +x1 +y1; down x1: -x1"},
                 row{{"x2", "y2"},
                     "base",
                     "down y2: -y2 +y1; down y1: -y1; down x2: -x2 +x1; "
                     "down x1: -x1"},
             }) {
            CAPTURE(r.target);
            CHECK(told(plan_downgrade(g, r.current, r.target)) == r.told);
        }
    }

    TEST_CASE("a dependency on one's own ancestor leaves no row of it behind")
    {
        const revision_graph g = graph_of({"a", "b: a", "c: b / a"});
        CHECK(told(plan_upgrade(g, {}, "head")) == "up a: +a; up b: -a +b; up c: -b +c");
        CHECK(told(plan_downgrade(g, {"c"}, "b")) == "down c: -c +b");
    }

    TEST_CASE("a stamp moves the rows of the line that it is in, and no others")
    {
        const revision_graph g = graph_of(merged);
        for (const row& r : {
                 row{{}, "head", "stamp: +n1"},
                 row{{"n1"}, "head", "stamp:"},
                 row{{"b1"}, "b2", "stamp: -b1 +b2"},
                 row{{"b1"}, "c1", "stamp: +c1"},
                 row{{"b2", "c2"}, "n1", "stamp: -b2 -c2 +n1"},
                 row{{"n1"}, "b1", "stamp: -n1 +b1"},
                 row{{"n1"}, "b1,c1", "stamp: -n1 +b1 +c1"},
                 row{{"b2", "c2"}, "base", "stamp: -b2 -c2"},
                 row{{"b1", "a1"}, "m1", "stamp: -a1 -b1 +m1"}, // a table that never was right
                 row{{"zz"}, "head", no_such("zz")},
                 row{{"zz"}, "base", no_such("zz")},
                 row{{},
                     "a1, b1",
                     "Requested revision b1 overlaps with other requested revisions a1"},
                 row{{}, "", no_such("")},
             }) {
            CAPTURE(r.target);
            CHECK(told(plan_stamp(g, r.current, r.target, false)) == r.told);
        }
        CHECK(told(plan_stamp(graph_of(dependent), {"y2"}, "heads", false)) == "stamp: +x2");
        CHECK(told(plan_stamp(g, {"zz"}, "b1", true)) == "stamp: -zz +b1");
    }

    TEST_CASE("a stamp says what counts as applied")
    {
        const revision_graph g = graph_of(merged);
        const auto p = plan_stamp(g, {"c1"}, "b1", true);
        REQUIRE(p.has_value());
        REQUIRE(p->steps.size() == 1);
        const step& s = p->steps[0];
        CHECK(s.purges);
        CHECK(s.what == g.find("b1"));
        CHECK(s.applied == revision_list{g.find("a1"), g.find("b1")});
        CHECK(s.taken_back == revision_list{g.find("c1")});
        CHECK(p->before == list{"c1"});
        CHECK(p->after == list{"b1"});
        const auto same = plan_stamp(g, {"b1"}, "b1", true);
        REQUIRE(same.has_value());
        CHECK(same->steps.at(0).rows_new == list{"b1"}); // it has been forgotten with the rest
    }

    TEST_CASE("offline, a range says where to start")
    {
        using enum direction;
        const revision_graph g = graph_of(merged);
        CHECK(told(plan_offline(g, upgrade, "m1:head")) == "up n1: -m1 +n1");
        CHECK(told(plan_offline(g, upgrade, "b1")) == "up a1: +a1; up b1: -a1 +b1");
        CHECK(told(plan_offline(g, upgrade, "base:+1")) == "up a1: +a1");
        CHECK(told(plan_offline(g, downgrade, "n1:m1")) == "down n1: -n1 +m1");
        CHECK(told(plan_offline(g, downgrade, "m1")) ==
              "downgrade with --sql requires <fromrev>:<torev>");
        CHECK(told(plan_offline(g, stamp, "b1:b2")) == "stamp: -b1 +b2");
        CHECK(told(plan_offline(g, upgrade, "zz:head")) == no_such("zz"));
        CHECK(told(plan_offline(g, upgrade, "a1:b1:b2")) == "Range revision not allowed");
    }
}
