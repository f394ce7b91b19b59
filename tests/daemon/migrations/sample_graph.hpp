// A graph of every shape: a branch, a merge, a second base that is depended on, two heads.
//
//     aaaa1 --- bbbb1 --------- dddd1 --- ffff1 (depends on eeee1)
//           \-- cccc1 - cccc2 -/      \-- abcd1
//     eeee1
#pragma once

#include "daemon/migrations/revision_graph.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace weir::test {

using ids = std::vector<std::string>;

inline migrations::revision
revision(std::string id, ids parents, std::string message, ids depends_on = {})
{
    migrations::revision r;
    r.id = std::move(id);
    r.down_revisions = std::move(parents);
    r.depends_on = std::move(depends_on);
    r.message = std::move(message);
    r.file = "migrations/" + r.id + ".sql";
    return r;
}

inline migrations::revision_graph graph_of(std::vector<migrations::revision> all)
{
    auto graph = migrations::revision_graph::make(std::move(all));
    REQUIRE(graph.has_value());
    return std::move(*graph);
}

inline migrations::revision_graph sample_graph()
{
    return graph_of({
        revision("aaaa1", {}, "First things: a/b c"),
        revision("bbbb1", {"aaaa1"}, "left side"),
        revision("cccc1", {"aaaa1"}, "right side"),
        revision("cccc2", {"cccc1"}, "right side 2"),
        revision("dddd1", {"bbbb1", "cccc2"}, "both again"),
        revision("eeee1", {}, "other base"),
        revision("ffff1", {"dddd1"}, "needs", {"eeee1"}),
        revision("abcd1", {"dddd1"}, ""),
    });
}

} // namespace weir::test
