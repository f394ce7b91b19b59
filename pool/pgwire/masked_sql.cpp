#include "pool/pgwire/masked_sql.hpp"

#include "pool/pgwire/sql_tokens.hpp"

namespace weir::pgwire {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// $1 stands for a literal that is not there.
bool is_literal(const sql_token& t)
{
    if (t.what == sql_token::kind::unclear)
        return true;
    const bool is_parameter = t.text.size() > 1 && t.text[0] == '$' && is_digit(t.text[1]);
    return t.what == sql_token::kind::other && t.text.size() > 1 && !is_parameter;
}

// Numbers come in pieces: 1 . 5 e10, each right behind the one before.
bool goes_on_number(const sql_token& t)
{
    return t.what == sql_token::kind::word || is_digit(t.text.front()) || t.text == ".";
}

} // namespace

std::string masked_literals(std::string_view sql)
{
    std::string out;
    sql_tokens tokens{sql};
    std::size_t end = 0; // of the token before
    bool in_number = false;
    for (sql_token t = tokens.next(); t.what != sql_token::kind::end; t = tokens.next()) {
        const bool is_apart = t.at > end;
        end = t.at + t.text.size();
        if (in_number && !is_apart && goes_on_number(t))
            continue;
        if (is_apart && !out.empty())
            out += ' ';
        in_number = t.what == sql_token::kind::other && is_digit(t.text.front());
        if (in_number || is_literal(t))
            out += '?';
        else
            out += t.text;
    }
    return out;
}

} // namespace weir::pgwire
