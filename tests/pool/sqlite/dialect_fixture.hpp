// A file in memory whose tables are made and asked in PostgreSQL's dialect, without a session.
#pragma once

#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/dialect/parse_tree.hpp"
#include "pool/sqlite/dialect/statement.hpp"
#include "pool/sqlite/functions.hpp"
#include "pool/sqlite/values.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

class dialect_file {
public:
    dialect_file() : db_(sqlite::connection::open(":memory:").value())
    {
        session_.transaction_start = std::chrono::system_clock::now();
        session_.statement_start = session_.transaction_start;
        sqlite::register_functions(db_, &session_).value();
        sqlite::catalog::install(db_).value();
        tables_ = sqlite::catalog::load(db_).value();
    }

    result<std::shared_ptr<const sqlite::analysed_statement>>
    analysed(std::string_view sql, const std::vector<sqlite::oid>& parameters = {})
    {
        const auto tree = sqlite::parse_tree::parse(std::string(sql));
        if (!tree)
            return tree.error();
        return sqlite::analyse(*tree, 0, parameters, *tables_, {});
    }

    // "42703 column "x" does not exist", or "ok".
    std::string refusal(std::string_view sql)
    {
        const auto made = analysed(sql);
        return made ? "ok" : describe(made.error());
    }

    // The rows as psql -At shows them, one after the other with ';' between; or the error.
    std::string run(std::string_view sql)
    {
        const auto plan = analysed(sql);
        if (!plan)
            return describe(plan.error());
        if ((*plan)->apply) {
            const auto done = (*plan)->apply(db_);
            tables_ = sqlite::catalog::load(db_).value();
            return done ? "" : describe(done.error());
        }
        auto prepared = db_.prepare((*plan)->sql);
        if (!prepared)
            return describe(prepared.error());
        std::string rows;
        for (;;) {
            const auto step = prepared->step();
            if (!step)
                return describe(step.error());
            if (*step == sqlite::step_result::done)
                return rows;
            if (!rows.empty())
                rows += ';';
            append_row(rows, *prepared, (*plan)->columns);
        }
    }

    sqlite::connection& db() { return db_; }

private:
    static std::string describe(const error& what)
    {
        return std::string(what.code.text()) + ' ' + what.message;
    }

    static void append_row(std::string& rows,
                           const sqlite::statement& from,
                           const std::vector<sqlite::result_column>& columns)
    {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (i > 0)
                rows += '|';
            const sqlite::value field = from.column(static_cast<int>(i));
            if (field.is == sqlite::value::kind::null)
                rows += "NULL";
            else
                sqlite::encode(rows, field, columns[i].type, sqlite::wire_format::text, {});
        }
    }

    sqlite::connection db_;
    sqlite::function_context session_;
    std::shared_ptr<const sqlite::catalog> tables_;
};

} // namespace weir::test
