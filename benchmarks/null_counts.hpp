// Asks a null backend what all its clients have sent since they logged in.
#pragma once

#include <cstdint>
#include <string>

namespace weir::bench {

struct null_counts {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
};

// The question itself is one of the messages, as are those of earlier calls.
std::string null_question();
null_counts ask_null_backend(const std::string& socket_path);

} // namespace weir::bench
