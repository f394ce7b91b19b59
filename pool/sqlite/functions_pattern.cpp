// LIKE and regular expressions. The expressions run on the C library's matcher, which needs no
// stack for long texts; what PostgreSQL's own has beyond it is refused by name.
#include "pool/sqlite/functions_call.hpp"
#include "pool/sqlite/functions_utf8.hpp"

#include <regex.h>

#include <algorithm>
#include <clocale>
#include <list>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::sqlite {

namespace {

// Backtracks to the last % alone, so it is linear in practice and needs no memory.
bool like(std::string_view text, std::string_view pattern)
{
    std::size_t t = 0, p = 0;
    std::optional<std::pair<std::size_t, std::size_t>> last_percent; // text, pattern after it
    while (t < text.size() || p < pattern.size()) {
        if (p < pattern.size() && pattern[p] == '%') {
            last_percent = {t, ++p};
            continue;
        }
        if (t < text.size() && p < pattern.size()) {
            const bool escaped = pattern[p] == '\\';
            if (escaped && p + 1 == pattern.size())
                refuse("22025", "LIKE pattern must not end with escape character");
            if (!escaped && pattern[p] == '_') {
                t += utf8::size_at(text, t);
                ++p;
                continue;
            }
            const std::size_t literal = escaped ? p + 1 : p;
            if (text[t] == pattern[literal]) {
                ++t;
                p = literal + 1;
                continue;
            }
        }
        if (!last_percent || last_percent->first >= text.size())
            return false;
        last_percent->first += utf8::size_at(text, last_percent->first);
        std::tie(t, p) = *last_percent;
    }
    return true;
}

// PostgreSQL's advanced expressions in the words of POSIX's extended ones.
class translation {
public:
    explicit translation(std::string_view pattern) : rest_(pattern)
    {
        if (rest_.starts_with("(?i)")) {
            ignores_case = true;
            rest_.remove_prefix(4);
        }
        while (!rest_.empty())
            next();
    }

