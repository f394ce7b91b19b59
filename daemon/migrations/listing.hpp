// PURE. What `weir migrate` prints of revisions: Alembic's lines and entries, so that whoever reads
// those, person or program, finds here what he knows.
#pragma once

#include "daemon/migrations/plan.hpp"
#include "daemon/migrations/selection.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

// What a revision is among the others.
struct standing {
    bool is_head = false;        // nobody's parent ...
    bool is_depended_on = false; // ... but somebody's dependency: an "effective head"
    bool is_branch_point = false;
    bool is_merge_point = false;
    bool is_current = false; // a row of the database's, where that was asked
};

// The graph outlives it.
class listing {
public:
    explicit listing(const revision_graph& graph, std::vector<std::string> rows = {});

    standing of(const revision& r) const;
    const revision_list& children_of(const revision& r) const;

    std::string history(const revision_list& some, bool verbose) const;
    std::string heads(const revision_list& some, bool verbose) const;
    std::string branches(const revision_list& some, bool verbose) const;
    std::string current(const revision_list& some, bool verbose) const;
    std::string entry(const revision& r) const; // several lines: `show`, and all others' --verbose

private:
    std::string marks(const revision& r, bool with_tree) const;

    std::vector<std::string> rows_;
    std::map<const revision*, revision_list> children_;
    std::set<std::string_view> depended_on_;
};

// "Running upgrade a, b -> c, both again": what is said of a step that begins, online and offline.
std::string running(const step& s);

} // namespace weir::migrations
