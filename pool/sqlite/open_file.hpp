// A connection together with what is kept for it: the context of its functions and the statements
// that were prepared on it.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/functions.hpp"
#include "pool/sqlite/statement_cache.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::sqlite {

struct open_file {
    enum class access : std::uint8_t { read_only, read_write };

    // On the heap, since SQLite keeps the context's address.
    static result<std::unique_ptr<open_file>> open(const std::string& path, access how);

    // Runs a statement without results, such as COMMIT, from the cache.
    result<void> run(std::string_view sql);

    function_context context; // declared first: the functions outlive it otherwise
    connection db;
    statement_cache statements;

private:
    explicit open_file(connection&& opened) : db(std::move(opened)) {}
};

} // namespace weir::sqlite
