// Functions of text and bytes.
#include "pool/sqlite/functions_call.hpp"
#include "pool/sqlite/functions_utf8.hpp"
#include "pool/sqlite/value_codecs.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace weir::sqlite {

namespace {

constexpr std::size_t largest = 0x3fff'ffff; // bytes, of what repeat() and its kin may make

void require_size(std::size_t bytes)
{
    if (bytes > largest)
        refuse("54000", "requested length too large");
}

void initcap(function_call& call)
{
    const std::string_view text = call.text(0);
    std::string out;
    bool inside = false;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view character = text.substr(at, utf8::size_at(text, at));
        out += inside ? utf8::lower(character) : utf8::upper(character);
        inside = utf8::is_word(utf8::decode(character));
        at += character.size();
    }
    call.give(out);
}

// substring(text, from [, count]): positions before the first count, but hold nothing.
void substring(function_call& call)
{
    const value subject = call.argument(0);
    const std::int64_t from = call.integer(1);
    std::int64_t end = std::numeric_limits<std::int64_t>::max();
    if (call.size() == 3) {
        if (call.integer(2) < 0)
            refuse("22011", "negative substring length not allowed");
        if (__builtin_add_overflow(from, call.integer(2), &end))
            end = std::numeric_limits<std::int64_t>::max();
    }
    const std::int64_t first = std::max<std::int64_t>(from, 1);
    const std::int64_t count = std::max<std::int64_t>(end - first, 0);
    if (subject.is == value::kind::blob) {
        const auto size = static_cast<std::int64_t>(subject.bytes.size());
        const auto start = static_cast<std::size_t>(std::min(first - 1, size));
        return call.give_blob(subject.bytes.substr(start, static_cast<std::size_t>(count)));
    }
    std::string_view text = call.text(0);
    text.remove_prefix(utf8::prefix_size(text, first - 1));
    call.give(text.substr(0, utf8::prefix_size(text, count)));
}

// left(text, n), and all but the last n when n is negative.
void left(function_call& call)
{
    const std::string_view text = call.text(0);
    const std::int64_t n = call.integer(1);
    call.give(text.substr(0, utf8::prefix_size(text, n < 0 ? utf8::length(text) + n : n)));
}

void right(function_call& call)
{
    const std::string_view text = call.text(0);
    const std::int64_t n = call.integer(1);
    const std::int64_t dropped = n < 0 ? -n : utf8::length(text) - n;
    call.give(text.substr(utf8::prefix_size(text, dropped)));
}

std::string padding(std::string_view fill, std::int64_t characters)
{
    std::string out;
    if (fill.empty())
        return out;
    const std::int64_t size = utf8::length(fill);
    require_size(static_cast<std::size_t>(characters) * fill.size() /
                 static_cast<std::size_t>(size));
    for (; characters >= size; characters -= size)
        out += fill;
    return out += fill.substr(0, utf8::prefix_size(fill, characters));
}

void pad(function_call& call, bool at_left)
{
    const std::string_view text = call.text(0);
    const std::int64_t wanted = std::max<std::int64_t>(call.integer(1), 0);
    const std::int64_t missing = wanted - utf8::length(text);
    if (missing <= 0)
        return call.give(text.substr(0, utf8::prefix_size(text, wanted)));
    const std::string fill = padding(call.text(2), missing);
    call.give(at_left ? fill + std::string(text) : std::string(text) + fill);
}

void repeat(function_call& call)
{
    const std::string_view text = call.text(0);
    const auto times = static_cast<std::size_t>(std::max<std::int64_t>(call.integer(1), 0));
    if (!text.empty() && times > largest / text.size())
        require_size(largest + 1);
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times && !text.empty(); ++i)
        out += text;
    call.give(out);
}

void reverse(function_call& call)
{
    const std::string_view text = call.text(0);
    std::string out;
    for (std::size_t end = text.size(); end > 0;) {
        std::size_t start = end - 1;
        while (start > 0 && utf8::continues(text[start]))
            --start;
        out += text.substr(start, end - start);
        end = start;
    }
    call.give(out);
}

std::vector<std::string_view> characters_of(std::string_view text)
{
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at < text.size();) {
        out.push_back(text.substr(at, utf8::size_at(text, at)));
        at += out.back().size();
    }
    return out;
}

void translate(function_call& call)
{
    const auto from = characters_of(call.text(1));
    const auto to = characters_of(call.text(2));
    std::string out;
    for (const std::string_view c : characters_of(call.text(0))) {
        const auto at = static_cast<std::size_t>(std::ranges::find(from, c) - from.begin());
        if (at == from.size())
            out += c;
        else if (at < to.size())
            out += to[at];
    }
    call.give(out);
}

// overlay(text placing part from n [for count])
void overlay(function_call& call)
{
    const std::string_view text = call.text(0);
    const std::string_view part = call.text(1);
    const std::int64_t from = call.integer(2);
    const std::int64_t count = call.size() == 4 ? call.integer(3) : utf8::length(part);
    if (from <= 0 || count < 0)
        refuse("22011", "negative substring length not allowed");
    std::string out(text.substr(0, utf8::prefix_size(text, from - 1)));
    out += part;
    out += text.substr(utf8::prefix_size(text, from - 1 + count));
    call.give(out);
}

