// The front of the last statement, for people who ask later what a transaction was about. Costs a
// copy of some bytes, and no allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::pgwire {

class statement_note {
public:
    static constexpr std::size_t most = 250;

    // Up to a NUL, if there is one. What only ends a transaction says nothing of it.
    void take(std::string_view sql)
    {
        if (ends_transaction(sql))
            return;
        size_ = static_cast<std::uint8_t>(std::min(sql.size(), most));
        std::copy_n(sql.data(), size_, text_.data());
    }
    void clear() { size_ = 0; }

    std::string_view text() const
    {
        const std::string_view all{text_.data(), size_};
        return all.substr(0, all.find('\0'));
    }

private:
    static bool ends_transaction(std::string_view sql)
    {
        const auto begins_with = [sql](std::string_view lower) {
            return sql.size() >= lower.size() &&
                   std::equal(lower.begin(), lower.end(), sql.begin(), [](char a, char b) {
                       return a == static_cast<char>(b | 0x20);
                   });
        };
        switch (sql.empty() ? '\0' : static_cast<char>(sql.front() | 0x20)) {
        case 'c': return begins_with("commit");
        case 'r': return begins_with("rollback");
        case 'e': return begins_with("end");
        case 'a': return begins_with("abort");
        default: return false;
        }
    }

    std::array<char, most> text_;
    std::uint8_t size_ = 0;
};

} // namespace weir::pgwire
