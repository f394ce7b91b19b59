// Graphs in a line a revision: "m: b c / x" is m, whose parents are b and c, and which depends on
// x.
#pragma once

#include "daemon/migrations/revision_graph.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

namespace weir::test {

inline migrations::revision revision_of(const std::string& line)
{
    migrations::revision r;
    std::istringstream words{line};
    std::vector<std::string>* into = &r.down_revisions;
    words >> r.id;
    if (r.id.ends_with(':'))
        r.id.pop_back();
    for (std::string word; words >> word;)
        if (word == "/")
            into = &r.depends_on;
        else
            into->push_back(word);
    r.file = r.id + ".sql";
    r.checksum = "sum of " + r.id;
    r.upgrade = {{"CREATE " + r.id, 1}};
    r.downgrade = {{"DROP " + r.id, 2}};
    return r;
}

inline std::vector<migrations::revision> revisions_of(const std::vector<std::string>& lines)
{
    std::vector<migrations::revision> out;
    for (const std::string& line : lines)
        out.push_back(revision_of(line));
    return out;
}

inline migrations::revision_graph graph_of(const std::vector<std::string>& lines)
{
    auto made = migrations::revision_graph::make(revisions_of(lines));
    REQUIRE(made.has_value());
    return std::move(*made);
}

} // namespace weir::test