void concat(function_call& call)
{
    std::string out;
    for (std::size_t i = 0; i < call.size(); ++i)
        out += call.text(i); // NULL is nothing
    call.give(out);
}

void concat_with_separator(function_call& call)
{
    if (call.is_null(0))
        return;
    const std::string separator(call.text(0));
    std::string out;
    bool first = true;
    for (std::size_t i = 1; i < call.size(); ++i) {
        if (call.is_null(i))
            continue;
        out += std::exchange(first, false) ? "" : separator;
        out += call.text(i);
    }
    call.give(out);
}

// PostgreSQL's reserved words, which quote_ident() must quote.
bool is_reserved_word(std::string_view word)
{
    static constexpr auto words = std::to_array<std::string_view>(
        {"all",       "analyse",   "analyze", "and",        "any",     "array",     "as",
         "asc",       "between",   "bigint",  "bit",        "boolean", "both",      "case",
         "cast",      "char",      "check",   "coalesce",   "collate", "column",    "constraint",
         "create",    "cross",     "default", "deferrable", "desc",    "distinct",  "do",
         "else",      "end",       "except",  "exists",     "false",   "fetch",     "float",
         "for",       "foreign",   "from",    "full",       "grant",   "group",     "having",
         "in",        "initially", "inner",   "int",        "integer", "intersect", "interval",
         "into",      "is",        "join",    "lateral",    "leading", "left",      "like",
         "limit",     "natural",   "not",     "null",       "numeric", "offset",    "on",
         "only",      "or",        "order",   "outer",      "primary", "real",      "references",
         "returning", "right",     "row",     "select",     "similar", "smallint",  "some",
         "table",     "then",      "time",    "timestamp",  "to",      "trailing",  "true",
         "union",     "unique",    "user",    "using",      "values",  "varchar",   "when",
         "where",     "window",    "with"});
    return std::ranges::find(words, word) != words.end();
}

bool needs_quotes(std::string_view name)
{
    if (name.empty() || (name[0] >= '0' && name[0] <= '9'))
        return true;
    return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") !=
               std::string_view::npos ||
           is_reserved_word(name);
}

std::string quoted(std::string_view text, char quote)
{
    std::string out(1, quote);
    for (const char c : text)
        out.append(c == quote ? 2 : 1, c);
    return out + quote;
}

std::string quoted_identifier(std::string_view name)
{
    return needs_quotes(name) ? quoted(name, '"') : std::string(name);
}

std::string quoted_literal(std::string_view text)
{
    if (text.find('\\') == std::string_view::npos)
        return quoted(text, '\'');
    std::string doubled;
    for (const char c : text)
        doubled.append(c == '\\' ? 2 : 1, c);
    return 'E' + quoted(doubled, '\'');
}

// format(): %s, %I, %L, %%, with a position (%2$s), a width (%-10s) or one from an argument (%*s).
class formatter {
public:
    explicit formatter(function_call& call) : call_(call), rest_(call.text(0)) {}

    std::string run()
    {
        while (!rest_.empty()) {
            const std::size_t percent = rest_.find('%');
            out_ += rest_.substr(0, percent);
            rest_.remove_prefix(percent == std::string_view::npos ? rest_.size() : percent + 1);
            if (percent != std::string_view::npos)
                specifier();
        }
        return std::move(out_);
    }

private:
    char next()
    {
        if (rest_.empty())
            refuse("22023",
                   "unterminated format() type specifier",
                   -1,
                   "For a single \"%\" use \"%%\".");
        return rest_.front();
    }