    std::string posix;
    std::vector<std::size_t> groups{0}; // PostgreSQL's number of a group -> POSIX's
    bool ignores_case = false;

private:
    char take()
    {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    void next()
    {
        const char c = take();
        switch (c) {
        case '\\': return escape();
        case '[': return bracket();
        case '(': return group();
        case '*':
        case '+':
        case '?':
        case '}':
            posix.push_back(c);
            if (rest_.starts_with('?'))
                refuse_feature("a non-greedy quantifier in a regular expression");
            return;
        default: posix.push_back(c);
        }
    }

    void group()
    {
        posix.push_back('(');
        ++opened_;
        if (!rest_.starts_with('?')) {
            groups.push_back(opened_);
            return;
        }
        if (!rest_.starts_with("?:"))
            refuse_feature("lookaround in a regular expression");
        rest_.remove_prefix(2);
    }

    void escape()
    {
        if (rest_.empty())
            refuse("2201B", "invalid regular expression: invalid escape \\ sequence");
        const char c = take();
        switch (c) {
        case 'd': posix += "[[:digit:]]"; return;
        case 'D': posix += "[^[:digit:]]"; return;
        case 's': posix += "[[:space:]]"; return;
        case 'S': posix += "[^[:space:]]"; return;
        case 'w': posix += "[[:alnum:]_]"; return;
        case 'W': posix += "[^[:alnum:]_]"; return;
        case 'm': posix += "\\<"; return;
        case 'M': posix += "\\>"; return;
        case 'y': posix += "\\b"; return;
        case 'Y': posix += "\\B"; return;
        case 'A': posix += '^'; return;
        case 'Z': posix += '$'; return;
        case 'n': posix += '\n'; return;
        case 't': posix += '\t'; return;
        case 'r': posix += '\r'; return;
        default: break;
        }
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (is_letter)
            refuse_feature(std::string("\\") + c + " in a regular expression");
        if (c >= '1' && c <= '9') {
            const auto number = static_cast<std::size_t>(c - '0');
            if (number >= groups.size())
                refuse("2201B", "invalid regular expression: invalid backreference number");
            posix += '\\' + std::to_string(groups[number]);
            return;
        }
        posix.push_back('\\');
        posix.push_back(c);
    }

    // Between brackets a backslash escapes for PostgreSQL and is itself for POSIX.
    void bracket()
    {
        posix.push_back('[');
        if (rest_.starts_with('^'))
            posix.push_back(take());
        if (rest_.starts_with(']'))
            posix.push_back(take());
        while (!rest_.empty() && rest_.front() != ']') {
            if (rest_.starts_with("[:")) {
                const std::size_t end = rest_.find(":]");
                if (end == std::string_view::npos)
                    break; // regcomp() says what is wrong
                posix += rest_.substr(0, end + 2);
                rest_.remove_prefix(end + 2);
                continue;
            }
            const char c = take();
            if (c != '\\' || rest_.empty()) {
                posix.push_back(c);
                continue;
            }
            switch (const char escaped = take()) {
            case 'd': posix += "[:digit:]"; break;
            case 's': posix += "[:space:]"; break;
            case 'w': posix += "[:alnum:]_"; break;
            case 'n': posix += '\n'; break;
            case 't': posix += '\t'; break;
            case 'r': posix += '\r'; break;
            case '\\': posix += '\\'; break;
            case ']':
            case '[':
            case '^':
            case '-': posix += std::string("[.") + escaped + ".]"; break;
            default: posix.push_back(escaped);
            }
        }
        if (!rest_.empty())
            posix.push_back(take());
    }

    std::string_view rest_;
    std::size_t opened_ = 0;
};

// Characters are those of UTF-8 while one of these lives, whatever the daemon's locale is.
class utf8_locale {
public:
    utf8_locale() : before_(uselocale(made())) {}
    ~utf8_locale() { uselocale(before_); }
    utf8_locale(const utf8_locale&) = delete;
    utf8_locale& operator=(const utf8_locale&) = delete;

private:
    static locale_t made()
    {
        static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
        return utf8;
    }
    locale_t before_;
};

class expression {
public:
    expression(std::string_view pattern, bool ignore_case)
    {
        const translation translated(pattern);
        groups_ = translated.groups;
        const int flags = REG_EXTENDED | (ignore_case || translated.ignores_case ? REG_ICASE : 0);
        const int failure = regcomp(&compiled_, translated.posix.c_str(), flags);
        if (failure == 0)
            return;
        char why[128];
        regerror(failure, &compiled_, why, sizeof why);
        refuse("2201B", std::string("invalid regular expression: ") + why);
    }
    ~expression() { regfree(&compiled_); }
    expression(const expression&) = delete;
    expression& operator=(const expression&) = delete;

    using groups = std::vector<std::string_view>; // [0] is the whole; without data: not matched

