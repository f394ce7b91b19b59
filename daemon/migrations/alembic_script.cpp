#include "daemon/migrations/alembic_script.hpp"

#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <optional>

namespace weir::migrations {
namespace {

using std::string_view;

bool is(const statement& s, string_view word) { return lower(s.text) == word; }
bool opens(const statement& s) { return is(s, "begin") || is(s, "begin transaction"); }
bool closes(const statement& s) { return is(s, "commit"); }

// "INSERT INTO ops.alembic_version (...", and what else Alembic does with its own table.
bool is_bookkeeping(const statement& s, string_view version_table)
{
    for (const string_view verb :
         {"insert into ", "update ", "delete from ", "create table ", "drop table "}) {
        if (lower(s.text.substr(0, verb.size())) != verb)
            continue;
        string_view name = string_view{s.text}.substr(verb.size());
        name = name.substr(0, name.find_first_of(" \t\r\n("));
        if (const std::size_t dot = name.rfind('.'); dot != string_view::npos)
            name.remove_prefix(dot + 1);
        if (name.size() > 1 && name.front() == name.back() &&
            (name.front() == '"' || name.front() == '`'))
            name = name.substr(1, name.size() - 2);
        return name == version_table;
    }
    return false;
}

// Of SQL that Alembic wrote, so an id in it has no quotes of its own.
std::vector<std::string> literals_in(string_view sql)
{
    std::vector<std::string> found;
    while (true) {
        const std::size_t open = sql.find('\'');
        const std::size_t close = open == string_view::npos ? open : sql.find('\'', open + 1);
        if (close == string_view::npos)
            return found;
        found.emplace_back(sql.substr(open + 1, close - open - 1));
        sql.remove_prefix(close + 1);
    }
}

// The row that a bookkeeping statement takes away: of an UPDATE's two, the one that it looks for.
std::optional<std::string> row_gone(const statement& s)
{
    const std::vector<std::string> found = literals_in(s.text);
    const std::string verb = lower(s.text.substr(0, 6));
    if (verb == "update" && found.size() == 2)
        return found[1];
    if (verb == "delete" && found.size() == 1)
        return found[0];
    return std::nullopt;
}

// One comment "-- Running ..." and the text up to the next; the first has no comment.
struct piece {
    string_view title; // "a, b -> c"
    unsigned line = 1; // of the comment
    string_view body;
};

class script_reader {
public:
    script_reader(const named_text& source, string_view verb, string_view version_table)
        : source_(source), verb_(verb), version_table_(version_table)
    {
    }

    checked<alembic_script> read();

private:
    void complain(unsigned line, std::string problem)
    {
        wrong_.push_back({source_.name, line, std::move(problem)});
    }
    std::vector<piece> cut();
    std::vector<statement> split(const piece& p);
    void leave_out(const std::vector<statement>& before_the_first);
    void add_section(const piece& p, std::vector<statement> statements);

    const named_text& source_;
    string_view verb_;
    string_view version_table_;
    alembic_script out_;
    complaints wrong_;
    int open_ = 0; // transactions, over the whole output
};

checked<alembic_script> script_reader::read()
{
    const std::vector<piece> pieces = cut();
    leave_out(split(pieces.front()));
    for (std::size_t i = 1; i < pieces.size(); ++i)
        add_section(pieces[i], split(pieces[i]));
    if (out_.sections.empty())
        complain(0,
                 "there is no \"-- Running " + std::string{verb_} +
                     " a -> b\" in it; is it the output of alembic " + std::string{verb_} +
                     " --sql?");
    else if (open_ > 0)
        complain(0, "it ends inside a transaction: the output was cut short, or alembic failed");
    if (!wrong_.empty())
        return wrong_;
    return std::move(out_);
}

std::vector<piece> script_reader::cut()
{
    const std::string mark = "-- Running " + std::string{verb_} + ' ';
    const string_view text = source_.text;
    std::vector<piece> pieces(1);
    std::size_t body = 0; // where the last piece's begins
    unsigned number = 0;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        const string_view line = trimmed(text.substr(start, end - start));
        ++number;
        if (line.starts_with("INFO  [") || line.starts_with("FAILED: "))
            complain(number,
                     "this is a line of alembic's log; give its standard output alone: " +
                         std::string{line});
        if (line.starts_with(mark) && line.find(" ->") != string_view::npos) {
            pieces.back().body = text.substr(body, start - body);
            pieces.push_back({line.substr(mark.size()), number, {}});
            body = std::min(end + 1, text.size());
        }
        start = end + 1;
    }
    pieces.back().body = text.substr(body);
    return pieces;
}

std::vector<statement> script_reader::split(const piece& p)
{
    const unsigned first_line = p.title.empty() ? 1 : p.line + 1;
    auto found = split_statements(p.body, first_line);
    if (!found) {
        complain(found.error().line, found.error().problem);
        return {};
    }
    for (const statement& s : *found)
        open_ += opens(s) ? 1 : closes(s) ? -1 : 0;
    return std::move(*found);
}

void script_reader::leave_out(const std::vector<statement>& before_the_first)
{
    for (const statement& s : before_the_first)
        if (!opens(s) && !closes(s) && !is_bookkeeping(s, version_table_))
            out_.notes.push_back(source_.name + ':' + std::to_string(s.line) +
                                 ": left out, as it is no revision's: " + s.text);
}

// A section ends with its bookkeeping, and around that with what a transaction needs.
void script_reader::add_section(const piece& p, std::vector<statement> statements)
{
    const std::size_t arrow = p.title.find("->");
    script_section s{.from = comma_separated(p.title.substr(0, arrow)),
                     .to = comma_separated(p.title.substr(arrow + 2)),
                     .line = p.line};
    bool has_bookkeeping = false;
    while (!statements.empty()) {
        const statement& last = statements.back();
        const bool is_row = is_bookkeeping(last, version_table_);
        if (!is_row && !opens(last) && !closes(last))
            break;
        has_bookkeeping = has_bookkeeping || is_row;
        if (auto row = is_row ? row_gone(last) : std::nullopt)
            s.rows_gone.push_back(std::move(*row));
        statements.pop_back();
    }
    s.leaves_transaction =
        std::erase_if(statements, [](const statement& x) { return opens(x) || closes(x); }) > 0;
    s.statements = std::move(statements);
    if (!has_bookkeeping)
        complain(s.line,
                 "no statement changes " + std::string{version_table_} +
                     " after this revision; the output was cut short, or its version table has "
                     "another name");
    out_.sections.push_back(std::move(s));
}

} // namespace

checked<alembic_script>
read_alembic_script(const named_text& source, string_view verb, string_view version_table)
{
    return script_reader{source, verb, version_table}.read();
}

} // namespace weir::migrations
