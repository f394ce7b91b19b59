#include "daemon/migrations/import.hpp"

#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <map>

namespace weir::migrations {
namespace {

using std::string_view;

// From one "-- Running upgrade a, b -> c" to the next.
struct section {
    std::vector<std::string> from;
    std::vector<std::string> to;
    unsigned line = 0; // of the comment
    std::vector<statement> statements = {};
    std::vector<std::string> rows_gone = {}; // of the version table
    bool has_bookkeeping = false;
    bool leaves_transaction = false; // an autocommit_block()
};

struct output_reader {
    const named_text& source;
    string_view version_table;
    string_view verb; // "upgrade", "downgrade"
    complaints& wrong;
    std::vector<std::string>& notes;

    void complain(unsigned line, std::string problem)
    {
        wrong.push_back({source.name, line, std::move(problem)});
    }
    std::vector<section> read();
    void finish(section& s);
};

// The next line without its end; `text` loses it.
string_view take_line(string_view& text)
{
    const std::size_t end = text.find('\n');
    const string_view line = text.substr(0, end);
    text.remove_prefix(end == string_view::npos ? text.size() : end + 1);
    return line;
}

bool is(const statement& s, string_view word) { return lower(s.text) == word; }
bool opens(const statement& s) { return is(s, "begin") || is(s, "begin transaction"); }
bool closes(const statement& s) { return is(s, "commit"); }

// "INSERT INTO ops.alembic_version (...", and what else Alembic does with its own table.
bool is_bookkeeping(const statement& s, string_view version_table)
{
    for (const string_view verb :
         {"insert into ", "update ", "delete from ", "create table ", "drop table "}) {
        if (!lower(s.text.substr(0, verb.size())).starts_with(verb))
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

// 'it''s' -> it's, each in its turn.
std::vector<std::string> literals_in(string_view sql)
{
    std::vector<std::string> found;
    for (std::size_t i = 0; i < sql.size(); ++i) {
        if (sql[i] != '\'')
            continue;
        std::string text;
        for (++i; i < sql.size(); ++i) {
            if (sql[i] == '\'' && (i + 1 == sql.size() || sql[++i] != '\''))
                break;
            text += sql[i];
        }
        found.push_back(std::move(text));
    }
    return found;
}

// The row that a bookkeeping statement takes away: of an UPDATE's two, the one that it looks for.
std::optional<std::string> row_gone(const statement& s)
{
    const std::vector<std::string> found = literals_in(s.text);
    const bool is_update = lower(s.text.substr(0, 6)) == "update";
    const bool is_delete = lower(s.text.substr(0, 6)) == "delete";
    if (is_update && found.size() == 2)
        return found[1];
    if (is_delete && found.size() == 1)
        return found[0];
    return std::nullopt;
}

// A section ends with its bookkeeping, and around that with what a transaction needs.
void output_reader::finish(section& s)
{
    std::vector<statement>& all = s.statements;
    while (!all.empty() &&
           (opens(all.back()) || closes(all.back()) || is_bookkeeping(all.back(), version_table))) {
        if (is_bookkeeping(all.back(), version_table)) {
            s.has_bookkeeping = true;
            if (auto row = row_gone(all.back()))
                s.rows_gone.push_back(std::move(*row));
        }
        all.pop_back();
    }
    s.leaves_transaction =
        std::erase_if(all, [](const statement& x) { return opens(x) || closes(x); }) > 0;
    if (!s.has_bookkeeping)
        complain(s.line,
                 "no statement changes " + std::string{version_table} +
                     " after this revision; the output was cut short, or its version table has "
                     "another name");
}

std::vector<section> output_reader::read()
{
    const std::string mark = "-- Running " + std::string{verb} + ' ';
    std::vector<section> sections;
    int open = 0; // transactions, over the whole output
    unsigned number = 0, first = 1;
    string_view rest = source.text;
    const char* body = rest.data();
    const auto end_body = [&](const char* end) {
        const auto split = split_statements({body, static_cast<std::size_t>(end - body)}, first);
        if (!split)
            return complain(split.error().line, split.error().problem);
        for (const statement& s : *split) {
            open += opens(s) ? 1 : closes(s) ? -1 : 0;
            if (!sections.empty())
                sections.back().statements.push_back(s);
            else if (!opens(s) && !closes(s) && !is_bookkeeping(s, version_table))
                notes.push_back(source.name + ':' + std::to_string(s.line) +
                                ": left out, as it is no revision's: " + s.text);
        }
        if (!sections.empty())
            finish(sections.back());
    };
    while (!rest.empty()) {
        const char* const start = rest.data();
        const string_view line = trimmed(take_line(rest));
        ++number;
        if (line.starts_with("INFO  [") || line.starts_with("FAILED: "))
            complain(number,
                     "this is a line of alembic's log; give its standard output alone: " +
                         std::string{line});
        const std::size_t arrow = line.find(" -> ");
        if (!line.starts_with(mark) || (arrow == string_view::npos && !line.ends_with(" ->")))
            continue;
        end_body(start);
        body = rest.data();
        first = number + 1;
        const std::size_t middle = arrow == string_view::npos ? line.size() - 3 : arrow;
        sections.push_back({.from = comma_separated(line.substr(mark.size(), middle - mark.size())),
                            .to = comma_separated(line.substr(middle + 3)),
                            .line = number});
    }
    end_body(rest.data());
    if (sections.empty())
        complain(0,
                 "there is no \"" + mark + "a -> b\" in it; is it the output of alembic " +
                     std::string{verb} + " --sql?");
    else if (open > 0)
        complain(0, "it ends inside a transaction: the output was cut short, or alembic failed");
    return sections;
}

// A line of `alembic history`: "a, b (d) -> c (head), both again".
struct history_line {
    std::vector<std::string> depends_on;
    std::string message;
};

std::map<std::string, history_line> read_history(const named_text& source, complaints& wrong)
{
    std::map<std::string, history_line> found;
    history_line* last = nullptr;
    unsigned number = 0;
    for (string_view rest = source.text; !rest.empty();) {
        const string_view line = trimmed(take_line(rest));
        ++number;
        if (line.empty())
            continue;
        const std::size_t arrow = line.find(" -> ");
        const std::size_t comma =
            arrow == string_view::npos ? arrow : line.find(", ", arrow); // labels come with some
        if (comma == string_view::npos) {
            if (last) // a message of several lines
                (last->message += ' ') += line;
            else
                wrong.push_back({source.name, number, "this is no line of alembic's history"});
            continue;
        }
        string_view right = line.substr(arrow + 4);
        const std::string id{right.substr(0, right.find_first_of(" ,"))};
        right.remove_prefix(id.size());
        while (right.starts_with(" (") && right.find(')') != string_view::npos)
            right.remove_prefix(right.find(')') + 1);
        right.remove_prefix(std::min<std::size_t>(right.size(), 2)); // the comma
        last = &found[id];
        last->message = trimmed(right);
        const string_view left = line.substr(0, arrow);
        if (const std::size_t open = left.find(" ("); open != string_view::npos)
            last->depends_on = comma_separated(left.substr(open + 2, left.size() - open - 3));
    }
    return found;
}

void add_upgrade(const section& s, const named_text& source, imported& out, complaints& wrong)
{
    if (s.to.size() != 1) {
        wrong.push_back({source.name, s.line, "an upgrade leads to one revision"});
        return;
    }
    revision r;
    r.id = s.to.front();
    r.down_revisions = s.from;
    r.upgrade = s.statements;
    for (const std::string& row : s.rows_gone)
        if (std::ranges::find(r.down_revisions, row) == r.down_revisions.end())
            r.depends_on.push_back(row);
    r.is_transactional = !s.leaves_transaction;
    if (s.leaves_transaction)
        out.notes.push_back(r.id + " leaves its transaction for some statements; it will run "
                                   "outside of one altogether");
    out.revisions.push_back(std::move(r));
}

// A file must say what the output said: not every id is one, and a comment may look like a section.
void check_text(const revision& r, const named_text& source, complaints& wrong)
{
    const auto reread = parse_revision(to_text(r), source.name);
    const auto texts = [](const std::vector<statement>& all) {
        std::vector<std::string> out;
        for (const statement& s : all)
            out.push_back(s.text);
        return out;
    };
    const std::vector<statement> none;
    if (!reread)
        for (const complaint& c : reread.error())
            wrong.push_back({source.name, 0, "revision " + r.id + ": " + c.problem});
    else if (texts(reread->upgrade) != texts(r.upgrade) ||
             texts(reread->downgrade.value_or(none)) != texts(r.downgrade.value_or(none)))
        wrong.push_back(
            {source.name,
             0,
             "revision " + r.id + " has a comment that reads as a section of a revision's file"});
}

} // namespace

checked<imported> import_alembic(const alembic_output& from)
{
    complaints wrong;
    imported out;
    output_reader up{from.upgrades, from.version_table, "upgrade", wrong, out.notes};
    for (const section& s : up.read())
        add_upgrade(s, from.upgrades, out, wrong);

    const auto find = [&out](const std::string& id) {
        const auto found = std::ranges::find(out.revisions, id, &revision::id);
        return found == out.revisions.end() ? nullptr : &*found;
    };
    if (from.downgrades) {
        output_reader down{*from.downgrades, from.version_table, "downgrade", wrong, out.notes};
        for (section& s : down.read()) {
            revision* const r = s.from.size() == 1 ? find(s.from.front()) : nullptr;
            if (!r) {
                wrong.push_back({from.downgrades->name, s.line, "no upgrade leads to it"});
                continue;
            }
            r->downgrade = std::move(s.statements);
            r->is_transactional = r->is_transactional && !s.leaves_transaction;
        }
    }
    if (from.history)
        for (auto& [id, line] : read_history(*from.history, wrong))
            if (revision* const r = find(id)) {
                r->message = line.message;
                r->depends_on = std::move(line.depends_on);
            }
    for (const revision& r : out.revisions)
        check_text(r, from.upgrades, wrong);
    if (!wrong.empty())
        return wrong;
    return out;
}

} // namespace weir::migrations
