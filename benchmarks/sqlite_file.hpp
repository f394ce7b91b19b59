// How an application without weir uses SQLite: each process opens the file itself, in WAL mode with
// a busy timeout, and prepares its statements once.
#pragma once

#include <memory>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace weir::bench {

class sqlite_file {
public:
    // `transaction`: the statements of one. Throws std::runtime_error.
    sqlite_file(const std::string& path, const std::vector<std::string>& transaction);

    // False when the database was locked for longer than the busy timeout; then it is rolled back.
    bool run();

private:
    struct closer {
        void operator()(sqlite3* file) const;
        void operator()(sqlite3_stmt* statement) const;
    };

    [[noreturn]] void fail() const;

    std::unique_ptr<sqlite3, closer> file_;
    std::vector<std::unique_ptr<sqlite3_stmt, closer>> statements_;
};

} // namespace weir::bench
