#include "pool/sqlite/dialect/emitter.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/operator_table.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace weir::sqlite {

namespace {

std::string quoted_text(std::string_view text)
{
    std::string out{"'"};
    for (const char c : text) {
        out += c;
        if (c == '\'')
            out += c;
    }
    return out += '\'';
}

std::string blob(const std::vector<char>& bytes)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string out{"x'"};
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out += '\'';
}

// A sign would join with an operator before it: 1 - -1 is fine, 1--1 begins a comment.
std::string number(std::int64_t value)
{
    const std::string digits = std::to_string(value);
    return value < 0 ? '(' + digits + ')' : digits;
}

std::string number(double value)
{
    if (std::isinf(value))
        return value < 0 ? "(-9e999)" : "9e999";
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    std::string digits{buffer.data(), end};
    if (digits.find_first_of(".e") == std::string::npos)
        digits += ".0"; // or SQLite would take it for an integer
    return value < 0 ? '(' + digits + ')' : digits;
}

std::string_view collation_of(oid type)
{
    const comparable_type* known = find_comparable(type);
    return known ? known->collation : std::string_view{};
}

} // namespace

std::string quote_identifier(std::string_view name)
{
    std::string out{'"'};
    for (const char c : name) {
        out += c;
        if (c == '"')
            out += c;
    }
    return out += '"';
}

// One overload for each kind of node: a new kind does not compile until it is here.
struct expression_emitter {
    emitter& to;

    void operator()(const tree::constant& of) const { to.constant(of); }
    void operator()(const tree::parameter& of) const { to.out_ += '?' + std::to_string(of.number); }
    void operator()(const tree::column_use& of) const
    {
        if (to.style_ == column_style::qualified)
            to.out_ += of.from->alias + '.';
        to.out_ += quote_identifier(of.from->columns[of.index].stored_as);
    }
    void operator()(const tree::call& of) const { to.fill(of.sqlite, of.arguments); }
    void operator()(const tree::comparison& of) const
    {
        to.out_ += '(';
        to.collated(*of.left);
        (to.out_ += ' ').append(of.operator_) += ' ';
        to.expression(*of.right);
        to.out_ += ')';
    }
    void operator()(const tree::greatest& of) const { to.greatest(of); }
    void operator()(const tree::aggregate& of) const { to.aggregate(of); }
    void operator()(const tree::junction& of) const
    {
        to.junction(of.terms, of.is_or ? " OR " : " AND ");
    }
    void operator()(const tree::case_when& of) const { to.case_when(of); }
    void operator()(const tree::in_list& of) const
    {
        to.out_ += '(';
        to.collated(*of.value);
        to.out_ += of.negated ? " NOT IN (" : " IN (";
        to.list(of.members);
        to.out_ += "))";
    }
    void operator()(const tree::subquery& of) const { to.subquery(of); }
    void operator()(const tree::in_array& of) const { to.in_array(of); }
    void operator()(const tree::row& of) const
    {
        to.out_ += '(';
        for (const tree::expression_ptr& each : of.fields) {
            if (&each != &of.fields.front())
                to.out_ += ", ";
            to.collated(*each);
        }
        to.out_ += ')';
    }
    void operator()(const tree::verbatim& of) const
    {
        to.out_ += '(';
        to.out_ += of.sql;
        to.out_ += ')';
    }
};

void emitter::expression(const tree::expression& of)
{
    std::visit(expression_emitter{*this}, of.is);
}

void emitter::list(std::span<const tree::expression_ptr> of)
{
    for (std::size_t i = 0; i < of.size(); ++i) {
        if (i > 0)
            out_ += ", ";
        expression(*of[i]);
    }
}

void emitter::constant(const tree::constant& of)
{
    struct writer {
        std::string operator()(std::monostate) const { return "NULL"; }
        std::string operator()(std::int64_t value) const { return number(value); }
        std::string operator()(double value) const { return number(value); }
        std::string operator()(const std::string& text) const { return quoted_text(text); }
        std::string operator()(const std::vector<char>& bytes) const { return blob(bytes); }
    };
    out_ += std::visit(writer{}, of.stored);
}

