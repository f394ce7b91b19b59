// PURE. All revisions of a directory and how they follow on each other: Alembic's revision map.
#pragma once

#include "daemon/migrations/revision.hpp"
#include "pool/core/error.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

class revision_graph {
public:
    // Cycles, missing parents, missing depends_on and duplicate ids, all of them at once.
    static checked<revision_graph> make(std::vector<revision> all);

    std::span<const revision> all() const { return all_; } // parents before children, steadily
    bool is_empty() const { return all_.empty(); }
    const revision* find(std::string_view id) const; // the whole id; null: there is none

    std::vector<std::string> heads() const; // nobody's parent, in the order of all()
    std::vector<std::string> bases() const;
    std::vector<std::string> branch_points() const; // with several children
    std::vector<std::string> children(std::string_view id) const;

    // One revision by its id, the front of its id where that is unambiguous (at least four
    // characters, as in Alembic), or "head" where there is one. The errors are Alembic's sentences.
    result<const revision*> resolve(std::string_view text) const;

    // `ids` and everything below them, by down_revisions and depends_on; parents first.
    std::vector<const revision*> ancestry(std::span<const std::string> ids) const;

private:
    std::vector<revision> all_;
    std::map<std::string, std::size_t, std::less<>> by_id_;
};

} // namespace weir::migrations
