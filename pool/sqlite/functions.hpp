// PostgreSQL's functions and collations where SQLite's differ or are missing, registered with a
// connection under names that start with pg_: pg_date_trunc, pg_numeric_add, COLLATE pg_numeric ...
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/values.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::sqlite {

// What currval() and lastval() remember of a session.
struct sequence_memory {
    std::map<std::int64_t, std::int64_t> last_values; // by the sequence's oid
    std::int64_t last_used = 0;                       // an oid; 0 = none yet
};

// What functions may ask of the session that runs them; outlives the connection's registration.
struct function_context {
    std::string time_zone = "UTC"; // an IANA name or a POSIX offset
    std::string user = "weir";
    std::string database = "database";
    std::string application_name;
    std::chrono::system_clock::time_point transaction_start; // now()
    std::chrono::system_clock::time_point statement_start;   // statement_timestamp()
    int process_id = 0;                                      // pg_backend_pid()
    output_settings output; // how values become text; of time zones only the one above counts
    std::function<std::optional<std::string>(std::string_view)> setting; // current_setting()
    std::shared_ptr<sequence_memory> sequences = std::make_shared<sequence_memory>();
};

result<void> register_functions(connection& into, const function_context* context);

// A function that fails reports "SQLSTATE:message" as its SQLite error text; this takes it apart.
error error_from_function(std::string_view text);

} // namespace weir::sqlite
