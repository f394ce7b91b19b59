// What a client of the load generator does, as messages of the PostgreSQL protocol made beforehand:
// steps, each sent in one write, and the message that ends the wait for its answer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::bench {

struct step {
    std::string bytes;
    char until = 'Z';    // ReadyForQuery, or 'G' where COPY data may follow
    bool opens = false;  // on a new connection
    bool closes = false; // once the answer is there, Terminate is sent and the connection closed
};

using script = std::vector<step>;

script log_in(std::string_view user, std::string_view database, std::string_view application);
script simple(std::string_view sql);
script extended(std::string_view sql);    // Parse, Bind, Describe, Execute and Sync in one write
script transaction(std::string_view sql); // BEGIN, three times the statement, COMMIT
script copy_in(std::string_view sql, std::size_t size); // of CopyData, in frames of 8 kB

} // namespace weir::bench
