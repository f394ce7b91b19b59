// The front of the last statement, for people who ask later what a transaction was about. Costs a
// copy of some bytes, and no allocation. Where it is looked at more closely, the whole of it, how
// often it was sent in a row, and how many rows its command tags count.
#pragma once

#include "pool/pgwire/sql_tokens.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir::pgwire {

class statement_note {
public:
    static constexpr std::size_t most = 250;
    static constexpr std::size_t most_of_whole = 64 * 1024;

    // Up to a NUL, if there is one. What only ends a transaction says nothing of it.
    void take(std::string_view sql)
    {
        if (keeps_whole_)
            look_at(sql);
        if (ends_transaction(sql))
            return;
        is_news_ = true;
        size_ = static_cast<std::uint8_t>(std::min(sql.size(), most));
        std::copy_n(sql.data(), size_, text_.data());
    }
    void clear()
    {
        size_ = 0;
        is_news_ = false;
        keeps_whole_ = false;
    }

    void keep_whole(bool yes) { keeps_whole_ = yes; }
    bool keeps_whole() const { return keeps_whole_; }
    void complete(std::string_view tag) // while it does; "INSERT 0 5" counts 5
    {
        if (++completed_ <= sent_before_)
            return;
        const auto digits = tag.find_last_of(' ');
        std::uint64_t rows = 0;
        if (digits != tag.npos)
            std::from_chars(tag.data() + digits + 1, tag.data() + tag.size(), rows);
        rows_ += rows;
    }
    const std::string& whole() const { return whole_; }
    std::uint64_t calls() const { return calls_; } // of that statement, the last in a pipeline
    std::uint64_t rows() const { return rows_; }

    // Whether there has been a statement since this was last asked.
    bool take_news() { return std::exchange(is_news_, false); }

    std::string_view text() const
    {
        const std::string_view all{text_.data(), size_};
        return all.substr(0, all.find('\0'));
    }

private:
    void look_at(std::string_view sql)
    {
        if (!is_news_)
            calls_ = sent_ = sent_before_ = completed_ = rows_ = 0;
        ++sent_;
        if (ends_transaction(sql))
            return;
        const std::string_view whole = sql.substr(0, std::min(sql.find('\0'), most_of_whole));
        if (calls_++ == 0 || whole != whole_) {
            whole_ = whole;
            calls_ = 1;
            sent_before_ = sent_ - 1;
            rows_ = 0;
        }
    }

    static bool ends_transaction(std::string_view sql)
    {
        if (!sql.empty() && (sql.front() <= ' ' || sql.front() == '-' || sql.front() == '/'))
            sql = sql.substr(sql_tokens{sql}.next().at); // blanks and comments
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
    bool is_news_ = false;
    bool keeps_whole_ = false;
    std::string whole_;
    // While it keeps the whole, since there was no news: requests sent, those before the first of
    // the last statement, and what has come back.
    std::uint64_t sent_ = 0;
    std::uint64_t sent_before_ = 0;
    std::uint64_t completed_ = 0;
    std::uint64_t calls_ = 0;
    std::uint64_t rows_ = 0;
};

} // namespace weir::pgwire
