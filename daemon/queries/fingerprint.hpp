// What queries that differ in their literals alone have in common. Any thread may ask; it takes
// some ten microseconds.
#pragma once

#include <string>

namespace weir {

struct fingerprint {
    std::string id;   // of libpg_query, 16 hexadecimal digits; empty: it cannot be parsed
    std::string text; // without literals: $1, or a ? where it cannot be parsed
};

fingerprint fingerprint_of(const std::string& sql);

} // namespace weir
