// The door to libpg_query: a text of PostgreSQL's SQL, parsed by PostgreSQL's own grammar.
#pragma once

#include "pool/core/error.hpp"

#include <pg_query/pg_query.pb-c.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace weir::sqlite {

class parse_tree {
public:
    // Syntax errors are 42601 with their position. A text of comments and white space is empty.
    static result<parse_tree> parse(std::string text);

    std::size_t size() const; // how many statements the text holds
    const PgQuery__Node& statement(std::size_t index) const;
    std::string_view text(std::size_t index) const; // of that statement alone
    std::string_view text() const { return *text_; }

private:
    struct unpacked_deleter {
        void operator()(PgQuery__ParseResult* tree) const;
    };
    std::unique_ptr<std::string> text_;
    std::unique_ptr<PgQuery__ParseResult, unpacked_deleter> tree_;
};

} // namespace weir::sqlite
