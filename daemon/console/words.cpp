#include "daemon/console/words.hpp"

#include <algorithm>

namespace weir::console {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Generous, so that a revision or a target like +1 or ae10:head needs no quotes.
bool is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c & 0x80) != 0 || std::string_view{"_$.+-:@%*"}.find(c) != std::string_view::npos;
}

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

error unterminated(std::string_view what) { return {"42601", "unterminated " + std::string(what)}; }

class splitter {
public:
    explicit splitter(std::string_view sql) : rest_(sql) {}

    result<std::vector<word>> all()
    {
        while (!rest_.empty())
            if (const auto done = one(); !done)
                return done.error();
        return std::move(words_);
    }

private:
    result<void> one()
    {
        const char c = rest_.front();
        if (is_space(c)) {
            rest_.remove_prefix(1);
        } else if (rest_.starts_with("--")) {
            rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
        } else if (rest_.starts_with("/*")) {
            const auto end = rest_.find("*/", 2);
            if (end == rest_.npos)
                return unterminated("/* comment");
            rest_.remove_prefix(end + 2);
        } else if (c == '\'') {
            return quoted('\'', word::kind::literal, "quoted string");
        } else if (c == '"') {
            return quoted('"', word::kind::name, "quoted identifier");
        } else if (c == ';') {
            words_.push_back({word::kind::semicolon, ";"});
            rest_.remove_prefix(1);
        } else {
            bare();
        }
        return {};
    }

    result<void> quoted(char quote, word::kind is, std::string_view what)
    {
        word made{is, {}};
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] != quote) {
                made.text += rest_[i];
            } else if (i + 1 < rest_.size() && rest_[i + 1] == quote) {
                made.text += rest_[i++]; // doubled: itself
            } else if (is == word::kind::name && made.text.empty()) {
                return error{"42601", "zero-length delimited identifier at or near \"\"\"\""};
            } else {
                words_.push_back(std::move(made));
                rest_.remove_prefix(i + 1);
                return {};
            }
        }
        return unterminated(what);
    }

    void bare()
    {
        word made;
        do {
            made.text += folded(rest_.front());
            rest_.remove_prefix(1);
        } while (!rest_.empty() && is_bare(rest_.front()) && is_bare(made.text.back()) &&
                 !rest_.starts_with("--"));
        words_.push_back(std::move(made));
    }

    std::string_view rest_;
    std::vector<word> words_;
};

} // namespace

result<std::vector<word>> split_words(std::string_view sql) { return splitter{sql}.all(); }

} // namespace weir::console
