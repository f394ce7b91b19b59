// Cuts SQL into its tokens, as PostgreSQL's scanner does (4.1 Lexical Structure), so that words and
// semicolons in literals and comments are told from those that count. Borrows the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::pgwire {

struct sql_token {
    enum class kind : std::uint8_t {
        end,
        word,   // a keyword or a name, as it was written
        quoted, // "a name", with its quotes
        semicolon,
        other,   // literals, operators, numbers ...
        unclear, // where it ends depends on settings, or it never ends
    };
    kind what = kind::end;
    std::size_t at = 0;
    std::string_view text = {};
};

// The name that a word or a quoted name stands for: folded unless it was quoted, and cut to the 63
// bytes that PostgreSQL keeps. Empty when it is no name.
std::string identifier(const sql_token& token);

class sql_tokens {
public:
    explicit sql_tokens(std::string_view sql) : sql_(sql) {}

    sql_token next();

private:
    void skip_blanks();
    void skip_comment();
    sql_token take(sql_token::kind what, std::size_t end);
    sql_token word();
    sql_token quoted(char quote, std::size_t from, bool escapes, sql_token::kind what);
    sql_token dollar();
    char at(std::size_t i) const { return i < sql_.size() ? sql_[i] : '\0'; }

    std::string_view sql_;
    std::size_t at_ = 0;
};

} // namespace weir::pgwire
