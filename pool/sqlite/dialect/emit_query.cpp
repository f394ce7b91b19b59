#include "pool/sqlite/dialect/emitter.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"
#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/operator_table.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace weir::sqlite {

namespace {

std::string numbered(std::size_t index) { return 'c' + std::to_string(index + 1); }

bool has_outer_join(const tree::source& of)
{
    const auto* join = std::get_if<tree::join_source>(&of.is);
    return join && (join->kind == tree::join_kind::right || join->kind == tree::join_kind::full ||
                    has_outer_join(*join->left) || has_outer_join(*join->right));
}

bool is_never_null(const tree::expression& of)
{
    const auto* column = std::get_if<tree::column_use>(&of.is);
    return column && column->never_null;
}

bool stands_alone(const tree::query& of)
{
    return of.with.empty() && of.order.empty() && !of.limit && !of.offset;
}

} // namespace

void emitter::query(const tree::query& of, column_names names)
{
    with(of.with, of.recursive);
    body(of, names, false);
    if (!of.order.empty()) {
        out_ += " ORDER BY ";
        sort_keys(of.order);
    }
    if (of.limit || of.offset) {
        out_ += " LIMIT ";
        if (of.limit)
            count(*of.limit, form::limit);
        else
            out_ += "-1";
    }
    if (of.offset) {
        out_ += " OFFSET ";
        count(*of.offset, form::offset);
    }
}

void emitter::count(const tree::expression& of, std::string_view words)
{
    const auto* written = std::get_if<tree::constant>(&of.is);
    const auto* number = written ? std::get_if<std::int64_t>(&written->stored) : nullptr;
    if (number && *number >= 0) {
        out_ += std::to_string(*number);
        return;
    }
    auto argument = std::make_shared<tree::expression>(of);
    fill(words, std::array{tree::expression_ptr{std::move(argument)}});
}

void emitter::with(const std::vector<tree::cte>& tables, bool recursive)
{
    if (tables.empty())
        return;
    out_ += recursive ? "WITH RECURSIVE " : "WITH ";
    for (const tree::cte& each : tables) {
        if (&each != &tables.front())
            out_ += ", ";
        out_ += quote_identifier(each.stored_as) + '(';
        const std::size_t columns = std::max<std::size_t>(each.inner->columns.size(), 1);
        for (std::size_t i = 0; i < columns; ++i)
            out_ += (i > 0 ? ", " : "") + numbered(i);
        out_ += ") AS (";
        query(*each.inner, column_names::numbered);
        out_ += ')';
    }
    out_ += ' ';
}

// `distinct_rows`: rows of it will be compared with others, so each column brings its collation.
void emitter::body(const tree::query& of, column_names names, bool distinct_rows)
{
    if (const auto* plain = std::get_if<tree::select_body>(&of.body))
        return select(*plain, of.columns, names, distinct_rows);
    if (const auto* set = std::get_if<tree::set_body>(&of.body))
        return set_operation(*set, names, distinct_rows);
    out_ += "SELECT ";
    for (std::size_t i = 0; i < of.columns.size(); ++i) {
        out_ += (i > 0 ? ", column" : "column") + std::to_string(i + 1) + " AS ";
        out_ += names == column_names::named ? quote_identifier(of.columns[i].name) : numbered(i);
    }
    out_ += " FROM (";
    values(std::get<tree::values_body>(of.body));
    out_ += ')';
}

void emitter::values(const tree::values_body& of)
{
    out_ += "VALUES ";
    for (const auto& row : of.rows) {
        out_ += &row == &of.rows.front() ? "(" : ", (";
        list(row);
        out_ += ')';
    }
}

void emitter::select(const tree::select_body& of,
                     const std::vector<result_column>& columns,
                     column_names names,
                     bool distinct_rows)
{
    out_ += of.distinct ? "SELECT DISTINCT " : "SELECT ";
    for (std::size_t i = 0; i < of.targets.size(); ++i) {
        if (i > 0)
            out_ += ", ";
        if (of.distinct || distinct_rows)
            collated(*of.targets[i].value);
        else
            expression(*of.targets[i].value);
        out_ += " AS ";
        out_ += names == column_names::named ? quote_identifier(columns[i].name) : numbered(i);
    }
    if (of.targets.empty())
        out_ += "NULL AS c1"; // PostgreSQL knows rows without columns
    if (!of.from.empty())
        from(of.from);
    if (of.where) {
        out_ += " WHERE ";
        expression(*of.where);
    }
    for (const tree::expression_ptr& each : of.group_by) {
        out_ += &each == &of.group_by.front() ? " GROUP BY " : ", ";
        // A number here would be a column's; any constant makes one group.
        if (std::holds_alternative<tree::constant>(each->is))
            out_ += "NULL";
        else
            collated(*each);
    }
    if (of.having) {
        out_ += " HAVING ";
        expression(*of.having);
    }
}

