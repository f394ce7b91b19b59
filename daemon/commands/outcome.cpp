#include "daemon/commands/outcome.hpp"

#include "daemon/commands/json_document.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace weir::commands {

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
        std::cout << printed(document_of(why));
        return 1;
    }
    std::cerr << why.message << '\n';
    for (const std::string& more : {why.detail, why.hint})
        if (!more.empty())
            std::cerr << more << '\n';
    return 1;
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
