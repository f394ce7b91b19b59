// Filling the words of the tables (function_table.hpp) with their arguments.
#include "pool/sqlite/dialect/cast_table.hpp"
#include "pool/sqlite/dialect/emitter.hpp"
#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/operator_table.hpp"
#include "pool/sqlite/dialect/type_rules.hpp"
#include "pool/sqlite/value_codecs.hpp"

#include <array>
#include <cassert>

namespace weir::sqlite {

namespace {

// A borrowed expression as an argument of a template.
tree::expression_ptr borrowed(const tree::expression& of)
{
    return {std::shared_ptr<void>{}, const_cast<tree::expression*>(&of)};
}

bool is_form(char c)
{
    return c == 't' || c == 'o' || c == 'j' || c == 'k' || c == 'T' || c == 'E';
}

} // namespace

void emitter::fill(std::string_view words, std::span<const tree::expression_ptr> arguments)
{
    while (!words.empty()) {
        const std::size_t mark = words.find('%');
        out_ += words.substr(0, mark);
        if (mark == std::string_view::npos)
            return;
        words.remove_prefix(mark);
        words.remove_prefix(placeholder(words, arguments));
    }
}

// Writes what the placeholder at the start of `words` asks for; how many characters it takes.
std::size_t emitter::placeholder(std::string_view words,
                                 std::span<const tree::expression_ptr> arguments)
{
    const char form = is_form(words[1]) ? words[1] : '1';
    const std::size_t size = form == '1' ? 2 : 3;
    const char which = words[size - 1];
    if (which != '*') {
        const auto index = static_cast<std::size_t>(which - '1');
        assert(index < arguments.size());
        in_form(form, *arguments[index]);
        return size;
    }
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (i > 0)
            out_ += ", ";
        in_form(form == 'k' ? (i % 2 == 0 ? 'o' : 'j') : form, *arguments[i]);
    }
    return size;
}

void emitter::in_form(char form, const tree::expression& of)
{
    switch (form) {
    case 't': return text_form(of, false);
    case 'o': return text_form(of, true);
    case 'j': return json_form(of);
    case 'T': out_ += std::to_string(static_cast<std::uint32_t>(of.type)); return;
    case 'E': out_ += std::to_string(static_cast<std::uint32_t>(element_of(of.type))); return;
    default: return expression(of);
    }
}

// As `::text` has it, or as PostgreSQL prints it: the two differ for booleans and char(n).
void emitter::text_form(const tree::expression& of, bool as_printed)
{
    const std::array argument{borrowed(of)};
    if (as_printed && of.type == type::boolean)
        return fill("CASE %1 WHEN 1 THEN 't' WHEN 0 THEN 'f' END", argument);
    if (of.type == type::text || of.type == type::unknown || (as_printed && is_text(of.type)))
        return expression(of);
    if (const cast_entry* known = find_cast(of.type, type::text))
        return fill(known->sqlite, argument);
    fill("pg_output(%1, %T1)", argument);
}

void emitter::json_form(const tree::expression& of)
{
    const std::array argument{borrowed(of)};
    if (of.type == type::json || of.type == type::jsonb)
        return expression(of);
    if (of.type == type::boolean)
        return fill("CASE %1 WHEN 1 THEN 'true' WHEN 0 THEN 'false' END", argument);
    if (is_number(of.type))
        return text_form(of, true);
    if (of.type == type::timestamp || of.type == type::timestamptz)
        return fill("pg_json_time(%1, %T1)", argument);
    if (element_of(of.type) != type::none)
        return fill("pg_array_to_json(%1, %E1)", argument);
    out_ += "CASE WHEN ";
    expression(of);
    out_ += " IS NOT NULL THEN json_quote(";
    text_form(of, true);
    out_ += ") END";
}

// DISTINCT stands before the first argument; FILTER and OVER after the parenthesis that closes the
// aggregate, which is the first of its words.
void emitter::aggregate(const tree::aggregate& of)
{
    std::string_view words = of.sqlite;
    const std::size_t close = words.find(')');
    assert(close != std::string_view::npos);
    std::string_view inside = words.substr(0, close);
    if (of.distinct) {
        const std::size_t mark = inside.find('%');
        assert(mark != std::string_view::npos);
        out_ += inside.substr(0, mark);
        out_ += "DISTINCT ";
        inside.remove_prefix(mark);
        fill(inside, of.arguments);
        const comparable_type* known = find_comparable(of.arguments.front()->type);
        if (known && !known->collation.empty() && inside.find("COLLATE") == std::string_view::npos)
            (out_ += " COLLATE ") += known->collation;
    } else {
        fill(inside, of.arguments);
    }
    out_ += ')';
    if (of.filter) {
        out_ += " FILTER (WHERE ";
        expression(*of.filter);
        out_ += ')';
    }
    if (of.over)
        window(*of.over);
    out_ += words.substr(close + 1);
}

void emitter::window(const tree::window& of)
{
    out_ += " OVER (";
    if (!of.partition.empty()) {
        out_ += "PARTITION BY ";
        for (const tree::expression_ptr& each : of.partition) {
            if (&each != &of.partition.front())
                out_ += ", ";
            collated(*each);
        }
        out_ += ' ';
    }
    if (!of.order.empty()) {
        out_ += "ORDER BY ";
        sort_keys(of.order);
        out_ += ' ';
    }
    if (!of.frame_unit.empty()) {
        (out_ += of.frame_unit) += " BETWEEN ";
        bound(of.start);
        out_ += " AND ";
        bound(of.end);
        if (!of.exclusion.empty())
            (out_ += " EXCLUDE ") += of.exclusion;
    }
    out_ += ')';
}

void emitter::bound(const tree::frame_bound& of)
{
    using at = tree::frame_bound::at;
    if (of.distance) {
        expression(*of.distance);
        out_ += ' ';
    }
    switch (of.is) {
    case at::unbounded_preceding: out_ += "UNBOUNDED PRECEDING"; return;
    case at::preceding: out_ += "PRECEDING"; return;
    case at::current_row: out_ += "CURRENT ROW"; return;
    case at::following: out_ += "FOLLOWING"; return;
    case at::unbounded_following: out_ += "UNBOUNDED FOLLOWING"; return;
    }
}

} // namespace weir::sqlite
