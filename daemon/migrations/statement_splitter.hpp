// PURE. SQL text -> its statements, by a lexer that knows strings, quoted names, dollar quotes,
// nested comments and BEGIN ATOMIC bodies as PostgreSQL's does (manual, 4.1), never by the
// semicolons in them.
#pragma once

#include "pool/core/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

struct statement {
    std::string text;  // without its semicolon and the white space around it; never empty
    unsigned line = 1; // of its first word, in the file that it came from

    friend bool operator==(const statement&, const statement&) = default;
};

// `first_line` is the line of the first character. An unterminated string, name, quote or comment
// is a 42601 that names the line where it began. Statements of comments alone are left out.
result<std::vector<statement>> split_statements(std::string_view sql, unsigned first_line = 1);

} // namespace weir::migrations
