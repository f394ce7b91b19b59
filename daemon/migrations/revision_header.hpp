// PURE. The header of a revision file: comments `-- key: value` and flags, in any order, in
// capitals or not, among comments that are nobody's business.
#pragma once

#include "daemon/migrations/revision.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

// What a line comment says, its words in lower case and one space apart: "no transaction".
std::string comment_words(std::string_view comment);

class revision_header {
public:
    void read(std::string_view comment, unsigned line);

    // Fills in the header's part; what is wrong with it, without a file's name.
    complaints fill(revision& out) const;

private:
    struct entry {
        std::string value;
        unsigned line = 0;
    };

    std::string id(complaints& wrong) const;
    std::vector<std::string> ids(std::string_view key, complaints& wrong) const;
    std::vector<dialect> dialects(complaints& wrong) const;

    std::map<std::string, entry, std::less<>> entries_; // by key
    complaints repeated_;
    bool is_transactional_ = true;
};

} // namespace weir::migrations
