#include "daemon/migrations/migrator.hpp"

#include "daemon/migrations/backend_wait.hpp"
#include "daemon/migrations/command_step.hpp"
#include "daemon/migrations/migration_lock.hpp"
#include "daemon/migrations/request_plan.hpp"
#include "daemon/migrations/revision_files.hpp"
#include "daemon/migrations/stage_runner.hpp"
#include "daemon/migrations/words.hpp"

#include <memory>
#include <utility>

namespace weir::migrations {

namespace {

using clock = std::chrono::steady_clock;

dialect dialect_of(const database_url& url)
{
    switch (url.kind) {
    case database_kind::postgresql: return dialect::postgresql;
    case database_kind::sqlite: return dialect::sqlite;
    case database_kind::mysql: break;
    }
    return dialect::mysql;
}

failure wrong_files(const complaints& all)
{
    std::string list;
    for (const complaint& c : all)
        list.append(list.empty() ? "" : "\n").append(to_text(c));
    if (all.size() == 1)
        return as_failure({"42601", list});
    const std::string count = std::to_string(all.size());
    return as_failure({"42601", count + " things are wrong with the revision files", list});
}

// --- One run. ---

class migration {
public:
    migration(const target& t,
              const request& wanted,
              revision_files files,
              observer& watcher,
              std::stop_token stop)
        : target_(t), wanted_(wanted), files_(std::move(files)), watcher_(watcher),
          stop_(std::move(stop)), table_(table_of(t.settings)), dialect_(dialect_of(t.url))
    {
    }

    attempt<report> run();

private:
    using order = migration_settings::command_order;

    bool has_work() const;
    attempt<void> connect();
    attempt<void> take_lock();
    attempt<void> read_state();
    attempt<void> widen();
    attempt<void> run_command(order now);
    attempt<void> run_revisions();
    attempt<void> carry_out(const plan& p);
    attempt<void> build_from_schema();
    attempt<void> verify(const std::vector<std::string>& expected);

    bool has_command() const { return wanted_.with_command && !target_.settings.command.empty(); }
    bool is_for_schema() const;

    const target& target_;
    const request& wanted_;
    revision_files files_;
    observer& watcher_;
    std::stop_token stop_;
    version_table table_;
    dialect dialect_;

