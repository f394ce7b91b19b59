#include "daemon/migrations/new_revision.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace weir::migrations {
namespace {

constexpr sqlstate bad_argument{"22023"};

result<revision_list> parents_of(const revision_graph& graph, const new_revision& wanted)
{
    revision_list parents;
    for (const std::string& word : wanted.on) {
        if (word == "head" && graph.heads().size() > 1)
            return error{bad_argument,
                         "Multiple heads are present; please specify the head revision on which "
                         "the new revision should be based, or perform a merge."};
        const auto some = graph.resolve_all(word);
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
    if (const revision* there = graph.find(wanted.id))
        return error{bad_argument, "Revision " + wanted.id + " is present already: " + there->file};
    const auto parents = parents_of(graph, wanted);
    if (!parents)
        return parents.error();

    revision fresh;
    fresh.id = wanted.id;
    fresh.message = wanted.message.empty() ? "empty message" : wanted.message;
    for (const revision* parent : *parents)
        fresh.down_revisions.push_back(parent->id);
    for (const std::string& word : wanted.depends_on) {
        const auto needed = graph.resolve_all(word);
        if (!needed)
            return needed.error();
        for (const revision* each : *needed)
            fresh.depends_on.push_back(each->id);
    }
    fresh.downgrade.emplace();
    if (const auto reread = parse_revision(to_text(fresh), {}); !reread)
        return error{bad_argument, reread.error().front().problem}; // an id that is none
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
