#include "daemon/migrations/checksum.hpp"

#include <openssl/evp.h>

#include <cassert>

namespace weir::migrations {

sha256_digest sha256(std::string_view text)
{
    sha256_digest digest;
    unsigned size = 0;
    const int done =
        EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    assert(done == 1 && size == digest.size());
    return digest;
}

std::string to_hex(const sha256_digest& digest)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : digest)
        (text += digits[byte >> 4]) += digits[byte & 15];
    return text;
}

} // namespace weir::migrations
