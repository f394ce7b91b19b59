#include "pool/pgwire/statement_text.hpp"

#include "pool/pgwire/session_settings.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

namespace weir::pgwire {

namespace {

using enum state_kind;

constexpr bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

constexpr bool is_identifier(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

// Walks over the words at the front of a statement; a word is an identifier, folded unless quoted.
class word_reader {
public:
    explicit word_reader(std::string_view sql) : rest_(sql) { skip_blanks(); }

    // Empty at the end, or where something other than a word stands.
    std::string next()
    {
        quoted_ = rest_.starts_with('"');
        std::string word = quoted_ ? quoted() : plain();
        skip_blanks();
        return word;
    }

    bool was_quoted() const { return quoted_; } // then the word is no keyword

    // Nothing but semicolons follows.
    bool at_end()
    {
        while (rest_.starts_with(';')) {
            rest_.remove_prefix(1);
            skip_blanks();
        }
        return rest_.empty();
    }

    bool skip(char wanted)
    {
        if (front() != wanted)
            return false;
        rest_.remove_prefix(1);
        skip_blanks();
        return true;
    }

    char front() const { return rest_.empty() ? '\0' : rest_.front(); }
    std::string_view rest() const { return rest_; }

private:
    std::string plain()
    {
        std::size_t size = 0;
        while (size < rest_.size() && is_identifier(rest_[size]))
            ++size;
        std::string word = lower(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return word;
    }

    std::string quoted() // "" inside stands for one "
    {
        std::string word;
        for (std::size_t at = 1; at < rest_.size(); ++at) {
            if (rest_[at] == '"' && !rest_.substr(++at).starts_with('"')) {
                rest_.remove_prefix(at);
                return word;
            }
            word += rest_[at];
        }
        return {}; // it never ends
    }

    void skip_blanks()
    {
        for (;;) {
            while (!rest_.empty() && is_space(rest_.front()))
                rest_.remove_prefix(1);
            if (rest_.starts_with("--"))
                rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
            else if (rest_.starts_with("/*"))
                skip_comment();
            else
                return;
        }
    }

    void skip_comment() // they nest
    {
        int depth = 0;
        std::size_t at = 0;
        do {
            if (rest_.substr(at, 2) == "/*") {
                ++depth;
                at += 2;
            } else if (rest_.substr(at, 2) == "*/") {
                --depth;
                at += 2;
            } else {
                ++at;
            }
        } while (depth > 0 && at < rest_.size());
        rest_.remove_prefix(std::min(at, rest_.size()));
    }

    std::string_view rest_;
    bool quoted_ = false;
};

// ---- Words that matter wherever they stand.

// "advisory", "set_config", "temp": whether the beginning of one may be in the text. Every byte is
// looked at once, without a branch, so that compilers make vector instructions of it.
constexpr std::size_t look_ahead = 3;

constexpr std::size_t block = 64;

bool begin_words_that_matter(const char* from)
{
    std::array<std::uint8_t, block + look_ahead> low; // lower case; and _ becomes DEL
    for (std::size_t i = 0; i < low.size(); ++i)
        low[i] = static_cast<std::uint8_t>(static_cast<std::uint8_t>(from[i]) | 0x20u);
    std::array<std::uint8_t, block> found;
    for (std::size_t i = 0; i < block; ++i) {
        // Differences, whose bits are all zero where the four letters are those.
        const auto differs = [&](const char(&letters)[5]) {
            return static_cast<std::uint8_t>((low[i] ^ static_cast<std::uint8_t>(letters[0])) |
                                             (low[i + 1] ^ static_cast<std::uint8_t>(letters[1])) |
                                             (low[i + 2] ^ static_cast<std::uint8_t>(letters[2])) |
                                             (low[i + 3] ^ static_cast<std::uint8_t>(letters[3])));
        };
        found[i] = std::min({differs("advi"),
                             differs("\x7f"
                                     "con"),
                             differs("temp")});
    }
    std::uint8_t least = 0xff;
    for (const std::uint8_t one : found)
        least = std::min(least, one);
    return least == 0;
}

bool has_words_that_matter(std::string_view sql)
{
    constexpr std::size_t step = block + look_ahead;
    std::size_t at = 0;
    for (; at + step <= sql.size(); at += block)
        if (begin_words_that_matter(sql.data() + at))
            return true;
    std::array<char, step> last{};
    sql.substr(at).copy(last.data(), last.size());
    return begin_words_that_matter(last.data());
}

// A literal of single quotes at the front, without escapes; nothing when it is anything else.
std::optional<std::string_view> take_literal(word_reader& words)
{
    if (words.front() != '\'')
        return std::nullopt;
    const std::string_view rest = words.rest().substr(1);
    const std::size_t end = rest.find_first_of("'\\");
    if (end == std::string_view::npos || rest[end] != '\'' ||
        rest.substr(end + 1).starts_with('\''))
        return std::nullopt;
    words = word_reader{rest.substr(end + 1)};
    return rest.substr(0, end);
}

// What stands behind the word set_config. With a literal for the name it is that setting, whatever
// the value is: the server is asked for it later.
void add_set_config(std::string_view behind, session_effects& out)
{
    word_reader words{behind};
    const bool is_call = words.skip('(');
    const auto name = is_call ? take_literal(words) : std::nullopt;
    if (!name || !words.skip(',')) {
        out.any_setting = true;
        out.unseen_settings = true;
        return;
    }
    if (take_literal(words) && words.skip(',') && words.next() == "true" && words.front() == ')')
        return; // it ends with the transaction
    std::string folded = lower(*name);
    if (!is_tracked(folded))
        out.settings.push_back(std::move(folded));
}

// SELECT ... INTO TEMP x
bool is_behind_into(std::string_view before)
{
    for (int words = 0; words < 2; ++words) { // LOCAL and GLOBAL may stand between
        while (!before.empty() && is_space(before.back()))
            before.remove_suffix(1);
        std::size_t size = 0;
        while (size < before.size() && is_identifier(before[before.size() - 1 - size]))
            ++size;
        const std::string_view word = before.substr(before.size() - size);
        if (word == "into")
            return true;
        if (word != "local" && word != "global")
            return false;
        before.remove_suffix(size);
    }
    return false;
}

template <class Call>
void each_occurrence(std::string_view text, std::string_view wanted, Call call)
{
    for (std::size_t at = 0; (at = text.find(wanted, at)) != std::string_view::npos;
         at += wanted.size())
        call(text.substr(0, at), text.substr(at + wanted.size()));
}

session_effects of_words_that_matter(std::string_view sql)
{
    session_effects out;
    const std::string text = lower(sql);
    each_occurrence(text, "advisory_lock", [&](auto, auto) { out.begins |= advisory_locks; });
    each_occurrence(text, "advisory_unlock", [&](auto, auto) { out.ends |= advisory_locks; });
    each_occurrence(text, "set_config", [&](auto before, auto behind) {
        if (before.empty() || !is_identifier(before.back()) || before.back() == '.')
            add_set_config(behind, out);
    });
    each_occurrence(text, "pg_temp", [&](auto, auto) { out.perhaps |= temp_tables; });
    each_occurrence(text, "temp", [&](auto before, auto) {
        if (is_behind_into(before))
            out.begins |= temp_tables;
    });
    return out;
}

bool calls_one_of(std::span<const std::string> functions, std::string_view sql)
{
    if (functions.empty())
        return false;
    const std::string text = lower(sql);
    return std::any_of(functions.begin(), functions.end(), [&](const std::string& name) {
        return text.find(name) != std::string::npos;
    });
}

// ---- Statements by their first word.

statement_words deallocate(word_reader& words)
{
    const statement_words plain{.effects = {.ends = sql_prepared}};
    std::string name = words.next();
    if (name == "prepare" && !words.at_end())
        name = words.next();
    if (name.empty() || !words.at_end())
        return plain;
    if (name == "all" && !words.was_quoted())
        return {statement_trait::deallocate_all, {}, plain.effects};
    return {statement_trait::deallocate, std::move(name), plain.effects};
}

statement_words accounted(session_effects effects = {})
{
    return {statement_trait::accounted, {}, std::move(effects)};
}

statement_words set_of(std::string name)
{
    if (is_tracked(name))
        return accounted();
    return accounted({.settings = {std::move(name)}});
}

statement_words set_session(word_reader& words, std::string& name)
{
    name = words.next();
    if (name == "session") // SET SESSION SESSION AUTHORIZATION
        name = words.next();
    if (name == "authorization") // which the server reports; and the role ends with it
        return set_of("role");
    if (name == "characteristics") // whether READ ONLY is reported, too
        return accounted(
            {.settings = {"default_transaction_isolation", "default_transaction_deferrable"}});
    return {};
}

statement_words set(word_reader& words)
{
    std::string name = words.next();
    if (name == "local" || name == "transaction" || name == "constraints" || name == "names")
        return accounted(); // ends with the transaction, or is reported
    if (name == "session")
        if (statement_words known = set_session(words, name); known.matters())
            return known;
    if (name == "time" && words.next() == "zone")
        return accounted();
    if (name == "role")
        return set_of("role");
    if (name == "schema")
        return set_of("search_path");
    if (name == "xml")
        return set_of("xmloption");
    if (name.ends_with('.') && words.front() == '"')
        name += lower(words.next());
    if (name.empty())
        return {};      // broken; should it not be, the tag tells
    name = lower(name); // "TimeZone"
    const bool has_value = words.skip('=') || words.next() == "to";
    statement_words out = set_of(std::move(name));
    if (has_value && words.next() == "default" && !words.was_quoted())
        out.effects.any_setting = true; // back to what it was in the beginning
    return out;
}

// Back to what it was in the beginning: for the client that is its startup message, for the server
// its login. So the catalog is asked which of the two it is at.
statement_words reset(word_reader& words)
{
    std::string name = words.next();
    if (name == "all" && words.at_end())
        return {statement_trait::reset_all};
    if (name.ends_with('.') && words.front() == '"')
        name += lower(words.next());
    session_effects effects{.any_setting = true};
    if (name.find('.') != std::string::npos) // not in the catalog
        effects.settings.push_back(lower(name));
    return accounted(std::move(effects));
}

statement_words discard(word_reader& words)
{
    const std::string what = words.next();
    if (what == "all" && words.at_end())
        return {statement_trait::reset_all, {}, {.ends = state_set::all()}};
    if (what == "temp" || what == "temporary")
        return {.effects = {.ends = temp_tables}};
    return {};
}

statement_words create(word_reader& words, std::string_view sql)
{
    std::string what = words.next();
    if (what == "or") {
        words.next(); // REPLACE
        what = words.next();
    }
    if (what == "global" || what == "local")
        what = words.next();
    if (what == "temp" || what == "temporary" || lower(sql).find("pg_temp") != std::string::npos)
        return {.effects = {.begins = temp_tables}};
    // pg_temp may be the first schema of the path.
    static constexpr std::string_view in_schemas = " table view sequence function procedure type "
                                                   "domain recursive aggregate operator collation ";
    if (in_schemas.find(" " + what + " ") != std::string_view::npos)
        return {.effects = {.perhaps = temp_tables}};
    return {};
}

bool has_word(std::string_view sql, std::string_view word)
{
    return lower(sql).find(word) != std::string::npos;
}

statement_words by_first_word(std::string_view sql)
{
    word_reader words{sql};
    switch (words.front() | 0x20) {
    case 'c':
    case 'd':
    case 'e':
    case 'l':
    case 'p':
    case 'r':
    case 's': break;
    default: return {};
    }
    const std::string first = words.next();
    if (first == "prepare" && words.next() == "transaction")
        return {};
    if (first == "prepare")
        return {statement_trait::prepare, {}, {.begins = sql_prepared}};
    if (first == "execute") // what it was prepared with is not looked up
        return {statement_trait::prepare, {}, {.unseen_settings = true}};
    if (first == "deallocate")
        return deallocate(words);
    if (first == "set")
        return set(words);
    if (first == "reset")
        return reset(words);
    if (first == "discard")
        return discard(words);
    if (first == "create")
        return create(words, sql);
    if (first == "drop")
        return {.effects = {.ends = temp_tables}};
    if (first == "do" || first == "call")
        return {.effects = session_effects::anything()};
    if (first == "declare" && has_word(words.rest(), "hold"))
        return {.effects = {.begins = hold_cursors}};
    if (first == "close")
        return {.effects = {.ends = hold_cursors}};
    if (first == "load")
        return {.effects = {.begins = libraries}};
    if (first == "listen")
        return {.effects = {.perhaps = channels}};
    return {};
}

statement_words
one_statement(std::string_view sql, bool to_be_searched, std::span<const std::string> functions)
{
    statement_words words = by_first_word(sql);
    if (to_be_searched)
        words.effects.add(of_words_that_matter(sql));
    if (calls_one_of(functions, sql))
        words.effects.add(session_effects::anything());
    return words;
}

// ---- Several statements.

// Where a literal, a quoted name, a comment or a dollar quote that begins at `at` ends; or one byte
// on. With standard_conforming_strings off a literal may seem to end early or late: then the tags
// tell what was overlooked.
std::size_t end_of_token(std::string_view sql, std::size_t at)
{
    const auto behind = [&](std::string_view closing, std::size_t from) {
        const std::size_t found = sql.find(closing, from);
        return found == std::string_view::npos ? sql.size() : found + closing.size();
    };
    const std::string_view rest = sql.substr(at);
    switch (rest.front()) {
    case '"': return behind("\"", at + 1);
    case '\'': {
        const bool escapes = at > 0 && (sql[at - 1] | 0x20) == 'e';
        for (std::size_t i = at + 1; i < sql.size(); ++i) {
            if (sql[i] == '\\' && escapes)
                ++i;
            else if (sql[i] == '\'')
                return i + 1;
        }
        return sql.size();
    }
    case '-': return rest.starts_with("--") ? behind("\n", at) : at + 1;
    case '/': {
        if (!rest.starts_with("/*"))
            return at + 1;
        const word_reader after{rest};
        return std::max(at + 2, sql.size() - after.rest().size());
    }
    case '$': {
        if (at > 0 && is_identifier(sql[at - 1]))
            return at + 1;
        const std::size_t end = rest.find_first_of("$'\" \t\n;,()", 1);
        if (end == std::string_view::npos || rest[end] != '$')
            return at + 1;
        return behind(rest.substr(0, end + 1), at + end + 1);
    }
    default: return at + 1;
    }
}

std::string_view take_statement(std::string_view& rest)
{
    std::size_t at = 0;
    while (at < rest.size() && rest[at] != ';')
        at = end_of_token(rest, at);
    const std::string_view one = rest.substr(0, std::min(at, rest.size()));
    rest.remove_prefix(std::min(at + 1, rest.size()));
    return one;
}

bool is_about_transactions(std::string_view sql)
{
    static constexpr std::string_view all =
        " begin start commit end rollback abort savepoint release prepare ";
    word_reader words{sql};
    const std::string first = words.next();
    return !first.empty() && all.find(" " + first + " ") != std::string_view::npos;
}

statement_words
several(std::string_view sql, bool to_be_searched, std::span<const std::string> functions)
{
    statement_words all;
    bool ends_transactions = false;
    bool has_reset_all = false;
    while (!sql.empty()) {
        const std::string_view next = take_statement(sql);
        statement_words one = one_statement(next, to_be_searched, functions);
        all.effects.add(one.effects);
        ends_transactions = ends_transactions || is_about_transactions(next);
        has_reset_all = has_reset_all || one.trait == statement_trait::reset_all;
        if (one.trait == statement_trait::accounted || one.trait == statement_trait::reset_all)
            all.trait = one.trait;
    }
    // It may be rolled back, or more be SET behind it.
    if (has_reset_all && (ends_transactions || all.trait != statement_trait::reset_all)) {
        all.trait = statement_trait::accounted;
        all.effects.any_setting = true;
    }
    return all;
}

} // namespace

bool is_ordinary(std::string_view sql)
{
    constexpr std::size_t front = 8; // a verb of six letters, a blank, and what follows
    if (sql.size() < front)
        return false;
    const auto word = [](const char* letters) {
        std::uint64_t out = 0;
        std::memcpy(&out, letters, front);
        return out;
    };
    const std::uint64_t verb =
        (word(sql.data()) | word("        ")) & word("\xff\xff\xff\xff\xff\xff\xff");
    const char next = static_cast<char>(sql[front - 1] | 0x20);
    const bool goes_on = (next >= 'a' && next <= 'z') || next == '*' || next == '"';
    return goes_on &&
           (verb == word("select ") || verb == word("insert ") || verb == word("update ") ||
            verb == word("delete ")) &&
           !are_several(sql);
}

bool is_plain(std::string_view ordinary, std::span<const std::string> functions)
{
    return functions.empty() && !has_words_that_matter(ordinary);
}

bool are_several(std::string_view sql)
{
    const std::size_t semicolon = sql.find(';');
    return semicolon != std::string_view::npos &&
           sql.find_first_not_of("; \t\n\r\f\v", semicolon) != std::string_view::npos;
}

bool may_be_about_names(std::string_view sql)
{
    const std::size_t first = sql.find_first_not_of(" \t\n\r\f\v");
    return first != std::string_view::npos &&
           std::string_view{"pedPED-/"}.find(sql[first]) != std::string_view::npos;
}

statement_words classify(std::string_view sql, std::span<const std::string> functions)
{
    const bool to_be_searched = has_words_that_matter(sql);
    return are_several(sql) ? several(sql, to_be_searched, functions)
                            : one_statement(sql, to_be_searched, functions);
}

} // namespace weir::pgwire
