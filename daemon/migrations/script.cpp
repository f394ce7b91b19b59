#include "daemon/migrations/script.hpp"

#include "daemon/migrations/listing.hpp"
#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <iterator>

namespace weir::migrations {
namespace {

std::string quoted_list(const std::vector<std::string>& ids)
{
    std::vector<std::string> out;
    for (const std::string& id : ids)
        out.push_back(quoted_literal(id));
    return listed(out);
}

// Writes the statements that keep the two tables.
class bookkeeper {
public:
    bookkeeper(const version_table& table, std::string_view by)
        : versions_(table.qualified()), notes_(table.notes_qualified()), by_(quoted_literal(by))
    {
    }

    // Alembic's way: one row becomes another where it can, the rest go and come.
    void move_rows(const step& s, std::vector<entry>& out) const
    {
        const bool updates = !s.rows_gone.empty() && !s.rows_new.empty();
        const std::size_t paired = updates ? 1 : 0;
        for (std::size_t i = 0; i + paired < s.rows_gone.size(); ++i)
            out.push_back({"DELETE FROM " + versions_ + where_version(s.rows_gone[i]), "DELETE 1"});
        if (updates)
            out.push_back({"UPDATE " + versions_ +
                               " SET version_num = " + quoted_literal(s.rows_new.front()) +
                               where_version(s.rows_gone.back()),
                           "UPDATE 1"});
        for (std::size_t i = paired; i < s.rows_new.size(); ++i)
            out.push_back({"INSERT INTO " + versions_ + " (version_num) VALUES (" +
                               quoted_literal(s.rows_new[i]) + ')',
                           "INSERT 0 1"});
    }

    void forget_everything(std::vector<entry>& out) const
    {
        out.push_back({"DELETE FROM " + versions_});
        out.push_back({"DELETE FROM " + notes_});
    }

    // now() is when the transaction began.
    entry note_applied(const revision& r) const
    {
        return {insert_notes({&r}, note_state::applied, "clock_timestamp() - now()") +
                " ON CONFLICT (revision) DO UPDATE SET state = excluded.state, checksum = "
                "excluded.checksum, applied_at = excluded.applied_at, duration = "
                "excluded.duration, \"by\" = excluded.\"by\""};
    }

    entry announce(const revision& r, std::string_view state) const
    {
        return {insert_notes({&r}, state, "NULL") +
                " ON CONFLICT (revision) DO UPDATE SET state = excluded.state, checksum = "
                "excluded.checksum, applied_at = excluded.applied_at, duration = NULL, \"by\" = "
                "excluded.\"by\""};
    }

    // Until now `applied_at` has said when it began.
    entry note_ended(const revision& r) const
    {
        return {"UPDATE " + notes_ + " SET state = " + quoted_literal(note_state::applied) +
                    ", duration = clock_timestamp() - applied_at, applied_at = clock_timestamp()"
                    " WHERE revision = " +
                    quoted_literal(r.id),
                "UPDATE 1"};
    }

    entry forget(const revision_list& all) const
    {
        std::vector<std::string> ids;
        for (const revision* const r : all)
            ids.push_back(r->id);
        return {"DELETE FROM " + notes_ + " WHERE revision IN (" + quoted_list(ids) + ')'};
    }

    // A stamp is somebody's word on what the database has: what has a note keeps its checksum, and
    // whatever was half done is settled.
    void note_stamped(const step& s, std::vector<entry>& out) const
    {
        if (!s.taken_back.empty())
            out.push_back(forget(s.taken_back));
        if (!s.applied.empty())
            out.push_back({insert_notes(s.applied, note_state::applied, "NULL") +
                           " ON CONFLICT (revision) DO UPDATE SET state = excluded.state"});
        out.push_back(
            {"DELETE FROM " + notes_ + " WHERE state <> " + quoted_literal(note_state::applied)});
    }

private:
    static std::string where_version(const std::string& id)
    {
        return " WHERE version_num = " + quoted_literal(id);
    }

