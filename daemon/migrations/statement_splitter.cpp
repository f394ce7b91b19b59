#include "daemon/migrations/statement_splitter.hpp"

#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace weir::migrations {
namespace {

// One statement in the making: where its semicolon may be, and what it must not be.
class statement_builder {
public:
    bool is_empty() const { return first_.text.empty(); }
    bool is_whole() const { return parentheses_.empty() && bodies_ == 0; }

    // Nothing, or why the statement cannot be run.
    std::optional<syntax_error> add(const token& t)
    {
        if (is_empty())
            first_ = t;
        last_ = t;
        if (t.text == "\\")
            return syntax_error{t.line, "backslash commands are psql's, not SQL; leave them out"};
        if (t.text == "(")
            parentheses_.push_back(t.line);
        else if (t.text == ")" && !parentheses_.empty())
            parentheses_.pop_back();
        if (t.kind == token_kind::word && parentheses_.empty())
            return add_word(lower(t.text));
        previous_.clear();
        return {};
    }

    std::optional<syntax_error> unfinished() const
    {
        if (!parentheses_.empty())
            return syntax_error{parentheses_.back(), "unterminated parenthesis"};
        if (bodies_ > 0)
            return syntax_error{body_line_, "unterminated BEGIN ATOMIC"};
        return {};
    }

    statement build() const
    {
        const char* const begin = first_.text.data();
        return {{begin, last_.text.data() + last_.text.size()}, first_.line};
    }

private:
    std::optional<syntax_error> add_word(std::string word)
    {
        if (words_ < opening_.size())
            opening_[words_] = word;
        ++words_;
        if (opening_[0] == "copy" && previous_ == "from" && word == "stdin")
            return syntax_error{first_.line,
                                "COPY FROM stdin finds no data in a migration; write INSERTs "
                                "(pg_dump --inserts)"};
        if (makes_routine())
            count_bodies(word);
        previous_ = std::move(word);
        return {};
    }

    // Only these have bodies of SQL in the open; every other body is a string.
    bool makes_routine() const
    {
        const std::string& what = opening_[1] == "or" ? opening_[3] : opening_[1];
        return opening_[0] == "create" && (what == "function" || what == "procedure");
    }

    // CASE ends with END as well.
    void count_bodies(const std::string& word)
    {
        if (bodies_ == 0) {
            if (word == "atomic" && previous_ == "begin") {
                bodies_ = 1;
                body_line_ = last_.line;
            }
        } else if (word == "case") {
            ++bodies_;
        } else if (word == "end") {
            --bodies_;
        }
    }

    token first_;
    token last_;
    std::array<std::string, 4> opening_; // CREATE OR REPLACE FUNCTION
    std::size_t words_ = 0;              // outside of parentheses
    std::string previous_;               // the word just before, if a word was
    std::vector<unsigned> parentheses_;  // the lines of those that are open
    unsigned bodies_ = 0;
    unsigned body_line_ = 0;
};

} // namespace

parsed<std::vector<statement>> split_statements(std::string_view sql, unsigned first_line)
{
    std::vector<statement> out;
    sql_lexer lexer{sql, first_line};
    statement_builder now;
    for (;;) {
        const auto next = lexer.next();
        if (!next)
            return next.error();
        if (next->kind == token_kind::line_comment)
            continue;
        const bool at_end = next->kind == token_kind::end;
        if (at_end || (next->text == ";" && now.is_whole())) {
            if (const auto wrong = now.unfinished())
                return *wrong;
            if (!now.is_empty())
                out.push_back(now.build());
            if (at_end)
                return out;
            now = {};
        } else if (const auto wrong = now.add(*next)) {
            return *wrong;
        }
    }
}

std::vector<std::string> first_words(std::string_view sql, std::size_t count)
{
    std::vector<std::string> out;
    sql_lexer lexer{sql, 1};
    while (out.size() < count) {
        const auto next = lexer.next();
        if (!next || (next->kind != token_kind::word && next->kind != token_kind::line_comment))
            break;
        if (next->kind == token_kind::word)
            out.push_back(lower(next->text));
    }
    return out;
}

} // namespace weir::migrations
