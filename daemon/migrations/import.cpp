#include "daemon/migrations/import.hpp"

#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <map>

namespace weir::migrations {
namespace {

using std::string_view;

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
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const string_view line = trimmed(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
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

void add_upgrade(const script_section& s,
                 const named_text& source,
                 imported& out,
                 complaints& wrong)
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
    const auto read = [&](const named_text& source, string_view verb) {
        auto script = read_alembic_script(source, verb, from.version_table);
        if (script)
            return std::move(*script);
        for (const complaint& c : script.error())
            wrong.push_back(c);
        return alembic_script{};
    };
    alembic_script up = read(from.upgrades, "upgrade");
    out.notes = std::move(up.notes);
    for (const script_section& s : up.sections)
        add_upgrade(s, from.upgrades, out, wrong);

    const auto find = [&out](const std::string& id) {
        const auto found = std::ranges::find(out.revisions, id, &revision::id);
        return found == out.revisions.end() ? nullptr : &*found;
    };
    if (from.downgrades) {
        alembic_script down = read(*from.downgrades, "downgrade");
        for (script_section& s : down.sections) {
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
        for (const auto& [id, line] : read_history(*from.history, wrong))
            if (revision* const r = find(id)) {
                r->message = line.message;
                r->depends_on = line.depends_on;
            }
    for (const revision& r : out.revisions)
        check_text(r, from.upgrades, wrong);
    if (!wrong.empty())
        return wrong;
    return out;
}

} // namespace weir::migrations
