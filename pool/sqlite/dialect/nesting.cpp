#include "pool/sqlite/dialect/nesting.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>
#include <vector>

namespace weir::sqlite {

namespace {

bool is_word(char c)
{
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

bool has(std::span<const std::string_view> words, std::string_view word)
{
    return std::ranges::find(words, word) != words.end();
}

constexpr std::array<std::string_view, 13> chaining{"not",
                                                    "is",
                                                    "isnull",
                                                    "notnull",
                                                    "in",
                                                    "like",
                                                    "ilike",
                                                    "similar",
                                                    "between",
                                                    "collate",
                                                    "at",
                                                    "uescape",
                                                    "escape"};
constexpr std::array<std::string_view, 5> stacking{"join", "union", "intersect", "except", "case"};
constexpr std::array<std::string_view, 5> parting{"and", "or", "when", "then", "else"};

class nesting_scan {
public:
    explicit nesting_scan(std::string_view text) : text_(text) {}

    std::size_t run()
    {
        while (at_ < text_.size())
            step();
        return deepest_;
    }

private:
    // Operators of the expression being read, and joins, unions and CASEs, which commas do not end.
    struct level {
        std::size_t chained = 0;
        std::size_t stacked = 0;
    };

    char peek(std::size_t ahead = 0) const
    {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    void step()
    {
        const char c = peek();
        if (c == '\'')
            return skip_quoted('\'', false);
        if (c == '"')
            return skip_quoted('"', false);
        if (c == '-' && peek(1) == '-')
            return skip_past("\n");
        if (c == '/' && peek(1) == '*')
            return skip_comment();
        if (c == '$' && skip_dollar_quoted())
            return;
        if (is_word(c))
            return read_word();
        ++at_;
        if (c == '(' || c == '[')
            open();
        else if (c == ')' || c == ']')
            close();
        else if (c == ',')
            part();
        else if (c == ';')
            restart();
        else if (std::string_view("+-*/<>=~!@#%^&|`?:").find(c) != std::string_view::npos)
            deepen(levels_.back().chained);
    }

    void read_word()
    {
        const std::size_t start = at_;
        while (is_word(peek()))
            ++at_;
        std::string word{text_.substr(start, at_ - start)};
        std::ranges::transform(word, word.begin(), [](char c) {
            return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        });
        if (word == "e" && peek() == '\'')
            return skip_quoted('\'', true);
        if (has(chaining, word))
            deepen(levels_.back().chained);
        else if (has(stacking, word))
            deepen(levels_.back().stacked);
        else if (has(parting, word))
            part();
        else if (word == "end" && levels_.back().stacked > 0) {
            --levels_.back().stacked;
            --depth_;
        }
    }

    void deepen(std::size_t& counter)
    {
        ++counter;
        deepest_ = std::max(deepest_, ++depth_);
    }

    void open()
    {
        levels_.emplace_back();
        deepest_ = std::max(deepest_, ++depth_);
    }

    void close()
    {
        if (levels_.size() == 1)
            return; // the parser will complain
        depth_ -= 1 + levels_.back().chained + levels_.back().stacked;
        levels_.pop_back();
    }

    void part()
    {
        depth_ -= levels_.back().chained;
        levels_.back().chained = 0;
    }

    void restart()
    {
        levels_.assign(1, {});
        depth_ = 0;
    }

    void skip_quoted(char quote, bool with_backslashes)
    {
        for (++at_; at_ < text_.size(); ++at_) {
            if (with_backslashes && peek() == '\\')
                ++at_;
            else if (peek() == quote) {
                ++at_; // a doubled quote begins what looks like another text: just as well
                return;
            }
        }
    }

    void skip_past(std::string_view end)
    {
        const std::size_t found = text_.find(end, at_);
        at_ = found == std::string_view::npos ? text_.size() : found + end.size();
    }

    void skip_comment()
    {
        std::size_t open_comments = 0;
        do {
            if (peek() == '/' && peek(1) == '*') {
                ++open_comments;
                at_ += 2;
            } else if (peek() == '*' && peek(1) == '/') {
                --open_comments;
                at_ += 2;
            } else {
                ++at_;
            }
        } while (open_comments > 0 && at_ < text_.size());
    }

    // $$...$$ and $tag$...$tag$; $1 is a parameter.
    bool skip_dollar_quoted()
    {
        std::size_t end = at_ + 1;
        while (end < text_.size() && is_word(text_[end]) && text_[end] != '$')
            ++end;
        if (end >= text_.size() || text_[end] != '$' ||
            std::isdigit(static_cast<unsigned char>(text_[at_ + 1])) != 0)
            return false;
        const std::string_view tag = text_.substr(at_, end + 1 - at_);
        at_ = end + 1;
        skip_past(tag);
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<level> levels_{1};
    std::size_t depth_ = 0;
    std::size_t deepest_ = 0;
};

} // namespace

std::size_t nesting_of(std::string_view text) { return nesting_scan{text}.run(); }

} // namespace weir::sqlite
