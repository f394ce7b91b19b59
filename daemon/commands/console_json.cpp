#include "daemon/commands/console_json.hpp"

#include "daemon/commands/console_request.hpp"
#include "daemon/console/columns.hpp"

#include <algorithm>
#include <charconv>
#include <span>

namespace weir::commands {
namespace {

namespace columns = console::columns;

json value_of(const std::optional<std::string>& cell, console::column::kind type)
{
    if (!cell)
        return nullptr;
    std::int64_t number = 0;
    const char* const end = cell->data() + cell->size();
    if (type != console::column::kind::text &&
        std::from_chars(cell->data(), end, number).ptr == end)
        return number;
    return *cell;
}

// Numbers are numbers, by the names of columns.
json rows_of(const view::answer& a, std::span<const console::column> types)
{
    json all = json::array();
    for (const console::row& row : a.rows()) {
        json one = json::object();
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string& name = a.columns().at(i);
            const auto known = std::ranges::find(types, name, &console::column::name);
            one[name] =
                value_of(row[i], known == types.end() ? console::column::kind::text : known->is);
        }
        all.push_back(std::move(one));
    }
    return all;
}

} // namespace

result<json> status_of(direct_connection& console, const std::stop_token& stop)
{
    const auto now = ask_for_pools(console, stop);
    if (!now)
        return now.error();
    const auto state = ask(console, "SHOW STATE", stop);
    const auto version = state ? ask(console, "SHOW VERSION", stop) : state;
    if (!version)
        return version.error();
    return json{{"version", rows_of(*version, columns::version)},
                {"state", rows_of(*state, columns::state)},
                {"backends", rows_of(now->backends, columns::backends)},
                {"pools", rows_of(now->pools, columns::pools)},
                {"stats_averages", rows_of(now->averages, columns::half_stats)},
                {"migrations", rows_of(now->migrations, columns::migrations)}};
}

result<json> holders_of(direct_connection& console, const std::stop_token& stop)
{
    const auto now = ask_for_holders(console, stop);
    if (!now)
        return now.error();
    return json{{"holders", rows_of(now->holders, columns::holders)},
                {"pins", rows_of(now->pins, columns::pins)},
                {"waiters", rows_of(now->waiters, columns::waiters)}};
}

} // namespace weir::commands