// Halves, so that a thousand terms nest ten deep: SQLite limits the depth of an expression.
void emitter::junction(std::span<const tree::expression_ptr> terms, std::string_view word)
{
    if (terms.size() == 1)
        return expression(*terms.front());
    const std::size_t half = terms.size() / 2;
    out_ += '(';
    junction(terms.first(half), word);
    out_ += word;
    junction(terms.subspan(half), word);
    out_ += ')';
}

void emitter::collated(const tree::expression& of)
{
    expression(of);
    if (const std::string_view collation = collation_of(of.type); !collation.empty())
        (out_ += " COLLATE ") += collation;
}

void emitter::case_when(const tree::case_when& of)
{
    out_ += "CASE";
    for (const auto& [condition, value] : of.branches) {
        out_ += " WHEN ";
        expression(*condition);
        out_ += " THEN ";
        expression(*value);
    }
    out_ += " ELSE ";
    expression(*of.otherwise);
    out_ += " END";
}

// SQLite's max(a, b) is NULL when either is. So each argument stands in for the others when they
// are NULL: max(coalesce(a, b), coalesce(b, a)).
void emitter::greatest(const tree::greatest& of)
{
    const std::size_t count = of.arguments.size();
    const std::string_view collation = collation_of(of.arguments.front()->type);
    out_ += of.least ? "min(" : "max(";
    for (std::size_t first = 0; first < count; ++first) {
        out_ += first == 0 ? "coalesce(" : ", coalesce(";
        for (std::size_t i = 0; i < count; ++i) {
            if (i > 0)
                out_ += ", ";
            expression(*of.arguments[(first + i) % count]);
        }
        out_ += ')';
        if (!collation.empty())
            (out_ += " COLLATE ") += collation;
    }
    out_ += ')';
}

namespace {

// Whether a query cannot have a second row, whatever the data.
bool has_one_row(const tree::query& of)
{
    if (of.limit)
        if (const auto* limit = std::get_if<tree::constant>(&of.limit->is))
            if (const auto* number = std::get_if<std::int64_t>(&limit->stored))
                if (*number <= 1)
                    return true;
    const auto* select = std::get_if<tree::select_body>(&of.body);
    return select && (select->from.empty() || (select->grouped && select->group_by.empty()));
}

} // namespace

void emitter::subquery(const tree::subquery& of)
{
    using form = tree::subquery::form;
    switch (of.is) {
    case form::exists: out_ += "EXISTS "; break;
    case form::in:
    case form::not_in:
        out_ += '(';
        if (std::holds_alternative<tree::row>(of.value->is))
            expression(*of.value);
        else
            collated(*of.value);
        out_ += of.is == form::in ? " IN " : " NOT IN ";
        break;
    case form::scalar:
        if (!has_one_row(*of.inner)) {
            out_ += "(SELECT pg_only_row(c1) FROM (";
            query(*of.inner, column_names::numbered);
            out_ += "))";
            return;
        }
        break;
    case form::array: {
        auto element = std::make_shared<tree::expression>();
        element->is = tree::call{"c1", {}};
        element->type = of.inner->columns.front().type;
        out_ += "(SELECT coalesce(";
        fill("pg_array_agg(%o1)", std::array{tree::expression_ptr{std::move(element)}});
        out_ += ", '{}') FROM (";
        query(*of.inner, column_names::numbered);
        out_ += "))";
        return;
    }
    }
    out_ += '(';
    query(*of.inner, column_names::numbered);
    out_ += of.is == form::in || of.is == form::not_in ? "))" : ")";
}

void emitter::in_array(const tree::in_array& of)
{
    out_ += '(';
    collated(*of.value);
    out_ += of.negated ? " NOT IN (" : " IN (";
    fill(form::array_members, std::array{of.array});
    out_ += "))";
}

} // namespace weir::sqlite
