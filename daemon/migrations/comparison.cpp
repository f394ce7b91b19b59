#include "daemon/migrations/comparison.hpp"

#include "daemon/migrations/words.hpp"

#include <algorithm>

namespace weir::migrations {

comparison compare(const database_state& database, const revision_graph& files)
{
    comparison out;
    for (const std::string& row : database.rows)
        if (!files.find(row))
            out.unknown.push_back(row);
    const revision_list applied = files.ancestry(database.rows);
    for (const note& n : database.notes) {
        const revision* const r = files.find(n.revision);
        if (!n.is_done())
            out.half_done.push_back(n);
        else if (std::ranges::find(applied, r) != applied.end() && r->checksum != n.checksum)
            out.edited.push_back(r);
    }
    std::ranges::sort(out.edited);
    return out;
}

std::string edited_words(const revision& r)
{
    return r.file + " was edited after revision " + r.id + " had been applied";
}

std::optional<error> object_to_unknown(const comparison& c, const migration_settings& settings)
{
    if (c.unknown.empty())
        return std::nullopt;
    error what{"55000",
               "Can't locate revision identified by '" + c.unknown.front() + '\'',
               "The database is at " + listed(c.unknown) + ", and " + settings.dir +
                   " has no such revision."};
    if (settings.command.empty())
        what.hint =
            "A newer release has migrated this database: run that one. If the row is wrong, "
            "`weir migrate stamp --purge` replaces it.";
    else
        what.hint = "A newer release has migrated this database; or the row is the command's, and "
                    "the revisions need a table of their own (migrations.version_table).";
    return what;
}

std::optional<error> object_to_half_done(const comparison& c, const database_state& database)
{
    if (c.half_done.empty())
        return std::nullopt;
    const note& n = c.half_done.front();
    const std::string now = database.rows.empty() ? "base" : listed(database.rows);
    const bool went_up = n.state == note_state::upgrading;
    const std::string what =
        went_up ? "revision " + n.revision : "the downgrade of revision " + n.revision;
    return error{"55000",
                 what + " began and did not end",
                 "It runs outside a transaction, so part of it may be in the database.",
                 went_up ? "Finish it by hand, then `weir migrate stamp " + n.revision +
                               "`; or undo what it did, then `weir migrate stamp " + now +
                               "` and upgrade again."
                         : "Undo by hand what is left of it and stamp the revision before it with "
                           "`weir migrate stamp`; or restore it, then `weir migrate stamp " +
                               now + "`."};
}

std::optional<error> object_to_edited(const comparison& c)
{
    if (c.edited.empty())
        return std::nullopt;
    std::vector<std::string> files;
    for (const revision* const r : c.edited)
        files.push_back(r->file);
    return error{"55000",
                 edited_words(*c.edited.front()),
                 "Edited: " + listed(files),
                 "Put the file back as it was and write a new revision, or accept it as it is with "
                 "`weir migrate stamp --purge`. migrations.on_edited says what happens."};
}

std::optional<error> object_to_unversioned(const database_state& database)
{
    constexpr std::size_t most_named = 5;
    if (database.has_version_table || database.other_tables.empty())
        return std::nullopt;
    const auto& all = database.other_tables;
    std::vector<std::string> named{all.begin(), all.begin() + std::min(all.size(), most_named)};
    std::string tables = listed(named);
    if (all.size() > named.size())
        tables += " and " + std::to_string(all.size() - named.size()) + " more";
    return error{"55000",
                 "the database has tables but no version table, so nobody knows which revisions it "
                 "has had",
                 "Tables: " + tables,
                 "Tell with `weir migrate stamp REVISION` (`heads` when it is up to date); that "
                 "runs nothing."};
}

} // namespace weir::migrations
