// PURE. SQL text -> its statements, by a lexer that knows strings, quoted names, dollar quotes,
// nested comments and BEGIN ATOMIC bodies as PostgreSQL's does (manual, 4.1), never by the
// semicolons in them.
#pragma once

#include "daemon/migrations/sql_lexer.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

struct statement {
    std::string text;  // without its semicolon and the white space around it; never empty
    unsigned line = 1; // of its first word, in the file that it came from

    friend bool operator==(const statement&, const statement&) = default;
};

// `first_line` is the line of the first character. What never ends (a string, name, quote, comment,
// parenthesis or body) is an error, and so are psql's backslash commands and COPY FROM stdin.
// Statements of comments alone are left out.
parsed<std::vector<statement>> split_statements(std::string_view sql, unsigned first_line = 1);

// The words that a statement begins with, in lower case: create, index, concurrently.
std::vector<std::string> first_words(std::string_view sql, std::size_t count);

} // namespace weir::migrations
