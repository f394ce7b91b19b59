#include "benchmarks/sqlite_file.hpp"

#include <sqlite3.h>

#include <stdexcept>

namespace weir::bench {

namespace {

constexpr int busy_ms = 5000; // as Python's sqlite3 module has it

} // namespace

void sqlite_file::closer::operator()(sqlite3* file) const { sqlite3_close(file); }
void sqlite_file::closer::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

sqlite_file::sqlite_file(const std::string& path, const std::vector<std::string>& transaction)
{
    sqlite3* opened = nullptr;
    const int status = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
    file_.reset(opened);
    if (status != SQLITE_OK)
        fail();
    sqlite3_busy_timeout(opened, busy_ms);
    for (const std::string& sql : transaction) {
        sqlite3_stmt* prepared = nullptr;
        if (sqlite3_prepare_v2(opened, sql.c_str(), -1, &prepared, nullptr) != SQLITE_OK)
            fail();
        statements_.emplace_back(prepared);
    }
}

bool sqlite_file::run()
{
    for (const auto& statement : statements_) {
        int status = SQLITE_ROW;
        while (status == SQLITE_ROW)
            status = sqlite3_step(statement.get());
        sqlite3_reset(statement.get());
        if (status == SQLITE_BUSY) {
            if (!sqlite3_get_autocommit(file_.get()))
                sqlite3_exec(file_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
            return false;
        }
        if (status != SQLITE_DONE)
            fail();
    }
    return true;
}

void sqlite_file::fail() const { throw std::runtime_error(sqlite3_errmsg(file_.get())); }

} // namespace weir::bench
