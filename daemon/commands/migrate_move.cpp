// upgrade, downgrade and stamp: by a running weir where one serves the socket, else from here; or,
// with --sql, not at all.
#include "daemon/commands/console_request.hpp"
#include "daemon/commands/interruption.hpp"
#include "daemon/commands/migrate.hpp"
#include "daemon/commands/migrate_json.hpp"
#include "daemon/commands/migrate_options.hpp"
#include "daemon/commands/migrate_progress.hpp"
#include "daemon/migrations/listing.hpp"
#include "daemon/migrations/script.hpp"
#include "daemon/migrations/words.hpp"
#include "daemon/open_backend.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

namespace weir::commands {
namespace {

using migrations::direction;

constexpr sqlstate bad_argument{"22023"};

struct move_options {
    migrate_options common;
    direction way = direction::upgrade;
    std::vector<std::string> targets;
    bool as_sql = false;
    bool dry_run = false;
    bool online = false;
    bool purge = false;
};

std::string joined(const std::vector<std::string>& targets)
{
    std::string all;
    for (const std::string& t : targets)
        (all += all.empty() ? "" : ",") += t;
    return all;
}

// stamp takes several, each of which may say where the script starts: FROM:A FROM:B -> FROM:A,B.
result<std::string> offline_range(const std::vector<std::string>& targets)
{
    std::optional<std::string> from;
    std::vector<std::string> to;
    for (const std::string& target : targets) {
        const std::size_t colon = target.find(':');
        const bool says_from = colon != std::string::npos;
        to.push_back(says_from ? target.substr(colon + 1) : target);
        if (!says_from)
            continue;
        if (from && *from != target.substr(0, colon))
            return error{bad_argument,
                         "Stamp operation with --sql only supports a single starting revision at "
                         "a time"};
        from = target.substr(0, colon);
    }
    return (from ? *from + ':' : std::string{}) + joined(to);
}

result<migrations::plan> plan_script(const migrations::revision_graph& graph,
                                     const move_options& wanted)
{
    const auto range = offline_range(wanted.targets);
    if (!range)
        return range.error();
    return wanted.purge ? plan_stamp(graph, {}, joined(wanted.targets), true)
                        : plan_offline(graph, wanted.way, *range);
}

verdict print_script(const backend_settings& backend, const move_options& wanted)
{
    const auto files = read_files(backend.migrations);
    if (!files)
        return files.error();
    const auto dialect = dialect_of(backend.url);
    if (!dialect)
        return failed(dialect.error());
    const auto steps = plan_script(files->graph, wanted);
    if (!steps)
        return failed(steps.error());
    std::cout << to_text(compose(*steps,
                                 *dialect,
                                 version_table_of(backend.migrations),
                                 "weir migrate --sql",
                                 outgrows_alembic(*steps)));
    return 0;
}

migrations::request request_of(const move_options& wanted)
{
    migrations::request r;
    r.way = wanted.way;
    r.target = joined(wanted.targets);
    r.purge = wanted.purge;
    // As at boot: what brings the whole schema up to date may be the application's command.
    r.with_command = r.is_for_heads();
    return r;
}

verdict print_plan(const backend_settings& backend, const move_options& wanted)
{
    const auto files = read_files(backend.migrations);
    if (!files)
        return files.error();
    const auto behind = open_backend(backend);
    if (!behind)
        return failed(behind.error());
    const auto steps =
        migrations::preview({backend.name, **behind, backend.url, backend.migrations},
                            files->graph,
                            request_of(wanted),
                            {});
    if (!steps)
        return steps.error();
    if (wanted.common.wants_json())
        std::cout << to_json(backend.name, *steps);
    else
        for (const migrations::step& s : steps->steps)
            std::cout << migrations::running(s) << '\n';
    return 0;
}

std::string console_words(const std::string& backend, const move_options& wanted)
{
    std::string words = "MIGRATE " + migrations::quoted_name(backend);
    switch (wanted.way) {
    case direction::upgrade: words += " UPGRADE "; break;
    case direction::downgrade: words += " DOWNGRADE "; break;
    case direction::stamp: words += " STAMP "; break;
    }
    words += migrations::quoted_literal(joined(wanted.targets));
    if (wanted.purge)
        words += " PURGE";
    if (wanted.online)
        words += " ONLINE";
    return words;
}

// The console's rows, by the names of their columns.
std::vector<applied_step> steps_of(const query_result& answer)
{
    std::vector<applied_step> steps;
    for (const auto& row : answer.rows) {
        std::map<std::string, std::string, std::less<>> named;
        for (std::size_t i = 0; i < std::min(row.size(), answer.columns.size()); ++i)
            named[answer.columns[i]] = row[i].value_or("");
        applied_step s{.step = named["step"],
                       .revision = named["revision"],
                       .message = named["message"]};
        s.duration_ms = std::atoll(named["duration_ms"].c_str());
        steps.push_back(std::move(s));
    }
    return steps;
}

verdict finish(const backend_settings& backend,
               const move_options& wanted,
               const std::vector<applied_step>& steps,
               migrate_progress& told)
{
    if (wanted.common.wants_json())
        std::cout << to_json(backend.name, steps);
    told.summary(steps);
    return 0;
}

verdict ask(direct_connection& console,
            const backend_settings& backend,
            const move_options& wanted,
            std::stop_token stop)
{
    const migrations::revision_graph none;
    migrate_progress told(wanted.way, none);
    console.on_notice([&told](std::string_view severity, std::string_view words) {
        told.say(severity == "WARNING" ? "WARN" : "INFO", words);
    });
    const auto answer = console.query(console_words(backend.name, wanted), std::move(stop));
    if (!answer)
        return failed(answer.error());
    return finish(backend, wanted, steps_of(*answer), told);
}

verdict
migrate_from_here(const backend_settings& backend, const move_options& wanted, std::stop_token stop)
{
    const auto files = read_files(backend.migrations);
    if (!files)
        return files.error();
    const auto behind = open_backend(backend);
    if (!behind)
        return failed(behind.error());
    migrate_progress told(wanted.way, files->graph);
    const auto done = migrations::migrate({backend.name, **behind, backend.url, backend.migrations},
                                          request_of(wanted),
                                          told,
                                          std::move(stop));
    if (!done)
        return done.error();
    std::vector<applied_step> steps = told.applied();
    if (done->built_from_schema) {
        told.say("INFO",
                 "schema.sql has built the database, now at " + migrations::listed(done->after));
        steps.push_back({.step = "schema",
                         .revision = migrations::listed(done->after),
                         .message = {},
                         .duration_ms = (done->took - done->command_took).count()});
    }
    if (done->ran_command) {
        told.say("INFO", "migrations.command has run");
        steps.push_back({.step = "command",
                         .revision = {},
                         .message = {},
                         .duration_ms = done->command_took.count()});
    }
    return finish(backend, wanted, steps, told);
}

verdict run_move(const move_options& wanted)
{
    const auto chosen = wanted.common.choose();
    if (!chosen)
        return chosen.error();
    if (wanted.as_sql)
        return print_script(chosen->backend, wanted);
    for (const std::string& target : wanted.targets)
        if (target.find(':') != std::string::npos)
            return failed({bad_argument, "Range revision not allowed"});
    if (wanted.dry_run)
        return print_plan(chosen->backend, wanted);

    const interruption asked;
    auto console = connect_to_console(chosen->all.listen, "weir migrate", asked.token());
    if (!console)
        return failed(console.error());
    return *console ? ask(**console, chosen->backend, wanted, asked.token())
                    : migrate_from_here(chosen->backend, wanted, asked.token());
}

move_options& add_move(CLI::App& verb, int& status, direction way)
{
    move_options& options = on_run<move_options>(verb, status, run_move);
    options.way = way;
    CLI::Option* sql = verb.add_flag("--sql",
                                     options.as_sql,
                                     "print the script for someone else to run, and ask nothing of "
                                     "the database; REV is then FROM:TO");
    CLI::Option* dry = verb.add_flag("--dry-run", options.dry_run, "print what would be done");
    CLI::Option* online =
        verb.add_flag("--online", options.online, "a running weir goes on serving meanwhile");
    sql->excludes(dry)->excludes(online);
    verb.footer("Where a weir serves the socket, it is asked to do it: it pauses the pool (without "
                "--online), migrates by its own settings, and resumes. Else it is done from here.");
    return options;
}

} // namespace

void add_migrate_moves(CLI::App& migrate, int& status)
{
    CLI::App* verb = migrate.add_subcommand("upgrade", "Apply revisions.");
    move_options* options = &add_move(*verb, status, direction::upgrade);
    options->targets = {"heads"};
    verb->add_option("revision", options->targets, "up to here: head, heads, REV, +N or REV+N")
        ->expected(1)
        ->capture_default_str();

    verb = migrate.add_subcommand("downgrade", "Take revisions back.");
    options = &add_move(*verb, status, direction::downgrade);
    verb->add_option("revision", options->targets, "back to here: base, REV, -N or REV-N")
        ->expected(1)
        ->required();

    verb = migrate.add_subcommand("stamp", "Say what a database has, and run nothing.");
    options = &add_move(*verb, status, direction::stamp);
    verb->add_option("revisions", options->targets, "one or more, head, heads or base")->required();
    verb->add_flag("--purge", options->purge, "forget what it says now, whatever that is");
}

} // namespace weir::commands
