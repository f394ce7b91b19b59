// Plans over random graphs, against a model that knows nothing but sets: what is applied, and that
// the version table's rows are what no other applied revision needs.
#include "daemon/migrations/plan.hpp"
#include "tests/daemon/migrations/graph_fixture.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::migrations;

namespace {

using list = std::vector<std::string>;
using id_set = std::set<std::string>;

class dice {
public:
    explicit dice(std::uint64_t seed) : engine_(seed) {}

    std::size_t below(std::size_t n) { return engine_() % n; }
    bool one_in(std::size_t n) { return below(n) == 0; }
    template <class T>
    const T& of(const std::vector<T>& all)
    {
        return all[below(all.size())];
    }

private:
    std::mt19937_64 engine_;
};

// Mostly lines, with branches, merges, several bases and dependencies; ids in no useful order.
revision_graph random_graph(dice& d)
{
    const std::size_t size = 1 + d.below(14);
    list ids;
    std::vector<revision> all;
    for (std::size_t i = 0; i < size; ++i) {
        std::string id = std::to_string(d.below(900'000) + 100'000);
        id += 'x';
        id += std::to_string(i);
        revision r = test::revision_of(id);
        id_set parents;
        id_set needs;
        if (!ids.empty() && !d.one_in(6))
            parents.insert(d.one_in(3) ? d.of(ids) : ids.back());
        while (!ids.empty() && d.one_in(4))
            parents.insert(d.of(ids));
        while (!ids.empty() && d.one_in(5))
            needs.insert(d.of(ids));
        r.down_revisions = {parents.begin(), parents.end()};
        r.depends_on = {needs.begin(), needs.end()};
        ids.push_back(r.id);
        all.push_back(std::move(r));
    }
    std::shuffle(all.begin(), all.end(), std::mt19937_64{d.below(1'000)});
    auto made = revision_graph::make(std::move(all));
    REQUIRE(made.has_value());
    return std::move(*made);
}

list needs_of(const revision& r)
{
    list out = r.down_revisions;
    out.insert(out.end(), r.depends_on.begin(), r.depends_on.end());
    return out;
}

class model {
public:
    explicit model(const revision_graph& g) : graph_(g) {}

    id_set applied;

    list rows() const
    {
        id_set out = applied;
        for (const std::string& id : applied)
            for (const std::string& below : below_of(id))
                out.erase(below);
        return {out.begin(), out.end()};
    }

    void apply(const std::string& id)
    {
        const id_set below = below_of(id);
        applied.insert(below.begin(), below.end());
        applied.insert(id);
    }

    // By parents, but whatever needs one of those by dependency goes as well.
    void take_back_above(const std::string& id)
    {
        for (const revision& r : graph_.all())
            if (std::ranges::count(r.down_revisions, id) > 0)
                take_back(r.id);
    }

    void take_back(const std::string& id)
    {
        for (const revision& r : graph_.all())
            if (r.id == id || below_of(r.id).contains(id))
                applied.erase(r.id);
    }

private:
    id_set below_of(const std::string& id) const
    {
        id_set out;
        for (const std::string& need : needs_of(*graph_.find(id)))
            if (out.insert(need).second)
                out.merge(below_of(need));
        return out;
    }

    const revision_graph& graph_;
};

// Runs the plan's steps on a table of rows and a set of applied revisions, and checks each.
void run(const plan& p, id_set& table, id_set& applied)
{
    REQUIRE(p.before == list(table.begin(), table.end()));
    for (const step& s : p.steps) {
        for (const std::string& id : s.rows_gone)
            REQUIRE(table.erase(id) == 1);
        for (const std::string& id : s.rows_new)
            REQUIRE(table.insert(id).second);
        if (s.way == direction::upgrade) {
            for (const std::string& need : needs_of(*s.what))
                REQUIRE(applied.contains(need));
            REQUIRE(applied.insert(s.what->id).second);
        } else if (s.way == direction::downgrade) {
            REQUIRE(applied.erase(s.what->id) == 1);
            for (const std::string& id : s.rows_new)
                REQUIRE(applied.contains(id));
        } else {
            for (const revision* const r : s.taken_back)
                REQUIRE(applied.erase(r->id) == 1);
            for (const revision* const r : s.applied)
                applied.insert(r->id);
        }
    }
    REQUIRE(p.after == list(table.begin(), table.end()));
}

list ids_of(const revision_graph& g)
{
    list out;
    for (const revision& r : g.all())
        out.push_back(r.id);
    return out;
}

constexpr int graphs = 300;

// A database that one of the plans has brought somewhere.
struct world {
    const revision_graph& graph;
    id_set table = {};
    id_set applied = {};

    list rows() const { return {table.begin(), table.end()}; }
    void follow(const result<plan>& p)
    {
        REQUIRE_MESSAGE(p.has_value(), p.error().message);
        run(*p, table, applied);
    }
};

} // namespace

TEST_SUITE("plan")
{
    TEST_CASE("random walks: every plan is an order that works, and ends where a naive model does")
    {
        const std::uint64_t seed = test::seed();
        CAPTURE(seed);
        dice d{seed};
        for (int round = 0; round < graphs; ++round) {
            const revision_graph g = random_graph(d);
            const list ids = ids_of(g);
            world w{g};
            model m{g};
            for (int i = 0; i < 12; ++i) {
                const std::string target = d.of(ids);
                switch (d.below(4)) {
                case 0:
                    w.follow(plan_upgrade(g, w.rows(), target));
                    m.apply(target);
                    break;
                case 1:
                    w.follow(plan_upgrade(g, w.rows(), "heads"));
                    for (const std::string& id : ids)
                        m.apply(id);
                    break;
                case 2: {
                    const id_set before = m.applied;
                    m.take_back_above(target);
                    const auto p = plan_downgrade(g, w.rows(), target);
                    if (p)
                        w.follow(p);
                    else
                        CHECK(m.applied == before); // there is nothing to take back
                    break;
                }
                default:
                    w.follow(plan_stamp(g, w.rows(), target, d.one_in(2)));
                    CHECK(w.applied.contains(target));
                    m.applied = w.applied;
                    break;
                }
                CHECK(w.applied == m.applied);
                CHECK(w.rows() == m.rows());
            }
        }
    }

    TEST_CASE("an upgrade, taken back, leaves what was there before")
    {
        const std::uint64_t seed = test::seed();
        CAPTURE(seed);
        dice d{seed};
        for (int round = 0; round < graphs; ++round) {
            const revision_graph g = random_graph(d);
            const list ids = ids_of(g);
            world w{g};
            const std::string target = d.of(ids);
            w.follow(plan_upgrade(g, {}, target));
            w.follow(plan_downgrade(g, w.rows(), "base"));
            CHECK(w.applied.empty());
            CHECK(w.table.empty());

            // Up to `low`, from there to `high`, and back to `low`: only what is in other lines,
            // and would not have been taken back, may stay.
            const std::string low = d.of(ids);
            w.follow(plan_upgrade(g, {}, low));
            const id_set applied = w.applied;
            const list rows = w.rows();
            const auto up = plan_upgrade(g, rows, d.of(ids));
            w.follow(up);
            model m{g};
            m.applied = w.applied;
            m.take_back_above(low);
            const auto down = plan_downgrade(g, w.rows(), low);
            if (!down)
                continue;
            w.follow(down);
            CHECK(w.applied == m.applied);
            if (m.applied == applied)
                CHECK(w.rows() == rows);
        }
    }

    TEST_CASE("partial upgrades compose")
    {
        const std::uint64_t seed = test::seed();
        CAPTURE(seed);
        dice d{seed};
        for (int round = 0; round < graphs; ++round) {
            const revision_graph g = random_graph(d);
            const list ids = ids_of(g);
            world at_once{g};
            at_once.follow(plan_upgrade(g, {}, "heads"));
            CHECK(at_once.applied == id_set(ids.begin(), ids.end()));
            CHECK(at_once.rows() == [&] {
                list heads = g.real_heads();
                std::ranges::sort(heads);
                return heads;
            }());
            world in_parts{g};
            for (int i = 0; i < 3; ++i)
                in_parts.follow(plan_upgrade(g, in_parts.rows(), d.of(ids)));
            in_parts.follow(plan_upgrade(g, in_parts.rows(), "heads"));
            CHECK(in_parts.applied == at_once.applied);
            CHECK(in_parts.rows() == at_once.rows());
        }
    }

    TEST_CASE("one line: as many steps up as down, and every way there is the same")
    {
        const std::uint64_t seed = test::seed();
        CAPTURE(seed);
        dice d{seed};
        const revision_graph g = test::graph_of({"a", "b: a", "c: b", "d: c", "e: d", "f: e"});
        world w{g};
        for (std::size_t here = 0, i = 0; i < 200; ++i) {
            const std::size_t there = d.below(7);
            std::string target{there > here ? "+" : "-"};
            target += std::to_string(there > here ? there - here : here - there);
            if (there != here)
                w.follow(there > here ? plan_upgrade(g, w.rows(), target)
                                      : plan_downgrade(g, w.rows(), target));
            here = there;
            CHECK(w.applied.size() == here);
        }
    }

    TEST_CASE("whatever is asked for, the answer is a plan that works or an error with words")
    {
        const std::uint64_t seed = test::seed();
        CAPTURE(seed);
        dice d{seed};
        const list
            scraps{"@", "+", "-", ":", ",", "head", "heads", "base", "1", "99999999999", "r", " "};
        for (int round = 0; round < graphs; ++round) {
            const revision_graph g = random_graph(d);
            const list ids = ids_of(g);
            world w{g};
            for (int i = 0; i < 20; ++i) {
                std::string target;
                for (std::size_t parts = d.below(5); parts > 0; --parts)
                    target += d.one_in(3) ? d.of(ids).substr(0, 1 + d.below(9)) : d.of(scraps);
                CAPTURE(target);
                id_set table = w.table;
                if (d.one_in(5)) // rows that no plan would leave
                    table = {d.of(ids), d.of(ids), d.one_in(4) ? "unknown" : d.of(ids)};
                const list rows(table.begin(), table.end());
                for (const auto& p : {plan_upgrade(g, rows, target),
                                      plan_downgrade(g, rows, target),
                                      plan_stamp(g, rows, target, d.one_in(2)),
                                      plan_offline(g, direction::downgrade, target)}) {
                    if (!p)
                        CHECK_FALSE(p.error().message.empty());
                    else if (p->before == w.rows() && d.one_in(3) && !rows.empty())
                        w.follow(p);
                }
            }
        }
    }
}
