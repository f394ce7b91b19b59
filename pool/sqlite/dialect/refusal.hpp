// How analysis says no. The analyser recurses through whole statements, and every step may refuse;
// so inside the dialect a refusal is thrown, and each of the room's doors (analyse, emit_default,
// ...) catches it once and returns it.
#pragma once

#include "pool/core/error.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace weir::sqlite {

struct refusal {
    error what;
    int offset = -1; // in bytes from the start of the text; -1 = unknown
};

[[noreturn]] void refuse(const char (&code)[6],
                         std::string message,
                         int offset = -1,
                         std::string hint = {},
                         std::string detail = {});

// 0A000, with the feature's name as the whole sentence's subject: "LATERAL is not supported".
[[noreturn]] void refuse_feature(std::string_view feature, int offset = -1);

// The error that a client sees: its position counts characters, from 1.
error placed(refusal why, std::string_view text);

// Runs `work` and returns what it refuses.
template <class Work>
auto refusing(std::string_view text, Work&& work) -> result<decltype(work())>
{
    try {
        return std::forward<Work>(work)();
    } catch (refusal& why) {
        return placed(std::move(why), text);
    }
}

} // namespace weir::sqlite
