#include "daemon/migrations/revision_header.hpp"

#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace weir::migrations {
namespace {

constexpr std::array<std::string_view, 5> keys{
    "revision", "down_revision", "message", "depends_on", "only"};
constexpr std::ptrdiff_t longest_id = 255; // the version table's column

std::string_view without_dashes(std::string_view comment) { return trimmed(comment.substr(2)); }

// Alembic's rule, with what would be ambiguous in a list, a range or an argument.
std::optional<std::string> problem_with_id(const std::string& id)
{
    const auto quoted = '\'' + id + '\'';
    if (id.empty())
        return "an empty revision identifier";
    const auto starts_character = [](char c) { return (c & 0xC0) != 0x80; };
    if (std::count_if(id.begin(), id.end(), starts_character) > longest_id)
        return "revision identifier " + quoted + " is longer than 255 characters";
    for (const char c : id)
        if (std::string_view{"@-+:,"}.find(c) != std::string_view::npos)
            return std::string("Character(s) '") + c + "' not allowed in revision identifier " +
                   quoted;
        else if ((c >= 0 && c <= ' ') || c == '\x7f')
            return "white space is not allowed in revision identifier " + quoted;
    for (const std::string_view word : {"base", "head", "heads", "current", "none"})
        if (lower(id) == word)
            return quoted + " means something else than a revision";
    return {};
}

} // namespace

std::string comment_words(std::string_view comment)
{
    std::string out;
    for (std::string_view rest = without_dashes(comment); !rest.empty();) {
        const std::size_t size = std::min(rest.find_first_of(blanks), rest.size());
        (out += out.empty() ? "" : " ") += lower(rest.substr(0, size));
        rest = trimmed(rest.substr(size));
    }
    return out;
}

void revision_header::read(std::string_view comment, unsigned line)
{
    if (comment_words(comment) == "no transaction")
        is_transactional_ = false;
    const std::string_view text = without_dashes(comment);
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos)
        return;
    std::string key = lower(trimmed(text.substr(0, colon)));
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
        return;
    const std::string_view value = trimmed(text.substr(colon + 1));
    if (!entries_.try_emplace(key, entry{std::string(value), line}).second)
        repeated_.push_back({"", line, "a second \"-- " + key + ":\""});
}

complaints revision_header::fill(revision& out) const
{
    complaints wrong = repeated_;
    out.id = id(wrong);
    out.down_revisions = ids("down_revision", wrong);
    out.depends_on = ids("depends_on", wrong);
    out.only = dialects(wrong);
    out.is_transactional = is_transactional_;
    if (const auto message = entries_.find("message"); message != entries_.end())
        out.message = message->second.value;
    // A misspelt one would make a second base of this revision.
    if (!entries_.contains("down_revision"))
        wrong.push_back({"",
                         0,
                         "the header has no \"-- down_revision: PARENT\"; the first "
                         "revision says \"-- down_revision: none\""});
    return wrong;
}

std::string revision_header::id(complaints& wrong) const
{
    const auto found = entries_.find("revision");
    if (found == entries_.end()) {
        wrong.push_back({"", 0, "the header has no \"-- revision: ID\""});
        return {};
    }
    if (auto problem = problem_with_id(found->second.value))
        wrong.push_back({"", found->second.line, std::move(*problem)});
    return found->second.value;
}

std::vector<std::string> revision_header::ids(std::string_view key, complaints& wrong) const
{
    const auto found = entries_.find(key);
    if (found == entries_.end() || lower(found->second.value) == "none")
        return {};
    std::vector<std::string> out;
    for (std::string& each : comma_separated(found->second.value))
        if (auto problem = problem_with_id(each))
            wrong.push_back({"", found->second.line, std::move(*problem)});
        else if (std::find(out.begin(), out.end(), each) == out.end())
            out.push_back(std::move(each));
    return out;
}

std::vector<dialect> revision_header::dialects(complaints& wrong) const
{
    const auto found = entries_.find("only");
    if (found == entries_.end())
        return {};
    std::vector<dialect> out;
    const std::vector<std::string> names = comma_separated(found->second.value);
    if (names.empty())
        wrong.push_back({"", found->second.line, "\"-- only:\" names no database"});
    for (const std::string& each : names) {
        constexpr std::array all{dialect::postgresql, dialect::sqlite, dialect::mysql};
        const auto known = std::find_if(all.begin(), all.end(), [&](dialect d) {
            return to_string(d) == lower(each);
        });
        if (known == all.end())
            wrong.push_back({"",
                             found->second.line,
                             '\'' + each +
                                 "' is not one of postgresql, "
                                 "sqlite, mysql"});
        else if (std::find(out.begin(), out.end(), *known) == out.end())
            out.push_back(*known);
    }
    return out;
}

} // namespace weir::migrations
