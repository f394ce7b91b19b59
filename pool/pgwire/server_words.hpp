// What an ErrorResponse or a NoticeResponse says. (PostgreSQL documentation, 55.8 Error and Notice
// Message Fields.)
#pragma once

#include "pool/core/error.hpp"
#include "pool/pgwire/frame.hpp"

#include <optional>
#include <string>

namespace weir::pgwire {

struct server_words {
    std::string severity; // ERROR, FATAL, NOTICE ...: never translated, where the server says so
    error what;

    bool is_last() const { return severity == "FATAL" || severity == "PANIC"; } // then it hangs up
};

// Nothing when the body is malformed. Fields that weir has no use for are skipped.
std::optional<server_words> read_server_words(bytes body);

} // namespace weir::pgwire
