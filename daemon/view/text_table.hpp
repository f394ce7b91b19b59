// PURE. Rows under headings, each column as wide as it needs to be.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace weir::view {

enum class tone : std::uint8_t { plain, good, warning, bad, faint, heading, chosen };

struct cell {
    std::string words;
    view::tone tone = view::tone::plain;
};

class text_table {
public:
    enum class align : std::uint8_t { left, right };
    struct heading {
        std::string_view name;
        align to = align::right;
    };

    text_table(std::initializer_list<heading> headings) : headings_(headings) {}

    void add(std::vector<cell> cells) { rows_.push_back(std::move(cells)); } // one per heading
    bool is_empty() const { return rows_.empty(); }

    // The headings' line, then one a row, without line breaks.
    std::vector<std::string> lines(bool has_colours) const;

private:
    std::vector<heading> headings_;
    std::vector<std::vector<cell>> rows_;
};

// For a terminal that nobody else can write to: a control character (a process may call itself
// anything) becomes '?'.
std::string printable(std::string_view words);

// How many columns a terminal needs for it, if no character is a wide one.
std::size_t width(std::string_view utf8);

std::string coloured(std::string_view words, tone how);

} // namespace weir::view
