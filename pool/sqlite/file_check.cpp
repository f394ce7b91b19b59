#include "pool/sqlite/file_check.hpp"

#include "pool/sqlite/error_words.hpp"

#include <sqlite3.h>

#include <memory>

namespace weir::sqlite {
namespace {

// immutable: SQLite then neither locks the file nor looks for a -wal and -shm.
std::string immutable_uri(const std::string& path)
{
    std::string uri = path.starts_with('/') ? "file://" : "file:"; // "//" begins a host's name
    for (const char c : path)
        switch (c) {
        case '%': uri += "%25"; break;
        case '?': uri += "%3f"; break;
        case '#': uri += "%23"; break;
        default: uri += c;
        }
    return uri + "?immutable=1";
}

} // namespace

result<void> check_file(const std::string& path)
{
    sqlite3* opened = nullptr;
    int status = sqlite3_open_v2(immutable_uri(path).c_str(),
                                 &opened,
                                 SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE,
                                 nullptr);
    const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> db{opened, sqlite3_close};
    if (status == SQLITE_OK)
        status = sqlite3_exec(db.get(), "PRAGMA schema_version", nullptr, nullptr, nullptr);
    return status == SQLITE_OK ? result<void>{} : error_of(db.get(), status);
}

} // namespace weir::sqlite
