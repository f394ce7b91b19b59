#include "daemon/migrations/stage_runner.hpp"

#include "daemon/migrations/database_state.hpp"
#include "daemon/migrations/migration_lock.hpp"
#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

namespace weir::migrations {

namespace {

std::string set(std::string_view name, std::chrono::milliseconds limit)
{
    return "SET " + std::string{name} + " = " + std::to_string(limit.count()) + "; ";
}

const std::string& id_of(const step& s)
{
    static const std::string base = "base";
    return s.what ? s.what->id : base;
}

// The server's notices while it runs the statements of a file; those about weir's own bookkeeping
// interest nobody.
class notices_heard {
public:
    notices_heard(direct_connection& from, observer& by) : from_(from)
    {
        from_.on_notice([&by](std::string_view severity, std::string_view words) {
            by.on_notice(std::string{severity}.append(": ").append(words));
        });
    }
    ~notices_heard() { from_.on_notice({}); }
    notices_heard(const notices_heard&) = delete;
    notices_heard& operator=(const notices_heard&) = delete;

private:
    direct_connection& from_;
};

void move_rows(std::vector<std::string>& rows, const step& s)
{
    if (s.purges)
        rows.clear();
    for (const std::string& gone : s.rows_gone)
        std::erase(rows, gone);
    rows.insert(rows.end(), s.rows_new.begin(), s.rows_new.end());
    std::ranges::sort(rows);
}

// What an operator has to know when there is no transaction that would have undone it.
error half_done(error why, const stage& s)
{
    if (!why.detail.empty())
        why.detail += '\n';
    why.detail += "The revision runs outside a transaction: what it did before is in the database.";
    if (!why.hint.empty())
        why.hint += '\n';
    why.hint += "Finish it by hand, or undo what it did; then tell with `weir migrate stamp` at "
                "which revision the database is. Until then " +
                id_of(s.of) + " counts as half done, and nothing else runs.";
    return why;
}

} // namespace

attempt<void> stage_runner::run(const std::vector<stage>& stages, std::vector<std::string> rows)
{
    using clock = std::chrono::steady_clock;
    progress now{.is = progress::phase::running, .total = static_cast<unsigned>(stages.size())};
    for (const stage& s : stages) {
        ++now.number;
        now.what = id_of(s.of);
        now.file = s.of.what ? std::filesystem::path{s.of.what->file}.stem().string() : now.what;
        watcher_.on_progress(now);
        const auto start = clock::now();
        if (auto done = run_stage(s, rows); !done)
            return done.error();
        watcher_.on_applied(s.of,
                            std::chrono::floor<std::chrono::milliseconds>(clock::now() - start));
        move_rows(rows, s.of);
    }
    return {};
}

attempt<void> stage_runner::run_stage(const stage& s, const std::vector<std::string>& rows)
{
    auto done = s.is_transactional ? run_transaction(s, rows) : run_by_itself(s, rows);
    if (!done)
        roll_back();
    return done;
}

attempt<void> stage_runner::run_transaction(const stage& s, const std::vector<std::string>& rows)
{
    const auto done = [&]() -> result<void> {
        if (const auto begun = begin_with(rows); !begun)
            return begun.error();
        if (s.of.what)
            if (const auto ran = run_statements(s.statements, s.of.what->file, s.of.way, true);
                !ran)
                return ran.error();
        if (const auto fresh = begin_afresh(); !fresh)
            return fresh.error();
        if (const auto noted = run_entries(s.bookkeeping); !noted)
            return noted.error();
        return execute("COMMIT");
    }();
    if (!done)
        return as_failure(done.error(), id_of(s.of));
    return {};
}

attempt<void> stage_runner::run_by_itself(const stage& s, const std::vector<std::string>& rows)
{
    if (const auto announced = note(s.announcement, rows); !announced)
        return as_failure(announced.error(), id_of(s.of));
    const auto done = [&]() -> result<void> {
        if (const auto ran = run_statements(s.statements, s.of.what->file, s.of.way, false); !ran)
            return ran.error();
        stage_runner unhurried{*this}; // what is done is noted, even if a stop was asked for
        unhurried.stop_ = {};
        return unhurried.note(s.bookkeeping, rows);
    }();
    if (!done) {
        failure why = as_failure(half_done(done.error(), s), id_of(s.of));
        why.may_pass = false; // the next attempt would only find it half done
        return why;
    }
    return {};
}

result<void> stage_runner::note(const std::vector<entry>& all, const std::vector<std::string>& rows)
{
    if (const auto begun = begin_with(rows); !begun)
        return begun.error();
    if (const auto noted = run_entries(all); !noted)
        return noted.error();
    return execute("COMMIT");
}

attempt<void> stage_runner::build(const std::vector<statement>& schema,
                                  const std::string& file,
                                  const notes_on& note)
{
    watcher_.on_progress({.is = progress::phase::running,
                          .what = file,
                          .file = std::filesystem::path{file}.stem(),
                          .number = 1,
                          .total = 1});
    const auto done = [&]() -> result<void> {
        if (const auto fresh = begin_afresh(); !fresh)
            return fresh.error();
        if (const auto begun = execute("BEGIN"); !begun)
            return begun.error();
        if (const auto ran = run_statements(schema, file, direction::upgrade, true); !ran)
            return ran.error();
        if (const auto fresh = begin_afresh(); !fresh)
            return fresh.error();
        const auto notes = note();
        if (!notes)
            return notes.error();
        for (const std::string& sql : notes->preparation)
            if (const auto prepared = execute(sql); !prepared)
                return prepared.error();
        for (const stage& s : notes->stages)
            if (const auto noted = run_entries(s.bookkeeping); !noted)
                return noted.error();
        return execute("COMMIT");
    }();
    if (done)
        return {};
    roll_back();
    return as_failure(done.error());
}

result<void> stage_runner::run_as_one(const std::vector<std::string>& statements)
{
    const auto done = [&]() -> result<void> {
        if (const auto begun = execute("BEGIN"); !begun)
            return begun.error();
        for (const std::string& sql : statements)
            if (const auto ran = execute(sql); !ran)
                return ran.error();
        return execute("COMMIT");
    }();
    if (!done)
        roll_back();
    return done;
}

result<void> stage_runner::begin_afresh()
{
    std::string sql =
        "RESET ROLE; RESET ALL; SET application_name = " + quoted_literal(migrator_name()) + "; " +
        set("lock_timeout", settings_.lock_timeout) +
        set("statement_timeout", settings_.statement_timeout);
    // While an outside command runs, the session that holds the lock sits idle. Not every server
    // has these settings.
    if (dialect_ == dialect::postgresql)
        sql += "SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN "
               "('idle_session_timeout', 'idle_in_transaction_session_timeout', "
               "'transaction_timeout')";
    return execute(sql);
}

result<void> stage_runner::begin_with(const std::vector<std::string>& rows)
{
    if (const auto fresh = begin_afresh(); !fresh)
        return fresh.error();
    // The lock keeps other weirs away; this one keeps everybody, Alembic too, from the rows, and on
    // SQLite is the one right to write.
    if (const auto begun = execute("BEGIN"); !begun)
        return begun.error();
    if (const auto locked =
            execute("LOCK TABLE " + table_.qualified() + " IN SHARE ROW EXCLUSIVE MODE");
        !locked)
        return locked.error();
    return expect(rows);
}

result<void> stage_runner::expect(const std::vector<std::string>& rows)
{
    const auto now = read_version_rows(on_, table_, stop_);
    if (!now)
        return now.error();
    if (*now == rows)
        return {};
    return error{"40001",
                 "somebody else has migrated the database meanwhile: it was at " +
                     (rows.empty() ? "base" : listed(rows)) + " and is at " +
                     (now->empty() ? "base" : listed(*now))};
}

result<void> stage_runner::run_statements(const std::vector<statement>& all,
                                          const std::string& file,
                                          direction way,
                                          bool in_transaction)
{
    const notices_heard heard{on_, watcher_};
    for (const statement& each : all) {
        if (const auto done = execute(each.text); !done)
            return in_statement(done.error(), each, file, way);
        if (on_.in_transaction() == in_transaction)
            continue;
        const error why{"25000",
                        in_transaction ? "this statement has ended the revision's transaction"
                                       : "this statement has begun a transaction of its own"};
        return in_statement(why, each, file, way);
    }
    return {};
}

result<void> stage_runner::run_entries(const std::vector<entry>& all)
{
    for (const entry& each : all) {
        const auto tag = on_.execute(each.sql, stop_);
        if (!tag)
            return tag.error();
        if (!each.tag.empty() && *tag != each.tag)
            return error{"40001",
                         "somebody else has changed the version table meanwhile: the server "
                         "answered " +
                             *tag + " to " + each.sql};
    }
    return {};
}

result<void> stage_runner::execute(std::string_view sql)
{
    const auto done = on_.execute(sql, stop_);
    if (!done)
        return done.error();
    return {};
}

// Whatever the reason, a stop too. On a lost connection the server does it.
void stage_runner::roll_back()
{
    if (!on_.is_lost() && on_.in_transaction())
        static_cast<void>(on_.execute("ROLLBACK"));
}

} // namespace weir::migrations