    std::string
    insert_notes(const revision_list& all, std::string_view state, std::string_view duration) const
    {
        std::vector<std::string> rows;
        for (const revision* const r : all)
            rows.push_back('(' + quoted_literal(r->id) + ", " + quoted_literal(state) + ", " +
                           quoted_literal(r->checksum) + ", clock_timestamp(), " +
                           std::string(duration) + ", " + by_ + ')');
        return "INSERT INTO " + notes_ +
               " (revision, state, checksum, applied_at, duration, \"by\") VALUES " + listed(rows);
    }

    std::string versions_;
    std::string notes_;
    std::string by_;
};

stage stamped(const step& s, const bookkeeper& books)
{
    stage out{s};
    if (s.purges)
        books.forget_everything(out.bookkeeping);
    step moved = s;
    if (s.purges)
        moved.rows_gone.clear();
    books.move_rows(moved, out.bookkeeping);
    books.note_stamped(s, out.bookkeeping);
    return out;
}

stage staged(const step& s, dialect d, const bookkeeper& books)
{
    if (s.way == direction::stamp)
        return stamped(s, books);
    const revision& r = *s.what;
    const bool goes_up = s.way == direction::upgrade;
    stage out{s};
    if (r.runs_on(d) && (goes_up || r.downgrade))
        out.statements = goes_up ? r.upgrade : *r.downgrade;
    out.is_transactional = r.is_transactional || out.statements.empty();
    if (!out.is_transactional)
        out.announcement = {
            books.announce(r, goes_up ? note_state::upgrading : note_state::downgrading)};
    books.move_rows(s, out.bookkeeping);
    if (!goes_up)
        out.bookkeeping.push_back(books.forget({&r}));
    else
        out.bookkeeping.push_back(out.is_transactional ? books.note_applied(r)
                                                       : books.note_ended(r));
    return out;
}

// How --sql writes: a statement, an empty line.
class script_text {
public:
    void comment(const std::string& words) { out_ += "-- " + words + "\n\n"; }
    void statement(std::string_view sql) { (out_ += sql) += ";\n\n"; }
    template <class Statements>
    void transaction(const Statements& between)
    {
        statement("BEGIN");
        between();
        statement("COMMIT");
    }
    std::string take() && { return std::move(out_); }

private:
    std::string out_;
};

void write(const stage& s, script_text& out)
{
    const auto entries = [&](const std::vector<entry>& all) {
        for (const entry& each : all)
            out.statement(each.sql);
    };
    const auto body = [&] {
        for (const statement& each : s.statements)
            out.statement(each.text);
    };
    if (s.is_transactional)
        return out.transaction([&] {
            body();
            entries(s.bookkeeping);
        });
    entries(s.announcement);
    body();
    out.transaction([&] { entries(s.bookkeeping); });
}

} // namespace

script
compose(const plan& p, dialect d, const version_table& table, std::string_view by, bool widens)
{
    const bookkeeper books{table, by};
    script out;
    out.preparation = {table.create(), table.create_notes()};
    if (widens)
        std::ranges::copy(table.widen(d), std::back_inserter(out.preparation));
    for (const step& s : p.steps)
        out.stages.push_back(staged(s, d, books));
    return out;
}

bool outgrows_alembic(const plan& p)
{
    return std::ranges::any_of(p.steps, [](const step& s) {
        return std::ranges::any_of(s.rows_new, [](const std::string& id) {
            return id.size() > version_table::alembics_width;
        });
    });
}

std::string to_text(const script& s)
{
    script_text out;
    out.transaction([&] {
        for (const std::string& each : s.preparation)
            out.statement(each);
    });
    for (const stage& each : s.stages) {
        out.comment(running(each.of));
        write(each, out);
    }
    return std::move(out).take();
}

} // namespace weir::migrations
