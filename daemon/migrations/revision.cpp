#include "daemon/migrations/revision.hpp"

#include "daemon/migrations/revision_header.hpp"
#include "daemon/migrations/sql_lexer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::migrations {
namespace {

struct section {
    std::size_t begin = 0; // behind the marker
    std::size_t end = 0;
    unsigned line = 0; // of the marker
};

// Reads the file once for its comments, which hold the header and the sections, and then each
// section for its statements.
class revision_parser {
public:
    revision_parser(std::string_view text, const std::string& file) : text_(text)
    {
        out_.file = file;
    }

    checked<revision> parse()
    {
        if (const std::size_t nul = text_.find('\0'); nul != std::string_view::npos) {
            const std::string_view above = text_.substr(0, nul);
            complain(1 + static_cast<unsigned>(std::count(above.begin(), above.end(), '\n')),
                     "a NUL byte; is this file text?");
            return wrong_;
        }
        const bool was_read = read_comments();
        if (was_read && !upgrade_)
            complain(0, "there is no section \"-- upgrade\"");
        if (was_read || upgrade_ || downgrade_) // else the header was not seen to its end
            for (const complaint& each : header_.fill(out_))
                complain(each.line, each.problem);
        if (was_read && upgrade_)
            out_.upgrade = statements(*upgrade_);
        if (was_read && downgrade_)
            out_.downgrade = statements(*downgrade_);
        if (wrong_.empty())
            return std::move(out_);
        std::stable_sort(wrong_.begin(), wrong_.end(), [](const auto& a, const auto& b) {
            return a.line < b.line;
        });
        return std::move(wrong_);
    }

private:
    void complain(unsigned line, std::string problem)
    {
        wrong_.push_back({out_.file, line, std::move(problem)});
    }

    bool read_comments()
    {
        sql_lexer lexer{text_, 1};
        section* open = nullptr;
        bool has_sql_above = false;
        for (;;) {
            const auto next = lexer.next();
            if (!next)
                return complain(next.error().line, next.error().problem), false;
            const std::size_t here = lexer.offset(*next);
            if (next->kind == token_kind::end)
                return true;
            if (next->kind != token_kind::line_comment) {
                if (!open && !std::exchange(has_sql_above, true))
                    complain(next->line, "SQL above the section \"-- upgrade\"");
                continue;
            }
            if (std::optional<section>* const marked = marker(*next, lexer)) {
                if (*marked)
                    complain(next->line, "a second section \"" + std::string(next->text) + '"');
                else
                    *marked = section{here + next->text.size(), text_.size(), next->line};
                if (open)
                    open->end = here;
                open = &**marked;
            } else if (!open) {
                header_.read(next->text, next->line);
            }
        }
    }

    std::optional<section>* marker(const token& comment, const sql_lexer& lexer)
    {
        const std::string words = comment_words(comment.text);
        if (!lexer.opens_its_line(comment))
            return nullptr;
        return words == "upgrade" ? &upgrade_ : words == "downgrade" ? &downgrade_ : nullptr;
    }

    std::vector<statement> statements(const section& s)
    {
        auto split = split_statements(text_.substr(s.begin, s.end - s.begin), s.line);
        if (!split)
            return complain(split.error().line, split.error().problem), std::vector<statement>{};
        if (out_.is_transactional)
            for (const statement& each : *split)
                if (controls_transaction(each.text))
                    complain(each.line,
                             "weir begins and ends the transaction of a revision; leave this out, "
                             "or write \"-- no transaction\" in the header");
        return std::move(*split);
    }

    // ROLLBACK TO a savepoint ends nothing.
    static bool controls_transaction(std::string_view sql)
    {
        const std::vector<std::string> words = first_words(sql, 3);
        const auto word = [&](std::size_t i) { return i < words.size() ? words[i] : ""; };
        if (word(0) == "start" || word(0) == "prepare")
            return word(1) == "transaction";
        if (word(0) == "rollback")
            return word(1) != "to" && word(2) != "to";
        return word(0) == "begin" || word(0) == "commit" || word(0) == "end" || word(0) == "abort";
    }

    std::string_view text_;
    revision out_;
    revision_header header_;
    std::optional<section> upgrade_;
    std::optional<section> downgrade_;
    complaints wrong_;
};

} // namespace

checked<revision> parse_revision(std::string_view text, const std::string& file)
{
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark))
        text.remove_prefix(byte_order_mark.size());
    return revision_parser{text, file}.parse();
}

std::string_view to_string(dialect d)
{
    switch (d) {
    case dialect::postgresql: return "postgresql";
    case dialect::sqlite: return "sqlite";
    case dialect::mysql: break;
    }
    return "mysql";
}

bool revision::runs_on(dialect d) const
{
    return only.empty() || std::find(only.begin(), only.end(), d) != only.end();
}

std::string to_text(const complaint& c)
{
    std::string out = c.file;
    if (c.line > 0)
        out += ':' + std::to_string(c.line);
    return out.empty() ? c.problem : out + ": " + c.problem;
}

} // namespace weir::migrations
