// PURE. SQL text -> as much of its tokens as splitting it needs: words, single characters, and
// quoted things as one; white space and block comments pass unseen. The rules are those of
// PostgreSQL's scan.l (manual, 4.1), with standard_conforming_strings on.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::migrations {

enum class token_kind : std::uint8_t {
    word,         // an unquoted identifier or a keyword
    quoted,       // a string, a quoted name, or a dollar quote; with its quotes
    other,        // any other character, and a number digit by digit: ( ) ; , 7
    line_comment, // from the dashes to the end of the line
    end,
};

struct token {
    token_kind kind = token_kind::end;
    std::string_view text; // lies in the lexer's text
    unsigned line = 0;     // of its first character
};

struct syntax_error {
    unsigned line = 0; // for what never ends, where it began
    std::string problem;
};

template <class T>
using parsed = boost::system::result<T, syntax_error>;

class sql_lexer {
public:
    sql_lexer(std::string_view sql, unsigned first_line) : sql_(sql), line_(first_line) {}

    parsed<token> next();

    // Nothing but blanks stands before `t` on its line.
    bool opens_its_line(const token& t) const;
    std::size_t offset(const token& t) const { return t.text.data() - sql_.data(); }

private:
    std::string_view rest() const { return sql_.substr(at_); }
    void skip_blanks();
    void skip_line_comment();
    parsed<void> skip_block_comment();
    parsed<void> skip_string(bool has_escapes);
    bool skip_to_continuation();
    parsed<void> skip_quoted_name();
    std::size_t dollar_tag_size() const; // with both dollars; 0: no dollar quote starts here
    parsed<void> skip_dollar_quote(std::size_t tag_size);
    parsed<token_kind> skip_token();

    std::string_view sql_;
    std::size_t at_ = 0;
    unsigned line_;
};

} // namespace weir::migrations
