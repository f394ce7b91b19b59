#include "daemon/migrations/new_revision.hpp"

#include "daemon/migrations/selection.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace weir::migrations {
namespace {

constexpr sqlstate bad_argument{"22023"};

// A header's value is one line.
std::string on_one_line(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        const bool is_space = std::isspace(static_cast<unsigned char>(c)) != 0;
        if (!is_space)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    if (out.ends_with(' '))
        out.pop_back();
    return out;
}

// Alembic's three, and what separates ids in a header, in a range and in a line of history.
result<void> check_id(const std::string& id, const revision_graph& graph)
{
    if (id.empty())
        return error{bad_argument, "a revision identifier cannot be empty"};
    constexpr std::string_view not_allowed = "@-+,:;()";
    std::string found;
    for (const char c : not_allowed)
        if (id.find(c) != std::string::npos)
            found += (found.empty() ? "" : ", ") + std::string(1, c);
    if (std::ranges::any_of(id, [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
        found += (found.empty() ? "" : ", ") + std::string{"white space"};
    if (!found.empty())
        return error{bad_argument,
                     "Character(s) '" + found + "' not allowed in revision identifier '" + id +
                         "'"};
    for (const std::string_view word : {"head", "heads", "base", "current"})
        if (id == word)
            return error{bad_argument, "'" + id + "' cannot be a revision's identifier"};
    if (const revision* there = graph.find(id))
        return error{bad_argument, "Revision " + id + " is present already: " + there->file};
    return {};
}

result<revision_list> parents_of(const revision_graph& graph, const new_revision& wanted)
{
    revision_list parents;
    for (const std::string& word : wanted.on) {
        if (word == "head" && heads_of(graph, false).size() > 1)
            return error{bad_argument,
                         "Multiple heads are present; please specify the head revision on which "
                         "the new revision should be based, or perform a merge."};
        const auto some = select(graph, word);
        if (!some)
            return some.error();
        parents.insert(parents.end(), some->begin(), some->end());
    }
    revision_list sorted = parents;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end())
        return error{bad_argument, "Duplicate head revisions specified"};
    for (const revision* parent : parents)
        if (!wanted.splice && !graph.children(parent->id).empty())
            return error{bad_argument,
                         "Revision " + parent->id +
                             " is not a head revision; please specify --splice to create a new "
                             "branch from this revision"};
    return parents;
}

} // namespace

result<revision> make_revision(const revision_graph& graph, const new_revision& wanted)
{
    if (const auto right = check_id(wanted.id, graph); !right)
        return right.error();
    const auto parents = parents_of(graph, wanted);
    if (!parents)
        return parents.error();

    revision fresh;
    fresh.id = wanted.id;
    fresh.message = on_one_line(wanted.message);
    if (fresh.message.empty())
        fresh.message = "empty message";
    for (const revision* parent : *parents)
        fresh.down_revisions.push_back(parent->id);
    for (const std::string& word : wanted.depends_on) {
        const auto needed = graph.resolve(word);
        if (!needed)
            return needed.error();
        fresh.depends_on.push_back((*needed)->id);
    }
    fresh.downgrade.emplace();
    return fresh;
}

std::string revision_id(std::uint64_t chance)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string id;
    for (int shift = 44; shift >= 0; shift -= 4)
        id += digits[chance >> shift & 0xf];
    return id;
}

std::string slug(std::string_view message)
{
    constexpr std::size_t most = 40;
    std::string out;
    for (const char c : message) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80 || std::isalnum(byte) || c == '_') // letters of other alphabets stay
            out += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
        else if (!out.empty() && out.back() != '_')
            out += '_';
    }
    if (out.size() > most) {
        const std::size_t word = out.rfind('_', most);
        std::size_t cut = word == std::string::npos || word == 0 ? most : word;
        while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xc0) == 0x80)
            --cut; // not through a character
        out.resize(cut);
    }
    while (out.ends_with('_'))
        out.pop_back();
    return out;
}

file_numbers::file_numbers(const std::vector<std::string>& names)
{
    for (const std::string& name : names) {
        const std::size_t size = std::min(name.find('_'), name.size());
        unsigned long number = 0;
        const auto [end, wrong] = std::from_chars(name.data(), name.data() + size, number);
        if (wrong != std::errc{} || end != name.data() + size || !name.ends_with(".sql"))
            continue;
        highest_ = std::max(highest_, number);
        digits_ = std::max(digits_, size);
    }
}

std::string file_numbers::next(std::string_view slug)
{
    std::string number = std::to_string(++highest_);
    if (number.size() < digits_)
        number.insert(0, digits_ - number.size(), '0');
    return number + '_' + std::string{slug} + ".sql";
}

} // namespace weir::migrations