    std::unique_ptr<direct_connection> connection_;
    std::unique_ptr<stage_runner> runner_;
    std::unique_ptr<migration_lock> lock_; // let go before its connection closes
    database_state database_;
    report report_;
};

bool migration::has_work() const
{
    return has_command() || !files_.graph.is_empty() || files_.schema ||
           wanted_.way != direction::upgrade;
}

attempt<report> migration::run()
{
    const auto start = clock::now();
    if (!has_work())
        return report_;
    for (const auto step : {&migration::connect, &migration::take_lock, &migration::read_state})
        if (auto done = (this->*step)(); !done)
            return done.error();
    report_.before = database_.rows;
    if (auto done = run_command(order::first); !done)
        return done.error();
    if (auto done = run_revisions(); !done)
        return done.error();
    if (auto done = run_command(order::last); !done)
        return done.error();
    report_.after = database_.rows;
    report_.took = std::chrono::floor<std::chrono::milliseconds>(clock::now() - start);
    return std::move(report_);
}

attempt<void> migration::connect()
{
    auto logged_in = wait_for_backend(
        target_.behind,
        target_.settings.wait,
        [this](const std::string& words) {
            watcher_.on_progress({.is = progress::phase::waiting_for_backend, .what = words});
        },
        stop_);
    if (!logged_in)
        return as_failure(logged_in.error());
    connection_ = std::make_unique<direct_connection>(std::move(*logged_in));
    runner_ = std::make_unique<stage_runner>(*connection_,
                                             dialect_,
                                             table_,
                                             target_.settings,
                                             watcher_,
                                             stop_);
    if (const auto begun = runner_->begin_afresh(); !begun)
        return as_failure(begun.error());
    return {};
}

attempt<void> migration::take_lock()
{
    lock_ = make_migration_lock(target_.url, table_, *connection_);
    const auto taken = acquire(
        *lock_,
        target_.settings.lock_wait,
        [this](const std::string& holder) {
            watcher_.on_progress({.is = progress::phase::waiting_for_lock, .what = holder});
        },
        stop_);
    if (!taken)
        return as_failure(taken.error());
    return {};
}

attempt<void> migration::read_state()
{
    auto found = read_database_state(*connection_, table_, stop_);
    if (!found)
        return as_failure(found.error());
    database_ = std::move(*found);
    return database_.is_narrow ? widen() : attempt<void>{};
}

// Alembic makes the column for ids of 32 characters and then writes longer ones into it.
attempt<void> migration::widen()
{
    if (const auto fresh = runner_->begin_afresh(); !fresh)
        return as_failure(fresh.error());
    if (const auto done = runner_->run_as_one(table_.widen(dialect_)); !done)
        return as_failure(done.error());
    database_.is_narrow = false;
    watcher_.on_warning("the column version_num of " + table_.name + " is wider now: VARCHAR(" +
                        std::to_string(version_table::width) + ')');
    return {};
}

attempt<void> migration::run_command(order now)
{
    if (!has_command() || target_.settings.order != now)
        return {};
    const auto what = command_for(target_.url, target_.settings, target_.settings.command);
    if (!what)
        return as_failure(what.error());
    const auto start = clock::now();
    watcher_.on_progress({.is = progress::phase::running_command, .what = what->shown()});
    const auto done = migrations::run(
        *what,
        [this](std::string_view line) { watcher_.on_line(line); },
        {connection_->descriptor(), [this] { return connection_->listen(); }},
        stop_);
    // Whatever it did before it failed, the backend's sessions have to see.
    const auto reread = target_.behind.reread_schema();
    if (!done)
        return as_failure(done.error());
    if (!reread)
        return as_failure(reread.error());
    report_.ran_command = true;
    report_.command_took = std::chrono::floor<std::chrono::milliseconds>(clock::now() - start);
    return read_state();
}

attempt<void> migration::run_revisions()
{
    if (files_.graph.is_empty() && !files_.schema && wanted_.way == direction::upgrade)
        return {}; // a command alone; the rows are its own
    const comparison found = compare(database_, files_.graph);
    if (auto wrong = objection(database_, found, target_.settings, wanted_.way))
        return as_failure(std::move(*wrong));
    if (wanted_.way != direction::stamp)
        for (const revision* const r : found.edited)
            watcher_.on_warning(edited_words(*r));
    const auto planned = plan_of(files_.graph, database_.rows, wanted_);
    if (!planned)
        return as_failure(planned.error());
    if (auto done = is_for_schema() ? build_from_schema() : carry_out(*planned); !done)
        return done;
    watcher_.on_progress({.is = progress::phase::verifying});
    return verify(planned->after);
}

bool migration::is_for_schema() const
{
    return files_.schema && wanted_.is_for_heads() && database_.is_fresh();
}

attempt<void> migration::carry_out(const plan& p)
{
    if (p.steps.empty())
        return {};
    const script all = compose(p, dialect_, table_, migrator_name());
    if (!database_.has_version_table || !database_.has_notes_table)
        if (const auto done = runner_->run_as_one(all.preparation); !done)
            return as_failure(done.error());
    if (auto done = runner_->run(all.stages, database_.rows); !done)
        return done;
    for (const step& s : p.steps)
        if (s.what && s.way != direction::stamp)
            report_.applied.push_back(s.what->id);
    return {};
}

// A dump of a database that Alembic has migrated brings the version table along, narrow as it is.
attempt<void> migration::build_from_schema()
{
    const auto notes = [this]() -> result<script> {
        auto now = read_database_state(*connection_, table_, stop_);
        if (!now)
            return now.error();
        if (files_.graph.is_empty())
            return compose({}, dialect_, table_, migrator_name(), now->is_narrow);
        const auto stamped = plan_stamp(files_.graph, now->rows, "heads", false);
        if (!stamped)
            return stamped.error();
        return compose(*stamped, dialect_, table_, migrator_name(), now->is_narrow);
    };
    auto done = runner_->build(*files_.schema, files_.schema_file, notes);
    report_.built_from_schema = done.has_value();
    return done;
}

attempt<void> migration::verify(const std::vector<std::string>& expected)
{
    if (auto done = read_state(); !done)
        return done;
    if (database_.rows == expected)
        return {};
    return as_failure(error{"XX000",
                            "the version table is at " + listed(database_.rows) +
                                " after the run, and not at " + listed(expected)});
}

} // namespace

attempt<report>
migrate(const target& t, const request& wanted, observer& watcher, std::stop_token stop)
{
    auto files = read_revision_files(t.settings.dir, !t.settings.dir_is_default);
    if (!files)
        return wrong_files(files.error());
    return migration{t, wanted, std::move(*files), watcher, std::move(stop)}.run();
}

} // namespace weir::migrations