// SQLite's operators associate to the left and bind alike: what is nested on the right, or has an
// order or a limit of its own, is wrapped.
void emitter::set_operation(const tree::set_body& of, column_names names, bool distinct_rows)
{
    const bool compares = distinct_rows || of.is != tree::set_operator::union_all;
    operand(*of.left, names, compares, true);
    switch (of.is) {
    case tree::set_operator::union_: out_ += " UNION "; break;
    case tree::set_operator::union_all: out_ += " UNION ALL "; break;
    case tree::set_operator::intersect: out_ += " INTERSECT "; break;
    case tree::set_operator::except: out_ += " EXCEPT "; break;
    }
    operand(*of.right, names, compares, false);
}

void emitter::operand(const tree::query& of, column_names names, bool distinct_rows, bool is_left)
{
    if (stands_alone(of) && (is_left || !std::holds_alternative<tree::set_body>(of.body)))
        return body(of, names, distinct_rows);
    out_ += "SELECT * FROM (";
    query(of, names);
    out_ += ')';
}

void emitter::from(const std::vector<tree::source_ptr>& items)
{
    out_ += " FROM ";
    for (const tree::source_ptr& each : items) {
        if (&each != &items.front())
            out_ += ", ";
        // The comma is a join like any other to SQLite: `a, b RIGHT JOIN c` must not start with a.
        source(*each, items.size() > 1 && has_outer_join(*each));
    }
}

void emitter::source(const tree::source& of, bool inside_join)
{
    struct writer {
        emitter& to;
        bool inside_join;

        void operator()(const tree::table_source& table) const
        {
            to.out_ += quote_identifier(table.of->stored_as);
        }
        void operator()(const tree::query_source& inner) const
        {
            to.out_ += '(';
            to.query(*inner.inner, column_names::numbered);
            to.out_ += ')';
        }
        void operator()(const tree::cte_source& table) const
        {
            to.out_ += quote_identifier(table.stored_as);
        }
        void operator()(const tree::function_source& function) const
        {
            to.out_ += '(';
            if (function.value) {
                to.out_ += "SELECT ";
                to.expression(*function.value);
                to.out_ += " AS c1";
            } else {
                to.fill(function.sqlite, function.arguments);
            }
            to.out_ += ')';
        }
        void operator()(const tree::join_source& joined) const
        {
            if (inside_join)
                to.out_ += '(';
            to.join(joined);
            if (inside_join)
                to.out_ += ')';
        }
    };
    std::visit(writer{*this, inside_join}, of.is);
    if (!std::holds_alternative<tree::join_source>(of.is))
        out_ += " AS " + of.alias;
}

void emitter::join(const tree::join_source& of)
{
    source(*of.left, false);
    switch (of.kind) {
    case tree::join_kind::inner:
    case tree::join_kind::cross: out_ += " JOIN "; break; // SQLite's CROSS JOIN fixes the order
    case tree::join_kind::left: out_ += " LEFT JOIN "; break;
    case tree::join_kind::right: out_ += " RIGHT JOIN "; break;
    case tree::join_kind::full: out_ += " FULL JOIN "; break;
    }
    source(*of.right, true);
    out_ += " ON ";
    if (of.on)
        expression(*of.on);
    else
        out_ += '1';
}

// SQLite puts NULLs first when ascending; where no NULL can be, saying nothing lets an index serve.
void emitter::sort_keys(const std::vector<tree::sort_key>& keys)
{
    for (const tree::sort_key& each : keys) {
        if (&each != &keys.front())
            out_ += ", ";
        const comparable_type* known = find_comparable(each.value->type);
        if (each.ordinal > 0)
            out_ += std::to_string(each.ordinal);
        else if (std::holds_alternative<tree::constant>(each.value->is))
            out_ += "NULL"; // a number would be a column's
        else
            expression(*each.value);
        if (known && !known->collation.empty())
            (out_ += " COLLATE ") += known->collation;
        if (each.descending)
            out_ += " DESC";
        if (each.nulls_first == each.descending && !is_never_null(*each.value))
            out_ += each.nulls_first ? " NULLS FIRST" : " NULLS LAST";
    }
}

} // namespace weir::sqlite
