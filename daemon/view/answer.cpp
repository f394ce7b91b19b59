#include "daemon/view/answer.hpp"

#include <algorithm>
#include <charconv>

namespace weir::view {

std::string_view answer::text(std::size_t row, std::string_view column) const
{
    const auto found = std::ranges::find(columns_, column);
    if (found == columns_.end())
        return {};
    const auto& cell = rows_.at(row).at(static_cast<std::size_t>(found - columns_.begin()));
    return cell ? std::string_view{*cell} : std::string_view{};
}

std::int64_t answer::number(std::size_t row, std::string_view column) const
{
    const std::string_view digits = text(row, column);
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

std::size_t answer::find(std::string_view column, std::string_view word) const
{
    std::size_t row = 0;
    while (row < size() && text(row, column) != word)
        ++row;
    return row;
}

} // namespace weir::view
