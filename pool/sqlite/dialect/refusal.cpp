#include "pool/sqlite/dialect/refusal.hpp"

#include <algorithm>
#include <cstddef>

namespace weir::sqlite {

void refuse(
    const char (&code)[6], std::string message, int offset, std::string hint, std::string detail)
{
    throw refusal{{sqlstate{code}, std::move(message), std::move(detail), std::move(hint)}, offset};
}

void refuse_feature(std::string_view feature, int offset)
{
    refuse("0A000", std::string(feature) + " is not supported on a SQLite file", offset);
}

error placed(refusal why, std::string_view text)
{
    if (why.offset >= 0 && !text.empty()) {
        const auto before =
            text.substr(0, std::min(static_cast<std::size_t>(why.offset), text.size()));
        const auto characters = std::ranges::count_if(before, [](char c) {
            return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
        });
        why.what.position = static_cast<int>(characters) + 1;
    }
    return std::move(why.what);
}

} // namespace weir::sqlite
