// Luck has a seed. Every run explores something new; WEIR_SEED=... replays what an old one found.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace weir::test {

inline std::uint64_t seed()
{
    if (const char* given = std::getenv("WEIR_SEED"))
        return std::stoull(given);
    return std::random_device{}();
}

} // namespace weir::test
