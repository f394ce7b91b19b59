// What every fuzz target says when a promise is broken: it stops where it stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

inline void promise(bool kept)
{
    if (!kept)
        std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