    // From `at` on; the text ends with a zero, as SQLite's do.
    std::optional<groups> find(std::string_view text, std::size_t at) const
    {
        std::vector<regmatch_t> found(compiled_.re_nsub + 1);
        found[0].rm_so = static_cast<regoff_t>(at);
        found[0].rm_eo = static_cast<regoff_t>(text.size());
        const int flags = REG_STARTEND | (at > 0 ? REG_NOTBOL : 0);
        if (regexec(&compiled_, text.data(), found.size(), found.data(), flags) != 0)
            return std::nullopt;
        groups out;
        for (const std::size_t group : groups_) {
            const regmatch_t& m = found[group];
            out.push_back(m.rm_so < 0 ? std::string_view{}
                                      : text.substr(static_cast<std::size_t>(m.rm_so),
                                                    static_cast<std::size_t>(m.rm_eo - m.rm_so)));
        }
        return out;
    }

private:
    regex_t compiled_{};
    std::vector<std::size_t> groups_;
};

// Compiling costs much more than matching, and a query asks with the same one for every row.
const expression& compiled(std::string_view pattern, bool ignore_case)
{
    struct entry {
        std::string pattern;
        bool ignore_case;
        std::unique_ptr<expression> made;
    };
    constexpr std::size_t most = 16;
    thread_local std::list<entry> recent; // the last used first
    for (auto each = recent.begin(); each != recent.end(); ++each)
        if (each->pattern == pattern && each->ignore_case == ignore_case) {
            recent.splice(recent.begin(), recent, each);
            return *recent.front().made;
        }
    recent.push_front(
        {std::string(pattern), ignore_case, std::make_unique<expression>(pattern, ignore_case)});
    if (recent.size() > most)
        recent.pop_back();
    return *recent.front().made;
}

struct flags {
    bool ignore_case = false;
    bool global = false;
};

flags flags_of(std::string_view text)
{
    flags out;
    for (const char c : text) {
        switch (c) {
        case 'i': out.ignore_case = true; break;
        case 'c': out.ignore_case = false; break;
        case 'g': out.global = true; break;
        case 's': break; // as it is
        default: refuse_feature(std::string("regular expression option \"") + c + '"');
        }
    }
    return out;
}

void matches(function_call& call)
{
    const utf8_locale characters;
    const expression& e = compiled(call.text(1), flags_of(call.text(2)).ignore_case);
    call.give(e.find(call.text(0), 0).has_value());
}

// substring(text from pattern): the first group when there is one, else all that matched.
void substring(function_call& call)
{
    const utf8_locale characters;
    const auto found = compiled(call.text(1), false).find(call.text(0), 0);
    if (!found)
        return;
    const std::string_view out = (*found)[found->size() > 1 ? 1 : 0];
    if (out.data() != nullptr)
        call.give(out);
}

void append_replacement(std::string& out, std::string_view with, const expression::groups& found)
{
    for (std::size_t i = 0; i < with.size(); ++i) {
        const char next = i + 1 < with.size() ? with[i + 1] : 0;
        if (with[i] != '\\' || next == 0) {
            out.push_back(with[i]);
        } else if (next == '&' || (next >= '1' && next <= '9')) {
            const auto group = next == '&' ? 0 : static_cast<std::size_t>(next - '0');
            if (group < found.size())
                out += found[group];
            ++i;
        } else {
            if (next != '\\')
                out.push_back('\\');
            out.push_back(next);
            ++i;
        }
    }
}

void replace(function_call& call)
{
    const utf8_locale characters;
    const flags wanted = flags_of(call.text(3));
    const expression& e = compiled(call.text(1), wanted.ignore_case);
    const std::string_view text = call.text(0);
    const std::string_view with = call.text(2);
    std::string out;
    std::size_t at = 0;
    while (at <= text.size()) {
        const auto found = e.find(text, at);
        if (!found)
            break;
        const auto start = static_cast<std::size_t>((*found)[0].data() - text.data());
        const std::size_t end = start + (*found)[0].size();
        out += text.substr(at, start - at);
        append_replacement(out, with, *found);
        at = end;
        if (!wanted.global)
            break;
        if (start == end) { // nothing was matched: go on by a character
            const std::size_t step = end < text.size() ? utf8::size_at(text, end) : 1;
            out += text.substr(std::min(end, text.size()), step);
            at = end + step;
        }
    }
    if (at < text.size())
        out += text.substr(at);
    call.give(out);
}

using enum scalar_function::kind;

constexpr scalar_function functions[] = {
    {"pg_like", 2, [](function_call& c) { c.give(like(c.text(0), c.text(1))); }},
    {"pg_ilike",
     2,
     [](function_call& c) { c.give(like(utf8::lower(c.text(0)), utf8::lower(c.text(1)))); }},
    {"pg_regex", 3, matches},
    {"pg_substring_regex", 2, substring},
    {"pg_regexp_replace", 4, replace},
};

} // namespace

void register_pattern_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
