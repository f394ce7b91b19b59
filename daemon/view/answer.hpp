// PURE. What a SHOW answered: cells by the names of their columns, so that a weir of another
// version, with a column more or less, can be read as well.
#pragma once

#include "daemon/console/table.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::view {

class answer {
public:
    answer() = default;
    answer(std::vector<std::string> columns, console::rows rows)
        : columns_(std::move(columns)), rows_(std::move(rows))
    {
    }

    std::size_t size() const { return rows_.size(); }
    const std::vector<std::string>& columns() const { return columns_; }
    const console::rows& rows() const { return rows_; }

    // Empty, or 0: NULL, no such column, or no number.
    std::string_view text(std::size_t row, std::string_view column) const;
    std::int64_t number(std::size_t row, std::string_view column) const;

    // The first row with this word in that column; size() when there is none.
    std::size_t find(std::string_view column, std::string_view word) const;

private:
    std::vector<std::string> columns_;
    console::rows rows_;
};

} // namespace weir::view
