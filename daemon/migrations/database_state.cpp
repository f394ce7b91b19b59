#include "daemon/migrations/database_state.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace weir::migrations {

namespace {

class state_reader {
public:
    state_reader(direct_connection& from, const version_table& table, std::stop_token stop)
        : from_(from), table_(table), stop_(std::move(stop))
    {
    }

    result<database_state> read();

private:
    result<void> read_width();
    result<void> read_notes();
    result<void> read_other_tables();

    direct_connection& from_;
    const version_table& table_;
    std::stop_token stop_;
    database_state state_;
};

result<database_state> state_reader::read()
{
    for (const auto step :
         {&state_reader::read_width, &state_reader::read_notes, &state_reader::read_other_tables})
        if (const auto done = (this->*step)(); !done)
            return done.error();
    if (!state_.has_version_table)
        return std::move(state_);
    auto rows = read_version_rows(from_, table_, stop_);
    if (!rows)
        return rows.error();
    state_.rows = std::move(*rows);
    return std::move(state_);
}

result<void> state_reader::read_width()
{
    const auto found = from_.query(table_.select_width(), stop_);
    if (!found)
        return found.error();
    state_.has_version_table = !found->rows.empty();
    if (!state_.has_version_table)
        return {};
    const std::string text = found->rows[0].at(0).value_or("");
    int width = -1;
    std::from_chars(text.data(), text.data() + text.size(), width);
    state_.is_narrow = width >= 0 && static_cast<unsigned>(width) < version_table::width;
    return {};
}

result<void> state_reader::read_notes()
{
    const auto is_there = from_.query(table_.select_has_notes(), stop_);
    if (!is_there)
        return is_there.error();
    state_.has_notes_table = !is_there->rows.empty();
    if (!state_.has_notes_table)
        return {};
    const auto found = from_.query(table_.select_notes(), stop_);
    if (!found)
        return found.error();
    for (const auto& row : found->rows)
        state_.notes.push_back(
            {row.at(0).value_or(""), row.at(1).value_or(""), row.at(2).value_or("")});
    return {};
}

result<void> state_reader::read_other_tables()
{
    const auto found = from_.query(table_.select_other_tables(), stop_);
    if (!found)
        return found.error();
    for (const auto& row : found->rows)
        state_.other_tables.push_back(row.at(0).value_or(""));
    return {};
}

} // namespace

result<database_state>
read_database_state(direct_connection& from, const version_table& table, std::stop_token stop)
{
    return state_reader{from, table, std::move(stop)}.read();
}

result<std::vector<std::string>>
read_version_rows(direct_connection& from, const version_table& table, std::stop_token stop)
{
    const auto found = from.query(table.select_rows(), stop);
    if (!found)
        return found.error();
    std::vector<std::string> rows;
    for (const auto& row : found->rows)
        rows.push_back(row.at(0).value_or(""));
    std::ranges::sort(rows); // once more, since collations differ
    return rows;
}

} // namespace weir::migrations
