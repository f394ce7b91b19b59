#include "pool/pgwire/easy_statement.hpp"

#include "pool/pgwire/statement_text.hpp"

#include <algorithm>

namespace weir::pgwire {

namespace {

using what = easy_statement::what;
using isolation = transaction_modes::isolation;
using said = transaction_modes::said;

// What is longer is no probe, and its comments are not worth reading.
constexpr std::size_t longest = 1'024;
constexpr std::size_t longest_label = 63; // PostgreSQL cuts a longer one short

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c; }

constexpr bool goes_on(char c) // inside a word or a number
{
    return (c >= '0' && c <= '9') || (upper(c) >= 'A' && upper(c) <= 'Z') || c == '_' || c == '$' ||
           c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

// Takes keywords from the front of a statement, one after the other.
class keywords {
public:
    explicit keywords(std::string_view sql) : rest_(sql) { skip_blanks(); }

    char front() const { return rest_.empty() ? '\0' : upper(rest_.front()); }

    bool take(std::string_view keyword) // in capitals
    {
        const std::string_view word = first();
        if (!std::equal(word.begin(),
                        word.end(),
                        keyword.begin(),
                        keyword.end(),
                        [](char a, char b) { return upper(a) == b; }))
            return false;
        skip(word.size());
        return true;
    }

    bool take(std::string_view keyword, std::string_view next)
    {
        return take(keyword) && take(next);
    }

    bool take_comma()
    {
        const bool is_here = rest_.starts_with(',');
        if (is_here)
            skip(1);
        return is_here;
    }

    std::string_view take_label() // empty when it is none that can be written without quotes
    {
        const std::string_view word = first();
        const bool is_plain = std::all_of(word.begin(), word.end(), [](char c) {
            return c != '.' && static_cast<unsigned char>(c) < 0x80;
        });
        if (word.empty() || !is_plain || word.size() > longest_label || word.front() <= '9')
            return {}; // a digit or $
        skip(word.size());
        return word;
    }

    bool at_end() const // nothing but semicolons follows
    {
        keywords behind = *this;
        while (behind.rest_.starts_with(';'))
            behind.skip(1);
        return behind.rest_.empty();
    }

private:
    std::string_view first() const
    {
        return rest_.substr(
            0,
            static_cast<std::size_t>(std::find_if_not(rest_.begin(), rest_.end(), goes_on) -
                                     rest_.begin()));
    }

    void skip(std::size_t size)
    {
        rest_.remove_prefix(size);
        skip_blanks();
    }

    void skip_blanks()
    {
        for (;;) {
            rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r\f"), rest_.size()));
            if (rest_.starts_with("--"))
                rest_.remove_prefix(std::min(rest_.find_first_of("\n\r"), rest_.size()));
            else if (!rest_.starts_with("/*") || !skip_comment())
                return;
        }
    }

    bool skip_comment() // they nest; one that does not end stays where it is, and is an error
    {
        std::size_t at = 2;
        for (unsigned depth = 1; depth > 0; at += 2) {
            at = std::min(rest_.find("/*", at), rest_.find("*/", at));
            if (at == std::string_view::npos)
                return false;
            depth = rest_[at] == '/' ? depth + 1 : depth - 1;
        }
        rest_.remove_prefix(at);
        return true;
    }

    std::string_view rest_;
};

// The modes of BEGIN, separated by commas or by nothing. False: it is something else.
bool take_modes(keywords& words, transaction_modes& modes)
{
    bool after_comma = false;
    while (after_comma || !words.at_end()) {
        if (words.take("ISOLATION")) {
            if (!words.take("LEVEL"))
                return false;
            if (words.take("SERIALIZABLE"))
                modes.level = isolation::serializable;
            else if (words.take("REPEATABLE")) {
                if (!words.take("READ"))
                    return false;
                modes.level = isolation::repeatable_read;
            } else if (!words.take("READ"))
                return false;
            else if (words.take("COMMITTED"))
                modes.level = isolation::read_committed;
            else if (words.take("UNCOMMITTED"))
                modes.level = isolation::read_uncommitted;
            else
                return false;
        } else if (words.take("READ")) {
            const bool only = words.take("ONLY");
            if (!only && !words.take("WRITE"))
                return false;
            modes.read_only = only ? said::yes : said::no;
        } else if (words.take("DEFERRABLE")) {
            modes.deferrable = said::yes;
        } else if (words.take("NOT", "DEFERRABLE")) {
            modes.deferrable = said::no;
        } else {
            return false;
        }
        after_comma = words.take_comma();
    }
    return true;
}

easy_statement beginning(keywords& words, std::string_view tag)
{
    easy_statement out{what::begin, {}, tag};
    return take_modes(words, out.modes) ? out : easy_statement{};
}

easy_statement ending(keywords& words, what is)
{
    if (!words.take("WORK"))
        words.take("TRANSACTION");
    if (words.take("AND") && !words.take("NO", "CHAIN"))
        return {};
    if (!words.at_end())
        return {};
    return {is, {}, is == what::commit ? "COMMIT" : "ROLLBACK"};
}

easy_statement probe(keywords& words)
{
    if (!words.take("1"))
        return {};
    easy_statement out{what::one, {}, "SELECT 1"};
    if (words.take("AS")) {
        out.label = words.take_label();
        if (out.label.empty())
            return {};
    }
    return words.at_end() ? out : easy_statement{};
}

} // namespace

easy_statement recognise(std::string_view sql)
{
    if (sql.size() > longest || is_ordinary(sql))
        return {};
    keywords words{sql};
    if (words.at_end())
        return {what::empty};
    switch (words.front()) {
    case 'S':
        if (words.take("SELECT"))
            return probe(words);
        if (words.take("START", "TRANSACTION"))
            return beginning(words, "START TRANSACTION");
        break;
    case 'B':
        if (!words.take("BEGIN"))
            break;
        if (!words.take("WORK"))
            words.take("TRANSACTION");
        return beginning(words, "BEGIN");
    case 'C':
        if (words.take("COMMIT"))
            return ending(words, what::commit);
        break;
    case 'E':
        if (words.take("END"))
            return ending(words, what::commit);
        break;
    case 'R':
        if (words.take("ROLLBACK"))
            return ending(words, what::rollback);
        break;
    case 'A':
        if (words.take("ABORT"))
            return ending(words, what::rollback);
        break;
    default: break;
    }
    return {};
}

std::string transaction_modes::begin() const
{
    std::string out = "BEGIN";
    switch (level) {
    case isolation::unsaid: break;
    case isolation::read_uncommitted: out += " ISOLATION LEVEL READ UNCOMMITTED"; break;
    case isolation::read_committed: out += " ISOLATION LEVEL READ COMMITTED"; break;
    case isolation::repeatable_read: out += " ISOLATION LEVEL REPEATABLE READ"; break;
    case isolation::serializable: out += " ISOLATION LEVEL SERIALIZABLE"; break;
    }
    if (read_only != said::nothing)
        out += read_only == said::yes ? " READ ONLY" : " READ WRITE";
    if (deferrable != said::nothing)
        out += deferrable == said::yes ? " DEFERRABLE" : " NOT DEFERRABLE";
    return out;
}

} // namespace weir::pgwire
