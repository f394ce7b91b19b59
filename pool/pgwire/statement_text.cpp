#include "pool/pgwire/statement_text.hpp"

#include "pool/pgwire/session_settings.hpp"

#include <algorithm>

namespace weir::pgwire {

namespace {

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

    // A semicolon with something behind it.
    bool has_inner_semicolon() const
    {
        const std::size_t semicolon = rest_.find(';');
        return semicolon != std::string_view::npos &&
               rest_.find_first_not_of("; \t\n\r\f\v", semicolon) != std::string_view::npos;
    }

    char front() const { return rest_.empty() ? '\0' : rest_.front(); }

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

statement_words deallocate(word_reader& words)
{
    std::string name = words.next();
    if (name == "prepare" && !words.at_end())
        name = words.next();
    if (name.empty() || !words.at_end())
        return {};
    if (name == "all" && !words.was_quoted())
        return {statement_trait::deallocate_all};
    return {statement_trait::deallocate, std::move(name)};
}

statement_words set(word_reader& words)
{
    if (words.has_inner_semicolon()) // perhaps more statements: the tag decides
        return {};
    std::string name = words.next();
    if (name == "local" || name == "transaction")
        return {statement_trait::tracked_set};
    if (name == "session")
        name = words.next();
    if (name == "names")
        return {statement_trait::tracked_set};
    if (name == "time")
        return {words.next() == "zone" ? statement_trait::tracked_set : statement_trait::plain};
    return {is_tracked(name) ? statement_trait::tracked_set : statement_trait::plain};
}

} // namespace

statement_words classify(std::string_view sql)
{
    word_reader words{sql};
    switch (words.front()) {
    case 'P':
    case 'p':
    case 'E':
    case 'e':
    case 'D':
    case 'd':
    case 'S':
    case 's':
    case 'R':
    case 'r': break;
    default: return {};
    }
    const std::string first = words.next();
    if (first == "select" || first == "delete")
        return {};
    if (first == "prepare")
        return {words.next() == "transaction" ? statement_trait::plain : statement_trait::prepare};
    if (first == "execute")
        return {statement_trait::prepare};
    if (first == "deallocate")
        return deallocate(words);
    if (first == "set")
        return set(words);
    if ((first == "reset" || first == "discard") && words.next() == "all" && words.at_end())
        return {statement_trait::reset_all};
    return {};
}

} // namespace weir::pgwire
