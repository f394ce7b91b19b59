#include "pool/pgwire/sql_tokens.hpp"

#include "pool/pgwire/session_settings.hpp"

namespace weir::pgwire {

namespace {

constexpr std::size_t name_limit = 63; // NAMEDATALEN - 1

constexpr bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

constexpr bool begins_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

constexpr bool continues_name(char c)
{
    return begins_name(c) || (c >= '0' && c <= '9') || c == '$';
}

std::string cut(std::string name)
{
    if (name.size() > name_limit) {
        std::size_t size = name_limit;
        while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xc0) == 0x80)
            --size; // not in the middle of a character
        name.resize(size);
    }
    return name;
}

} // namespace

std::string identifier(const sql_token& token)
{
    if (token.what == sql_token::kind::word)
        return cut(lower(token.text));
    if (token.what != sql_token::kind::quoted)
        return {};
    std::string name;
    for (std::size_t i = 1; i + 1 < token.text.size(); ++i) {
        name += token.text[i];
        if (token.text[i] == '"')
            ++i; // written twice
    }
    return cut(std::move(name));
}

sql_token sql_tokens::next()
{
    skip_blanks();
    if (at_ >= sql_.size())
        return {sql_token::kind::end, at_};
    switch (const char c = sql_[at_]) {
    case ';': return take(sql_token::kind::semicolon, at_ + 1);
    case '"': return quoted('"', at_, false, sql_token::kind::quoted);
    case '\'': return quoted('\'', at_, false, sql_token::kind::other);
    case '$': return dollar();
    default: return begins_name(c) ? word() : take(sql_token::kind::other, at_ + 1);
    }
}

void sql_tokens::skip_blanks()
{
    for (;;) {
        while (is_blank(at(at_)))
            ++at_;
        if (sql_.substr(at_, 2) == "--")
            at_ = std::min(sql_.find('\n', at_), sql_.size());
        else if (sql_.substr(at_, 2) == "/*")
            skip_comment();
        else
            return;
    }
}

void sql_tokens::skip_comment() // they nest
{
    int depth = 0;
    do {
        const std::string_view two = sql_.substr(at_, 2);
        if (two == "/*")
            ++depth;
        else if (two == "*/")
            --depth;
        at_ += two == "/*" || two == "*/" ? 2 : 1;
    } while (depth > 0 && at_ < sql_.size());
}

sql_token sql_tokens::take(sql_token::kind what, std::size_t end)
{
    const sql_token t{what, at_, sql_.substr(at_, end - at_)};
    at_ = end;
    return t;
}

sql_token sql_tokens::word()
{
    std::size_t end = at_;
    while (continues_name(at(end)))
        ++end;
    const std::string_view text = sql_.substr(at_, end - at_);
    const char prefix = text.size() == 1 ? static_cast<char>(text[0] | 0x20) : '\0';
    if (at(end) == '\'' && (prefix == 'e' || prefix == 'b' || prefix == 'x' || prefix == 'n'))
        return quoted('\'', end, prefix == 'e', sql_token::kind::other);
    if (prefix == 'u' && at(end) == '&' && (at(end + 1) == '\'' || at(end + 1) == '"'))
        return take(sql_token::kind::unclear, sql_.size()); // U&"d\0061ta" UESCAPE ...
    return take(sql_token::kind::word, end);
}

// A quote inside is written twice, or, where backslashes are escapes, behind one. Elsewhere a
// backslash may or may not be one (standard_conforming_strings).
sql_token sql_tokens::quoted(char quote, std::size_t from, bool escapes, sql_token::kind what)
{
    for (std::size_t i = from + 1; i < sql_.size(); ++i) {
        if (sql_[i] == '\\' && escapes)
            ++i;
        else if (sql_[i] == '\\' && quote == '\'')
            break;
        else if (sql_[i] == quote && at(i + 1) == quote)
            ++i;
        else if (sql_[i] == quote)
            return take(what, i + 1);
    }
    return take(sql_token::kind::unclear, sql_.size());
}

sql_token sql_tokens::dollar()
{
    std::size_t end = at_ + 1;
    while (continues_name(at(end)) && at(end) != '$')
        ++end;
    const bool opens = at(end) == '$' && !(at(at_ + 1) >= '0' && at(at_ + 1) <= '9');
    if (!opens) // $1
        return take(sql_token::kind::other, end);
    const std::string_view tag = sql_.substr(at_, end + 1 - at_);
    const std::size_t closing = sql_.find(tag, end + 1);
    if (closing == std::string_view::npos)
        return take(sql_token::kind::unclear, sql_.size());
    return take(sql_token::kind::other, closing + tag.size());
}

} // namespace weir::pgwire
