// PURE. One revision: what a file NNN_slug.sql says. A header of comments, then sections of SQL:
//
//     -- revision: 4be1a07c
//     -- down_revision: 9f21c3d0       none for the first, several (a, b) for a merge
//     -- message: add document comments
//     -- depends_on: 77aa01c4          also: `-- only: postgresql, sqlite` and `-- no transaction`
//
//     -- upgrade
//     CREATE TABLE comments (id bigint PRIMARY KEY);
//
//     -- downgrade
//     DROP TABLE comments;
#pragma once

#include "daemon/migrations/statement_splitter.hpp"
#include "pool/core/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

enum class dialect : std::uint8_t { postgresql, sqlite, mysql };
std::string_view to_string(dialect d);

struct revision {
    std::string id;
    std::vector<std::string> down_revisions; // none: a base; several: a merge
    std::vector<std::string> depends_on;     // must be applied before, though not a parent
    std::string message;                     // empty when not given
    std::string file;                        // the path, for messages
    std::string checksum;                    // SHA-256 of the file's bytes, in hex
    bool is_transactional = true;            // false: `-- no transaction`
    std::vector<dialect> only;               // elsewhere nothing runs; empty = everywhere
    std::vector<statement> upgrade;
    std::optional<std::vector<statement>> downgrade; // nothing: there is no way back

    bool runs_on(dialect d) const;

    friend bool operator==(const revision&, const revision&) = default;
};

// What is wrong with a set of revision files, all at once; `file` may be empty.
struct complaint {
    std::string file;
    unsigned line = 0; // 0 = the whole file
    std::string problem;

    friend bool operator==(const complaint&, const complaint&) = default;
};
using complaints = std::vector<complaint>;
std::string
to_text(const complaint& c); // migrations/041_x.sql:12: there is no section "-- upgrade"

template <class T>
using checked = boost::system::result<T, complaints>;

// The checksum is left to whoever read the file.
checked<revision> parse_revision(std::string_view text, const std::string& file);

// The text of a new file, which parse_revision reads back.
std::string to_text(const revision& r);

} // namespace weir::migrations
