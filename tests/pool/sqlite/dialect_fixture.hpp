// A file in memory whose tables are made and asked in PostgreSQL's dialect, without a session.
#pragma once

#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/dialect/parse_tree.hpp"
#include "pool/sqlite/dialect/statement.hpp"
#include "pool/sqlite/functions.hpp"
#include "pool/sqlite/values.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

class dialect_file {
public:
    using plan = std::shared_ptr<const sqlite::analysed_statement>;

    dialect_file() : db_(sqlite::connection::open(":memory:").value())
    {
        session_->transaction_start = std::chrono::system_clock::now();
        session_->statement_start = session_->transaction_start;
        sqlite::register_functions(db_, session_.get()).value();
        sqlite::catalog::install(db_).value();
        tables_ = sqlite::catalog::load(db_).value();
    }

    result<plan> analysed(std::string_view sql, const std::vector<sqlite::oid>& parameters = {})
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
        return made ? "ok" : described(made.error());
    }

    // The rows, fields with '|' and rows with ';' between them; or the error.
    std::string run(std::string_view sql)
    {
        const auto found = rows(sql);
        if (!found)
            return described(found.error());
        std::string all;
        for (const std::string& each : *found)
            all += (all.empty() ? "" : ";") + each;
        return all;
    }

    // A line with the columns' names and one for each row; "ERR" before an error.
    std::string answer(std::string_view sql)
    {
        const auto made = analysed(sql);
        const auto found = made ? rows(sql) : result<std::vector<std::string>>(made.error());
        if (!found)
            return "ERR " + described(found.error()) + '\n';
        std::string all;
        for (const sqlite::result_column& each : (*made)->columns)
            (all += all.empty() ? "" : "|") += each.name;
        if (!all.empty())
            all += '\n';
        for (const std::string& each : *found)
            all += each + '\n';
        return all;
    }

    sqlite::connection& db() { return db_; }

private:
    static std::string described(const error& what)
    {
        return std::string(what.code.text()) + ' ' + what.message;
    }

    static std::string row_of(const sqlite::statement& from, const sqlite::analysed_statement& of)
    {
        std::string row;
        for (std::size_t i = 0; i < of.columns.size(); ++i) {
            if (i > 0)
                row += '|';
            const sqlite::value field = from.column(static_cast<int>(i));
            if (field.is == sqlite::value::kind::null)
                row += "NULL";
            else
                sqlite::encode(row, field, of.columns[i].type, sqlite::wire_format::text, {});
        }
        return row;
    }

    result<std::vector<std::string>> rows(std::string_view sql)
    {
        const auto made = analysed(sql);
        if (!made)
            return made.error();
        std::vector<std::string> found;
        if ((*made)->apply) {
            const auto done = (*made)->apply(db_);
            tables_ = sqlite::catalog::load(db_).value();
            if (!done)
                return done.error();
            return found;
        }
        auto prepared = db_.prepare((*made)->sql);
        if (!prepared)
            return prepared.error();
        for (;;) {
            const auto step = prepared->step();
            if (!step)
                return step.error();
            if (*step == sqlite::step_result::done)
                return found;
            found.push_back(row_of(*prepared, **made));
        }
    }

    sqlite::connection db_;
    std::unique_ptr<sqlite::function_context> session_ =
        std::make_unique<sqlite::function_context>();
    std::shared_ptr<const sqlite::catalog> tables_;
};

} // namespace weir::test
