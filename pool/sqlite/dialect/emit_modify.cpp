#include "pool/sqlite/dialect/emitter.hpp"
#include "pool/sqlite/dialect/expression_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace weir::sqlite {

namespace {

// SQLite calls the row's number by three names, and a column may take any of them away.
std::string_view row_number_of(const tree::source& table)
{
    constexpr std::array<std::string_view, 3> names{"rowid", "_rowid_", "oid"};
    const auto is_free = [&](std::string_view name) {
        return std::ranges::none_of(table.columns, [&](const tree::source_column& column) {
            return std::ranges::equal(column.stored_as, name, [](char a, char b) {
                return std::tolower(static_cast<unsigned char>(a)) == b;
            });
        });
    };
    const auto found = std::ranges::find_if(names, is_free);
    return found == names.end() ? names.front() : *found;
}

} // namespace

void emitter::insertion(const tree::insertion& of)
{
    with(of.with, of.recursive);
    out_ += "INSERT INTO ";
    target(*of.into);
    const auto* rows = std::get_if<tree::values_body>(&of.rows->body);
    const bool plain_values = rows && of.rows->order.empty() && !of.rows->limit && !of.rows->offset;
    if (of.columns.empty()) {
        out_ += " DEFAULT VALUES";
    } else {
        out_ += " (";
        for (const std::string& each : of.columns)
            out_ += (&each == &of.columns.front() ? "" : ", ") + quote_identifier(each);
        out_ += ") ";
        if (plain_values) {
            values(*rows);
        } else {
            // Without a WHERE, SQLite would read ON CONFLICT as a join's ON.
            out_ += "SELECT * FROM (";
            query(*of.rows, column_names::numbered);
            out_ += ") WHERE 1";
        }
    }
    if (of.on_conflict)
        conflict(*of.on_conflict);
    returning(of.returning);
}

void emitter::update(const tree::update& of)
{
    with(of.with, of.recursive);
    out_ += "UPDATE ";
    target(*of.into);
    assignments(of.set);
    if (!of.from.empty())
        from(of.from);
    if (of.where) {
        out_ += " WHERE ";
        expression(*of.where);
    }
    returning(of.returning);
}

// SQLite has no USING: the rows to go are found by a query that joins.
void emitter::deletion(const tree::deletion& of)
{
    with(of.with, of.recursive);
    out_ += "DELETE FROM ";
    target(*of.into);
    if (!of.using_.empty()) {
        const std::string_view row = row_number_of(*of.into);
        ((out_ += " WHERE ") += row) += " IN (SELECT ";
        ((out_ += of.into->alias) += '.') += row;
        std::vector<tree::source_ptr> all{of.into};
        all.insert(all.end(), of.using_.begin(), of.using_.end());
        from(all);
        if (of.where) {
            out_ += " WHERE ";
            expression(*of.where);
        }
        out_ += ')';
    } else if (of.where) {
        out_ += " WHERE ";
        expression(*of.where);
    }
    returning(of.returning);
}

void emitter::target(const tree::source& of)
{
    out_ += quote_identifier(std::get<tree::table_source>(of.is).of->stored_as) + " AS " + of.alias;
}

void emitter::assignments(const std::vector<tree::assignment>& of)
{
    for (const tree::assignment& each : of) {
        out_ += &each == &of.front() ? " SET " : ", ";
        out_ += quote_identifier(each.column) + " = ";
        expression(*each.value);
    }
}

void emitter::conflict(const tree::conflict_clause& of)
{
    out_ += " ON CONFLICT";
    if (!of.arbiter.empty() || !of.columns.empty()) {
        out_ += " (";
        for (const std::string& each : of.columns)
            out_ += (&each == &of.columns.front() ? "" : ", ") + quote_identifier(each);
        // An index knows its table's columns without the table.
        for (const tree::expression_ptr& each : of.arbiter)
            out_ += (&each == &of.arbiter.front() ? "" : ", ") + emit(*each, column_style::bare);
        out_ += ')';
        if (of.index_condition)
            out_ += " WHERE " + emit(*of.index_condition, column_style::bare);
    }
    if (!of.update) {
        out_ += " DO NOTHING";
        return;
    }
    out_ += " DO UPDATE";
    assignments(of.set);
    if (of.where) {
        out_ += " WHERE ";
        expression(*of.where);
    }
}

void emitter::returning(const std::vector<tree::target>& of)
{
    for (const tree::target& each : of) {
        out_ += &each == &of.front() ? " RETURNING " : ", ";
        out_ += emit(*each.value, column_style::bare);
    }
}

std::string emit(const tree::expression& of, column_style style)
{
    emitter to{style};
    to.expression(of);
    return to.take();
}

std::string emit(const tree::query& of, column_names names)
{
    emitter to{column_style::qualified};
    to.query(of, names);
    return to.take();
}

std::string emit(const tree::insertion& of)
{
    emitter to{column_style::qualified};
    to.insertion(of);
    return to.take();
}

std::string emit(const tree::update& of)
{
    emitter to{column_style::qualified};
    to.update(of);
    return to.take();
}

std::string emit(const tree::deletion& of)
{
    emitter to{column_style::qualified};
    to.deletion(of);
    return to.take();
}

} // namespace weir::sqlite
