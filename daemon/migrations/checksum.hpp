// SHA-256, for the files' checksums and the lock's number.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace weir::migrations {

using sha256_digest = std::array<unsigned char, 32>;

sha256_digest sha256(std::string_view text);
std::string to_hex(const sha256_digest& digest); // in lower case, as sha256sum prints it

} // namespace weir::migrations
