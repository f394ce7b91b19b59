// PURE. A new revision: which ones it follows, its id and the name of its file.
#pragma once

#include "daemon/migrations/revision_graph.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

struct new_revision {
    std::string id;
    std::string message;                 // empty: "empty message", as Alembic has it
    std::vector<std::string> on{"head"}; // what it follows: "head", "heads", "base", revisions
    std::vector<std::string> depends_on;
    bool splice = false; // it may follow what is not a head, and so begin a branch
};

// With empty sections to be filled in. The errors are Alembic's sentences.
result<revision> make_revision(const revision_graph& graph, const new_revision& wanted);

// Twelve hexadecimal digits, as Alembic's ids.
std::string revision_id(std::uint64_t chance);

// "Add a column: a/b" -> "add_a_column_a_b", of at most 40 characters.
std::string slug(std::string_view message);

// The number after the highest of `names` in as many digits, three at least: "012_", "0013_".
class file_numbers {
public:
    explicit file_numbers(const std::vector<std::string>& names);
    std::string next(std::string_view slug); // "012_add_a_column.sql"

private:
    unsigned long highest_ = 0;
    std::size_t digits_ = 3;
};

} // namespace weir::migrations
