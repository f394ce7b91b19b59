#include "daemon/migrations/migrator.hpp"

#include "daemon/migrations/backend_wait.hpp"
#include "daemon/migrations/command_step.hpp"
#include "daemon/migrations/comparison.hpp"
#include "daemon/migrations/migration_lock.hpp"
#include "daemon/migrations/revision_files.hpp"
#include "daemon/migrations/stage_runner.hpp"
#include "daemon/migrations/words.hpp"

#include <algorithm>
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

version_table table_of(const migration_settings& s)
{
    return {s.version_table, s.version_table_schema};
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

result<plan>
plan_of(const revision_graph& graph, const std::vector<std::string>& rows, const request& wanted)
{
    switch (wanted.way) {
    case direction::upgrade: return plan_upgrade(graph, rows, wanted.target);
    case direction::downgrade: return plan_downgrade(graph, rows, wanted.target);
    case direction::stamp: break;
    }
    return plan_stamp(graph, rows, wanted.target, wanted.purge);
}

// What speaks against an upgrade or a downgrade. A stamp is how an operator answers all of it.
std::optional<error> objection(const database_state& database,
                               const comparison& found,
                               const migration_settings& settings,
                               direction way)
{
    if (way == direction::stamp)
        return std::nullopt;
    if (auto wrong = object_to_half_done(found, database))
        return wrong;
    if (auto wrong = object_to_unknown(found, settings))
        return wrong;
    if (settings.on_edited == migration_settings::edit_policy::refuse)
        if (auto wrong = object_to_edited(found))
            return wrong;
    // Where a command comes first, the tables are that command's.
    const bool has_command_first =
        !settings.command.empty() && settings.order == migration_settings::command_order::first;
    return way == direction::upgrade && !has_command_first ? object_to_unversioned(database)
                                                           : std::nullopt;
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
    return files_.schema && wanted_.way == direction::upgrade && database_.is_fresh() &&
           (wanted_.target == "heads" || wanted_.target == "head");
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

// --- Looking without touching. ---

struct seen {
    std::unique_ptr<direct_connection> connection;
    database_state database;
};

attempt<seen> look(const target& t, std::stop_token stop)
{
    auto logged_in = wait_for_backend(
        t.behind,
        std::chrono::milliseconds{0},
        [](const std::string&) {},
        stop);
    if (!logged_in)
        return as_failure(logged_in.error());
    auto connection = std::make_unique<direct_connection>(std::move(*logged_in));
    auto database = read_database_state(*connection, table_of(t.settings), stop);
    if (!database)
        return as_failure(database.error());
    return seen{std::move(connection), std::move(*database)};
}

std::vector<std::string> ids_of(const std::vector<step>& steps)
{
    std::vector<std::string> ids;
    for (const step& s : steps)
        ids.push_back(s.what->id);
    return ids;
}

attempt<void> ask_command(const target& t, std::stop_token stop, state& out)
{
    const auto what = command_for(t.url, t.settings, t.settings.current_command);
    if (!what)
        return as_failure(what.error());
    const auto done = migrations::run(
        *what,
        [&](std::string_view line) { out.command_lines.emplace_back(line); },
        {},
        std::move(stop));
    if (!done)
        return as_failure(done.error());
    out.command_is_at_head = std::ranges::any_of(out.command_lines, [](const auto& line) {
        return line.find("(head)") != line.npos;
    });
    return {};
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

attempt<state> inspect(const target& t, const revision_graph& graph, std::stop_token stop)
{
    state out;
    out.heads = graph.heads();
    auto now = look(t, stop);
    if (!now)
        return now.error();
    out.current = now->database.rows;
    out.has_version_table = now->database.has_version_table;
    out.has_other_tables = !now->database.other_tables.empty();
    if (!t.settings.current_command.empty())
        if (auto asked = ask_command(t, stop, out); !asked)
            return asked.error();
    if (graph.is_empty())
        return out; // the rows, if any, are the command's
    const comparison found = compare(now->database, graph);
    out.unknown = found.unknown;
    for (const revision* const r : found.edited)
        out.edited.push_back(r->id);
    for (const note& n : found.half_done)
        out.half_done.push_back(n.revision);
    if (!found.unknown.empty())
        return out; // what follows on a row that nobody knows, nobody knows either
    const auto pending = plan_upgrade(graph, now->database.rows, "heads");
    if (!pending)
        return as_failure(pending.error());
    out.pending = ids_of(pending->steps);
    return out;
}

attempt<plan>
preview(const target& t, const revision_graph& graph, const request& wanted, std::stop_token stop)
{
    const auto now = look(t, std::move(stop));
    if (!now)
        return now.error();
    const comparison found = compare(now->database, graph);
    if (auto wrong = objection(now->database, found, t.settings, wanted.way))
        return as_failure(std::move(*wrong));
    auto planned = plan_of(graph, now->database.rows, wanted);
    if (!planned)
        return as_failure(planned.error());
    return std::move(*planned);
}

} // namespace weir::migrations
