// What the null backend answers to statements that have no effect: made once for each text, then
// the same bytes for ever.
//
//   SELECT * FROM rows(1000, 30)            1000 rows, their value 30 bytes long
//   COPY rows(1000, 30) TO STDOUT           the same as CopyData
//   ... FROM pg_catalog.…                   no row
//   INSERT …, UPDATE …, DELETE …            one row was changed
//   RESET …, DISCARD …                      the tag
//   any other                               one row with one integer
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weir::bench {

struct null_answer {
    std::string description; // RowDescription, or empty
    std::string rows;
    std::string completion; // CommandComplete
};

class null_answers {
public:
    const null_answer& to(std::string_view sql);

private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const
        {
            return std::hash<std::string_view>{}(text);
        }
    };
    std::unordered_map<std::string, null_answer, text_hash, std::equal_to<>> known_;
};

// A RowDescription of columns that are all text, or all integers.
void describe_columns(std::string& out, unsigned count, bool integers);
void write_row(std::string& out, std::span<const std::string> values);

} // namespace weir::bench
