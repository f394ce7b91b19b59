#include "pool/sqlite/connection.hpp"

#include "pool/sqlite/cancellation.hpp"
#include "pool/sqlite/error_words.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <thread>
#include <utility>

namespace weir::sqlite {

namespace {

// How often a running statement looks whether it should stop: some 20 microseconds apart.
constexpr int steps_between_looks = 1000;

constexpr sqlstate busy{"55P03"}; // another process holds the file

int should_stop(void* who)
{
    return static_cast<const cancellation*>(who)->why() != cancellation::reason::none;
}

// Inside weir nobody waits here: the write queue sees to that. This is for other programs that
// hold the file, such as a sqlite3 shell; they get five seconds.
int wait_for_other_process(void* who, int times_asked)
{
    constexpr std::array<int, 6> delays_ms{1, 2, 5, 10, 20, 50};
    constexpr int give_up_after = 100;
    if (times_asked >= give_up_after || (who && should_stop(who)))
        return 0;
    const auto at = std::min<std::size_t>(static_cast<std::size_t>(times_asked), 5);
    std::this_thread::sleep_for(std::chrono::milliseconds{delays_ms[at]});
    return 1;
}

// synchronous=FULL: a commit that PostgreSQL would keep through a power cut is kept here too.
constexpr auto connection_pragmas = "PRAGMA journal_mode=WAL;"
                                    "PRAGMA synchronous=FULL;"
                                    "PRAGMA foreign_keys=ON;"
                                    "PRAGMA trusted_schema=ON;";

// Of two that switch a new file to WAL at once SQLite tells one that the file is busy, without
// asking its busy handler: so the wait is here.
result<void> set_pragmas(connection& of)
{
    for (int times_asked = 0;; ++times_asked) {
        auto set = of.execute(connection_pragmas);
        if (set || set.error().code != busy || !wait_for_other_process(nullptr, times_asked))
            return set;
    }
}

} // namespace

statement::statement(statement&& other) noexcept : stmt_(std::exchange(other.stmt_, nullptr)) {}

statement& statement::operator=(statement&& other) noexcept
{
    std::swap(stmt_, other.stmt_);
    return *this;
}

statement::~statement() { sqlite3_finalize(stmt_); }

void statement::bind(int index, const value& v)
{
    int status = SQLITE_OK;
    const auto size = static_cast<sqlite3_uint64>(v.bytes.size());
    // A null pointer would bind NULL where an empty text is meant.
    const char* const data = v.bytes.data() ? v.bytes.data() : "";
    switch (v.is) {
    case value::kind::null: status = sqlite3_bind_null(stmt_, index); break;
    case value::kind::integer: status = sqlite3_bind_int64(stmt_, index, v.integer); break;
    case value::kind::real: status = sqlite3_bind_double(stmt_, index, v.real); break;
    case value::kind::text:
        status = sqlite3_bind_text64(stmt_, index, data, size, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    case value::kind::blob:
        status = sqlite3_bind_blob64(stmt_, index, data, size, SQLITE_TRANSIENT);
        break;
    }
    assert(status == SQLITE_OK); // messages are limited to less than SQLite's largest value
}

result<step_result> statement::step()
{
    switch (const int status = sqlite3_step(stmt_)) {
    case SQLITE_ROW: return step_result::row;
    case SQLITE_DONE: return step_result::done;
    default: return error_of(sqlite3_db_handle(stmt_), status);
    }
}

void statement::reset()
{
    sqlite3_reset(stmt_); // repeats the last step's error, which step() has reported
    sqlite3_clear_bindings(stmt_);
}

int statement::column_count() const { return sqlite3_column_count(stmt_); }

value statement::column(int index) const
{
    const auto view = [&](const void* data) {
        const int size = sqlite3_column_bytes(stmt_, index);
        return std::string_view{static_cast<const char*>(data), static_cast<std::size_t>(size)};
    };
    switch (sqlite3_column_type(stmt_, index)) {
    case SQLITE_INTEGER:
        return {.is = value::kind::integer, .integer = sqlite3_column_int64(stmt_, index)};
    case SQLITE_FLOAT:
        return {.is = value::kind::real, .real = sqlite3_column_double(stmt_, index)};
    case SQLITE_TEXT:
        return {.is = value::kind::text, .bytes = view(sqlite3_column_text(stmt_, index))};
    case SQLITE_BLOB:
        return {.is = value::kind::blob, .bytes = view(sqlite3_column_blob(stmt_, index))};
    default: return {};
    }
}

result<connection> connection::open(const std::string& path)
{
    sqlite3* db = nullptr;
    const int status = sqlite3_open_v2(path.c_str(),
                                       &db,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                           SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                       nullptr);
    connection opened{db};
    if (status != SQLITE_OK) {
        error e = error_of(db, status);
        e.message += ": " + path;
        return e;
    }
    // A misspelt column must not become a string.
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    if (const auto set = set_pragmas(opened); !set)
        return set.error();
    opened.obey(nullptr);
    return opened;
}

connection::connection(connection&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}

connection& connection::operator=(connection&& other) noexcept
{
    std::swap(db_, other.db_);
    return *this;
}

// _v2: statements that outlive their connection keep it until they go.
connection::~connection() { sqlite3_close_v2(db_); }

result<statement> connection::prepare(std::string_view sql)
{
    sqlite3_stmt* prepared = nullptr;
    const int status = sqlite3_prepare_v3(db_,
                                          sql.data(),
                                          static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT,
                                          &prepared,
                                          nullptr);
    if (status != SQLITE_OK)
        return error_of(db_, status);
    return statement{prepared};
}

result<void> connection::execute(std::string_view sql)
{
    const int status = sqlite3_exec(db_, std::string{sql}.c_str(), nullptr, nullptr, nullptr);
    if (status != SQLITE_OK)
        return error_of(db_, status);
    return {};
}

std::int64_t connection::changes() const { return sqlite3_changes64(db_); }

bool connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

void connection::obey(const cancellation* who)
{
    void* const context = const_cast<cancellation*>(who);
    sqlite3_progress_handler(db_, who ? steps_between_looks : 0, should_stop, context);
    sqlite3_busy_handler(db_, wait_for_other_process, context);
}

error connection::last_error() const { return error_of(db_, sqlite3_extended_errcode(db_)); }

} // namespace weir::sqlite
