// A revision as the text of a file.
#include "daemon/migrations/revision.hpp"
#include "daemon/migrations/words.hpp"

namespace weir::migrations {
namespace {

std::string on_one_line(std::string text)
{
    for (char& c : text)
        if (c == '\n' || c == '\r')
            c = ' ';
    return text;
}

void add_section(std::string& out, std::string_view name, const std::vector<statement>& all)
{
    (out += "\n-- ") += name;
    out += '\n';
    for (const statement& each : all)
        (out += each.text) += ";\n";
}

} // namespace

std::string to_text(const revision& r)
{
    std::string out = "-- revision: " + r.id + "\n-- down_revision: ";
    (out += r.down_revisions.empty() ? "none" : listed(r.down_revisions)) += '\n';
    if (!r.depends_on.empty())
        out += "-- depends_on: " + listed(r.depends_on) + '\n';
    if (!r.message.empty())
        out += "-- message: " + on_one_line(r.message) + '\n';
    if (!r.only.empty()) {
        std::vector<std::string_view> names;
        for (const dialect each : r.only)
            names.push_back(to_string(each));
        out += "-- only: " + listed(names) + '\n';
    }
    if (!r.is_transactional)
        out += "-- no transaction\n";
    add_section(out, "upgrade", r.upgrade);
    if (r.downgrade)
        add_section(out, "downgrade", *r.downgrade);
    return out;
}

} // namespace weir::migrations
