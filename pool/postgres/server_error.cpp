#include "pool/postgres/server_error.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace weir::postgres {

namespace {

bool is_code_letter(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

// Where "28P01: " starts in `... failed: FATAL:  28P01: password authentication failed ...`. The
// two spaces are libpq's, whatever language the server speaks in place of FATAL.
std::optional<std::size_t> find_code(std::string_view line)
{
    for (std::size_t at = 0; (at = line.find(":  ", at)) != line.npos; ++at) {
        const std::string_view rest = line.substr(at + 3);
        if (rest.size() >= 7 && rest.substr(5, 2) == ": " &&
            std::all_of(rest.begin(), rest.begin() + 5, is_code_letter))
            return at + 3;
    }
    return std::nullopt;
}

// What libpq says on its own behalf has no code; all of it means that there is no connection.
sqlstate code_of_libpq(std::string_view words)
{
    const auto says = [&](std::string_view text) { return words.find(text) != words.npos; };
    if (says("no password supplied"))
        return sqlstate{"28P01"};
    if (says("server closed the connection unexpectedly") || says("Connection reset by peer"))
        return sqlstate{"08006"};
    return sqlstate{"08001"};
}

std::string_view trimmed(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(" \t\r");
    return first == text.npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

void append(std::string& text, std::string_view more, std::string_view separator)
{
    if (!text.empty())
        text += separator;
    text += more;
}

} // namespace

error server_error(std::string_view words)
{
    error result{code_of_libpq(words), {}};
    std::vector<std::string> said; // with sslmode=prefer the server refuses twice in the same words
    for (std::size_t start = 0; start < words.size();) {
        const std::size_t end = std::min(words.find('\n', start), words.size());
        const std::string_view raw = words.substr(start, end - start);
        start = end + 1;

        std::string line{trimmed(raw)};
        if (line.empty() || line.starts_with("LOCATION:  ")) {
            continue;
        } else if (line.starts_with("DETAIL:  ")) {
            append(result.detail, line.substr(9), "\n");
        } else if (line.starts_with("HINT:  ")) {
            append(result.hint, line.substr(7), "\n");
        } else if (raw.front() == '\t' && !said.empty()) {
            append(said.back(), line, "; "); // libpq: "Is the server running on that host ...?"
        } else {
            if (const auto at = find_code(line)) {
                result.code = sqlstate::from(std::string_view{line}.substr(*at, 5));
                line.erase(*at, 7);
            }
            if (std::find(said.begin(), said.end(), line) == said.end())
                said.push_back(std::move(line));
        }
    }
    for (const std::string& line : said)
        append(result.message, line, "; ");
    return result;
}

} // namespace weir::postgres
