// PURE. All revisions of a directory and how they follow on each other: Alembic's revision map.
#pragma once

#include "daemon/migrations/revision.hpp"
#include "pool/core/error.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

// Revisions of one graph, each once, in the order of all(). That is also the order of their
// addresses, so std::ranges::set_difference and its sisters work on them.
using revision_list = std::vector<const revision*>;

std::vector<std::string> ids_of(const revision_list& all);
bool contains(const revision_list& all, const revision* r);

// What counts as a step from one revision to the next.
enum class edges : std::uint8_t {
    parents, // down_revisions: the lines that history draws
    all,     // and depends_on
};

class revision_graph {
public:
    // Cycles, missing parents, missing depends_on and duplicate ids, all of them at once.
    static checked<revision_graph> make(std::vector<revision> all);

    // Parents and dependencies before whatever needs them; by file name among those that are free.
    std::span<const revision> all() const { return all_; }
    bool is_empty() const { return all_.empty(); }
    const revision* find(std::string_view id) const; // the whole id; null: there is none

    // All of these in the order of all().
    std::vector<std::string> heads() const;      // nobody's parent
    std::vector<std::string> real_heads() const; // nor depended on: what "heads" upgrades to
    std::vector<std::string> bases() const;
    std::vector<std::string> branch_points() const; // with several children
    std::vector<std::string> children(std::string_view id) const;

    // What Alembic's commands take for a revision: its id, the front of its id where that is
    // unambiguous, "head", "heads" or "base" (none), each also after "BRANCH@", where BRANCH is a
    // revision of that branch. The errors are Alembic's sentences.
    result<revision_list> resolve_all(std::string_view text) const;

    // One of them; null: the base.
    result<const revision*> resolve(std::string_view text) const;

    // `ids` and everything below them, parents first; everything above them likewise.
    revision_list ancestry(std::span<const std::string> ids, edges along = edges::all) const;
    revision_list progeny(std::span<const std::string> ids, edges along = edges::all) const;

    // Whether one is the other's ancestor, or the other itself, by down_revisions alone.
    bool share_lineage(const revision& a, const revision& b) const;

private:
    struct links { // positions in all_, each once
        std::vector<std::size_t> parents;
        std::vector<std::size_t> needs; // parents and depends_on
        std::vector<std::size_t> children;
        std::vector<std::size_t> needed_by;
    };
    using next = std::vector<std::size_t> links::*;

    void connect();
    std::size_t position(const revision& r) const
    {
        return static_cast<std::size_t>(&r - all_.data());
    }
    std::vector<std::string> ids_without(next which) const;
    revision_list reach(std::span<const std::string> from, next along) const;
    result<const revision*> resolve_id(std::string_view text, const revision* branch) const;

    std::vector<revision> all_;
    std::vector<links> links_; // of each of all_
    std::map<std::string, std::size_t, std::less<>> by_id_;
};

// Alembic's words for a revision that is not there, or is several.
error cannot_locate(std::string_view text, std::string detail = {});

} // namespace weir::migrations
