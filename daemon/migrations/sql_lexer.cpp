#include "daemon/migrations/sql_lexer.hpp"

#include <algorithm>

namespace weir::migrations {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool starts_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool continues_word(char c) { return starts_word(c) || is_digit(c) || c == '$'; }

unsigned newlines(std::string_view text)
{
    return static_cast<unsigned>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

parsed<token> sql_lexer::next()
{
    skip_blanks();
    while (rest().starts_with("/*")) {
        if (const parsed<void> comment = skip_block_comment(); !comment)
            return comment.error();
        skip_blanks();
    }
    const std::size_t begin = at_;
    const unsigned line = line_;
    const auto kind = skip_token();
    if (!kind)
        return syntax_error{line, kind.error().problem};
    const std::string_view text = sql_.substr(begin, at_ - begin);
    line_ += newlines(text);
    return token{*kind, text, line};
}

bool sql_lexer::opens_its_line(const token& t) const
{
    for (std::size_t i = offset(t); i > 0 && sql_[i - 1] != '\n' && sql_[i - 1] != '\r'; --i)
        if (!is_blank(sql_[i - 1]))
            return false;
    return true;
}

parsed<token_kind> sql_lexer::skip_token()
{
    using enum token_kind;
    const std::string_view text = rest();
    const auto quoted_by = [](const parsed<void>& s) -> parsed<token_kind> {
        if (!s)
            return s.error();
        return quoted;
    };
    if (text.empty())
        return end;
    if (text.starts_with("--"))
        return skip_line_comment(), line_comment;
    if (text.starts_with('\''))
        return quoted_by(skip_string(false));
    if (text.starts_with('"'))
        return quoted_by(skip_quoted_name());
    if (const std::size_t tag = dollar_tag_size())
        return quoted_by(skip_dollar_quote(tag));
    if (text.starts_with("E'") || text.starts_with("e'")) {
        ++at_;
        return quoted_by(skip_string(true));
    }
    ++at_;
    if (!starts_word(text.front()))
        return other;
    while (at_ < sql_.size() && continues_word(sql_[at_]))
        ++at_;
    return word;
}

void sql_lexer::skip_blanks()
{
    for (; at_ < sql_.size() && is_blank(sql_[at_]); ++at_)
        line_ += sql_[at_] == '\n' ? 1 : 0;
}

void sql_lexer::skip_line_comment()
{
    at_ = std::min(sql_.find_first_of("\r\n", at_), sql_.size());
}

parsed<void> sql_lexer::skip_block_comment() // they nest
{
    const std::size_t begin = at_;
    unsigned depth = 0;
    do {
        const std::string_view two = rest().substr(0, 2);
        if (two.size() < 2)
            return syntax_error{line_, "unterminated /* comment"};
        depth += two == "/*" ? 1 : 0;
        depth -= two == "*/" ? 1 : 0;
        at_ += two == "/*" || two == "*/" ? 2 : 1;
    } while (depth > 0);
    line_ += newlines(sql_.substr(begin, at_ - begin));
    return {};
}

// Two strings with only a line's end between them are one, and E at the first is E for both.
parsed<void> sql_lexer::skip_string(bool has_escapes)
{
    do {
        for (++at_;; ++at_) {
            at_ = sql_.find_first_of(has_escapes ? "'\\" : "'", at_);
            if (at_ >= sql_.size())
                return syntax_error{0, "unterminated quoted string"};
            if (sql_[at_] == '\'' && !rest().substr(1).starts_with('\''))
                break;
            ++at_; // what follows a backslash, or the second quote of two
        }
        ++at_;
    } while (has_escapes && skip_to_continuation());
    return {};
}

bool sql_lexer::skip_to_continuation()
{
    const std::size_t begin = at_;
    for (;;) {
        while (at_ < sql_.size() && is_blank(sql_[at_]))
            ++at_;
        if (!rest().starts_with("--"))
            break;
        skip_line_comment();
    }
    if (rest().starts_with('\'') &&
        sql_.substr(begin, at_ - begin).find_first_of("\r\n") != std::string_view::npos)
        return true;
    at_ = begin;
    return false;
}

parsed<void> sql_lexer::skip_quoted_name() // "" in it looks like two names; no harm done
{
    const std::size_t close = sql_.find('"', at_ + 1);
    if (close == std::string_view::npos)
        return syntax_error{0, "unterminated quoted identifier"};
    at_ = close + 1;
    return {};
}

std::size_t sql_lexer::dollar_tag_size() const
{
    const std::string_view text = rest();
    if (!text.starts_with('$') || text.size() < 2)
        return 0;
    std::size_t size = 1;
    while (size < text.size() && (starts_word(text[size]) || (size > 1 && is_digit(text[size]))))
        ++size;
    return text.substr(size).starts_with('$') ? size + 1 : 0;
}

parsed<void> sql_lexer::skip_dollar_quote(std::size_t tag_size)
{
    const std::size_t close = sql_.find(rest().substr(0, tag_size), at_ + tag_size);
    if (close == std::string_view::npos)
        return syntax_error{0, "unterminated dollar-quoted string"};
    at_ = close + tag_size;
    return {};
}

} // namespace weir::migrations