    bool take(char c)
    {
        if (next() != c)
            return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::size_t number()
    {
        std::size_t n = 0;
        for (; next() >= '0' && next() <= '9'; rest_.remove_prefix(1)) {
            n = n * 10 + static_cast<std::size_t>(rest_.front() - '0');
            if (n > largest)
                refuse("22003", "number is out of range");
        }
        return n;
    }

    std::size_t argument()
    {
        if (next_argument_ >= call_.size())
            refuse("22023", "too few arguments for format()");
        return next_argument_++;
    }

    void specifier()
    {
        if (take('%')) {
            out_.push_back('%');
            return;
        }
        const std::string_view start = rest_;
        if (const std::size_t position = number(); !rest_.empty() && rest_.front() == '$') {
            if (position == 0)
                refuse("22023", "format specifies argument 0, but arguments are numbered from 1");
            rest_.remove_prefix(1);
            next_argument_ = position;
        } else {
            rest_ = start;
        }
        bool at_left = take('-');
        std::int64_t width = 0;
        if (take('*')) {
            width = call_.integer(argument());
            at_left = at_left || width < 0;
            width = std::abs(width);
        } else {
            width = static_cast<std::int64_t>(number());
        }
        const char kind = next();
        rest_.remove_prefix(1);
        if (kind != 's' && kind != 'I' && kind != 'L')
            refuse("22023",
                   std::string("unrecognized format() type specifier \"") + kind + '"',
                   -1,
                   "For a single \"%\" use \"%%\".");
        const std::size_t at = argument();
        std::string text;
        if (call_.is_null(at) && kind == 'I')
            refuse("22004", "null values cannot be formatted as an SQL identifier");
        if (call_.is_null(at))
            text = kind == 'L' ? "NULL" : "";
        else
            text = kind == 's'   ? std::string(call_.text(at))
                   : kind == 'I' ? quoted_identifier(call_.text(at))
                                 : quoted_literal(call_.text(at));
        const std::int64_t missing = std::max<std::int64_t>(width - utf8::length(text), 0);
        require_size(static_cast<std::size_t>(missing));
        text.insert(at_left ? text.size() : 0, static_cast<std::size_t>(missing), ' ');
        out_ += text;
    }

    function_call& call_;
    std::string_view rest_;
    std::string out_;
    std::size_t next_argument_ = 1;
};

void format(function_call& call)
{
    if (!call.is_null(0))
        call.give(formatter{call}.run());
}

// split_part(text, separator, n); a negative n counts from the end.
void split_part(function_call& call)
{
    std::string_view text = call.text(0);
    const std::string_view separator = call.text(1);
    std::int64_t wanted = call.integer(2);
    if (wanted == 0)
        refuse("22023", "field position must not be zero");
    std::vector<std::string_view> parts;
    while (!separator.empty() && text.find(separator) != std::string_view::npos) {
        parts.push_back(text.substr(0, text.find(separator)));
        text.remove_prefix(parts.back().size() + separator.size());
    }
    parts.push_back(text);
    const auto size = static_cast<std::int64_t>(parts.size());
    if (wanted < 0)
        wanted += size + 1;
    call.give(wanted >= 1 && wanted <= size ? parts[static_cast<std::size_t>(wanted - 1)] : "");
}

void ascii(function_call& call)
{
    const std::string_view text = call.text(0);
    call.give(text.empty() ? std::int64_t{0}
                           : std::int64_t{utf8::decode(text.substr(0, utf8::size_at(text, 0)))});
}

void chr(function_call& call)
{
    const std::int64_t code = call.integer(0);
    if (code == 0)
        refuse("54000", "null character not permitted");
    if (code < 0)
        refuse("54000", "character number must be positive");
    if (code > 0x10'ffff || (code >= 0xd800 && code < 0xe000))
        refuse("54000", "requested character too large for encoding: " + std::to_string(code));
    std::string out;
    utf8::append(out, static_cast<char32_t>(code));
    call.give(out);
}

std::string hex_of(std::uint64_t n)
{
    std::string out;
    do {
        out.push_back("0123456789abcdef"[n & 15]);
        n >>= 4;
    } while (n != 0);
    std::ranges::reverse(out);
    return out;
}

// LIKE ... ESCAPE: the pattern as if the escape were a backslash.
void like_escape(function_call& call)
{
    const std::string_view escape = call.text(1);
    if (utf8::length(escape) > 1)
        refuse("22025",
               "invalid escape string",
               -1,
               "Escape string must be empty or one character.");
    std::string out;
    const auto characters = characters_of(call.text(0));
    for (std::size_t i = 0; i < characters.size(); ++i) {
        if (!escape.empty() && characters[i] == escape) {
            out.push_back('\\');
            if (++i == characters.size())
                refuse("22025", "LIKE pattern must not end with escape character");
            out += characters[i];
        } else {
            out += characters[i] == "\\" ? "\\\\" : characters[i];
        }
    }
    call.give(out);
}

using enum scalar_function::kind;

constexpr scalar_function functions[] = {
    {"pg_lower", 1, [](function_call& c) { c.give(utf8::lower(c.text(0))); }},
    {"pg_upper", 1, [](function_call& c) { c.give(utf8::upper(c.text(0))); }},
    {"pg_initcap", 1, initcap},
    {"pg_substring", 2, substring},
    {"pg_substring", 3, substring},
    {"pg_left", 2, left},
    {"pg_right", 2, right},
    {"pg_lpad", 3, [](function_call& c) { pad(c, true); }},
    {"pg_rpad", 3, [](function_call& c) { pad(c, false); }},
    {"pg_repeat", 2, repeat},
    {"pg_reverse", 1, reverse},
    {"pg_translate", 3, translate},
    {"pg_overlay", 3, overlay},
    {"pg_overlay", 4, overlay},
    {"pg_concat", -1, concat, pure, false},
    {"pg_concat_ws", -1, concat_with_separator, pure, false},
    {"pg_format", -1, format, pure, false},
    {"pg_split_part", 3, split_part},
    {"pg_ascii", 1, ascii},
    {"pg_chr", 1, chr},
    {"pg_to_hex",
     1,
     [](function_call& c) { c.give(hex_of(static_cast<std::uint64_t>(c.integer(0)))); }},
    {"pg_quote_ident", 1, [](function_call& c) { c.give(quoted_identifier(c.text(0))); }},
    {"pg_quote_literal", 1, [](function_call& c) { c.give(quoted_literal(c.text(0))); }},
    {"pg_like_escape", 2, like_escape},
};

} // namespace

void register_text_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
