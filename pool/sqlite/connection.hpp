// The door to SQLite: a connection, its statements, and its errors as PostgreSQL's.
#pragma once

#include "pool/core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_value;

namespace weir::sqlite {

class cancellation; // cancellation.hpp

// A value as SQLite holds it (see values.hpp for which PostgreSQL type is stored how). Texts and
// blobs are views into the statement, valid until its next step.
struct value {
    enum class kind : std::uint8_t { null, integer, real, text, blob } is = kind::null;
    std::int64_t integer = 0;
    double real = 0;
    std::string_view bytes = {};
};

enum class step_result : std::uint8_t { row, done };

class statement {
public:
    statement() = default;
    explicit statement(sqlite3_stmt* owned) : stmt_(owned) {}
    statement(statement&&) noexcept;
    statement& operator=(statement&&) noexcept;
    ~statement();

    explicit operator bool() const { return stmt_ != nullptr; }
    void bind(int index, const value& v); // 1-based; copies texts and blobs
    result<step_result> step();
    void reset(); // and clears the bindings
    int column_count() const;
    value column(int index) const; // 0-based
    sqlite3_stmt* get() const { return stmt_; }

private:
    sqlite3_stmt* stmt_ = nullptr;
};

class connection {
public:
    // Opens (and creates) the file in WAL mode with foreign keys on and DQS off. Functions and
    // collations are for the owner to register, since they need its context (functions.hpp).
    static result<connection> open(const std::string& path);

    connection(connection&&) noexcept;
    connection& operator=(connection&&) noexcept;
    ~connection();

    result<statement> prepare(std::string_view sql);
    result<void> execute(std::string_view sql); // one or several statements without results
    std::int64_t changes() const;               // rows changed by the last INSERT, UPDATE, DELETE
    bool in_transaction() const;
    void obey(const cancellation* who); // its requests end running statements with 57014
    error last_error() const;           // as PostgreSQL says it: 23505, 23502, 23503, 23514 ...
    sqlite3* get() const { return db_; }

private:
    explicit connection(sqlite3* owned) : db_(owned) {}
    sqlite3* db_ = nullptr;
};

} // namespace weir::sqlite
