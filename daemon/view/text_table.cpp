#include "daemon/view/text_table.hpp"

#include <algorithm>

namespace weir::view {
namespace {

constexpr std::string_view gap = "  ";

std::string padded(const cell& c, std::size_t to, text_table::align side, bool has_colours)
{
    const std::string words = printable(c.words);
    const std::string room(to - std::min(to, width(words)), ' ');
    const std::string shown = has_colours ? coloured(words, c.tone) : words;
    return side == text_table::align::left ? shown + room : room + shown;
}

void drop_trailing_spaces(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

} // namespace

std::vector<std::string> text_table::lines(bool has_colours) const
{
    std::vector<cell> names;
    std::vector<std::size_t> widths;
    for (const heading& h : headings_) {
        names.push_back({std::string(h.name), tone::heading});
        widths.push_back(h.name.size());
    }
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < widths.size(); ++i)
            widths[i] = std::max(widths[i], width(row.at(i).words));

    std::vector<std::string> made;
    const auto draw = [&](const std::vector<cell>& row) {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i)
            line += std::string(i == 0 ? "" : gap) +
                    padded(row[i], widths[i], headings_[i].to, has_colours);
        drop_trailing_spaces(line);
        made.push_back(std::move(line));
    };
    draw(names);
    std::ranges::for_each(rows_, draw);
    return made;
}

std::string printable(std::string_view words)
{
    std::string safe(words);
    for (std::size_t i = 0; i < safe.size(); ++i) {
        const auto byte = static_cast<unsigned char>(safe[i]);
        // U+0080 to U+009F, too, are C1 controls: to some terminals 0xC2 0x9B is ESC [.
        const bool is_c1 =
            byte == 0xC2 && i + 1 < safe.size() && static_cast<unsigned char>(safe[i + 1]) < 0xA0;
        if (byte < 0x20 || byte == 0x7F)
            safe[i] = '?';
        else if (is_c1)
            safe.replace(i, 2, "?");
    }
    return safe;
}

std::size_t width(std::string_view utf8)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(utf8, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string coloured(std::string_view words, tone how)
{
    const auto sgr = [how]() -> std::string_view {
        switch (how) {
        case tone::plain: return "";
        case tone::good: return "32";
        case tone::warning: return "33";
        case tone::bad: return "31";
        case tone::faint: return "2";
        case tone::heading: return "1";
        case tone::chosen: return "7";
        }
        return "";
    }();
    if (sgr.empty() || words.empty())
        return std::string(words);
    return "\x1b[" + std::string(sgr) + "m" + std::string(words) + "\x1b[0m";
}

} // namespace weir::view
