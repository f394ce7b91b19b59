#include "daemon/commands/outcome.hpp"

#include "daemon/commands/json_document.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace weir::commands {
namespace {

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

json rows_of(const named_answer& a)
{
    json all = json::array();
    for (const console::row& row : a.rows.rows()) {
        json one = json::object();
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string& name = a.rows.columns().at(i);
            const auto known = std::ranges::find(a.types, name, &console::column::name);
            one[name] =
                value_of(row[i], known == a.types.end() ? console::column::kind::text : known->is);
        }
        all.push_back(std::move(one));
    }
    return all;
}

} // namespace

std::string in_full(const error& e)
{
    std::string words = e.message;
    for (const std::string& more : {e.detail, e.hint})
        if (!more.empty())
            words += "; " + more;
    return words;
}

int outcome::done() const
{
    if (as_json_)
        std::cout << printed({{"ok", true}});
    return 0;
}

int outcome::failed(const error& why) const
{
    if (as_json_) {
        std::cout << printed({{"error",
                               {{"sqlstate", why.code.text()},
                                {"message", why.message},
                                {"detail", why.detail},
                                {"hint", why.hint}}}});
        return 1;
    }
    std::cerr << why.message << '\n';
    for (const std::string& more : {why.detail, why.hint})
        if (!more.empty())
            std::cerr << more << '\n';
    return 1;
}

std::string to_json(const std::vector<named_answer>& all)
{
    json document = json::object();
    for (const named_answer& a : all)
        document[a.name] = rows_of(a);
    return printed(document);
}

std::string to_json(std::string_view name, std::string_view value)
{
    return printed(json{{name, value}});
}

bool has_colours()
{
    const char* const no_color = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && (!no_color || !*no_color) &&
           std::string_view{terminal ? terminal : ""} != "dumb";
}

void print(const std::vector<std::string>& lines)
{
    for (const std::string& line : lines)
        std::cout << line << '\n';
}

} // namespace weir::commands
