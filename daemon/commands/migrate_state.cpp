// current and check: what the database and the directory say of each other.
#include "daemon/commands/migrate.hpp"
#include "daemon/commands/migrate_json.hpp"
#include "daemon/commands/migrate_options.hpp"
#include "daemon/migrations/listing.hpp"

#include <iostream>

namespace weir::commands {
namespace {

using migrations::listing;
using migrations::revision_files;
using migrations::state;

struct state_options {
    migrate_options common;
    bool verbose = false;
};

struct material {
    backend_settings backend;
    revision_files files;
    state is;
};

migrations::attempt<material> gather(const migrate_options& common)
{
    auto chosen = common.choose();
    if (!chosen)
        return chosen.error();
    auto files = read_files(chosen->backend.migrations);
    if (!files)
        return files.error();
    auto is = inspect(chosen->backend, files->graph);
    if (!is)
        return is.error();
    return material{std::move(chosen->backend), std::move(*files), std::move(*is)};
}

verdict run_current(const state_options& wanted)
{
    const auto from = gather(wanted.common);
    if (!from)
        return from.error();
    const auto some = select_current(from->files.graph, from->is.current);
    // Where a command migrates there may be no files, and the rows say all there is to say.
    if (!some && !from->files.graph.is_empty())
        return failed(some.error());
    if (wanted.common.wants_json()) {
        std::cout << (some ? to_json(listing(from->files.graph, from->is.current), *some)
                           : to_json(from->is.current));
        return 0;
    }
    if (wanted.verbose)
        std::cout << "Current revision(s) for " << masked(from->backend.url) << ":\n";
    if (some)
        std::cout << listing(from->files.graph).current(*some, wanted.verbose);
    else
        for (const std::string& row : from->is.current)
            std::cout << row << '\n';
    return 0;
}

struct finding {
    std::string_view is; // for --json
    int status = 0;
};

// The worst first: what has to be mended by hand, then what can be applied.
finding judge(const material& m)
{
    const bool has_files = !m.files.graph.is_empty();
    if (!m.is.half_done.empty())
        return {"half_done", 1};
    if (has_files && !m.is.unknown.empty())
        return {"unknown", 1};
    if (has_files && !m.is.has_version_table && m.is.has_other_tables)
        return {"unstamped", 1};
    if (!m.is.edited.empty() &&
        m.backend.migrations.on_edited == migration_settings::edit_policy::refuse)
        return {"edited", 1};
    if (!m.is.pending.empty() || !m.is.command_is_at_head.value_or(true))
        return {"pending", pending_status};
    return {m.is.edited.empty() ? "up_to_date" : "edited", 0};
}

void tell(std::string_view what, const std::vector<std::string>& ids, const material& m)
{
    if (ids.empty())
        return;
    std::cout << what << ":\n";
    for (const std::string& id : ids) {
        std::cout << "  " << id;
        if (const migrations::revision* r = m.files.graph.find(id))
            std::cout << ", " << r->message << " (" << r->file << ')';
        std::cout << '\n';
    }
}

void tell_all(const material& m, std::string_view is)
{
    const auto count = [](std::size_t n, std::string_view what) {
        return std::to_string(n) + (n == 1 ? " revision" : " revisions") + std::string{what};
    };
    tell("half done: began, outside a transaction, and did not end", m.is.half_done, m);
    tell("unknown: in the database, but in no file of " + m.backend.migrations.dir,
         m.files.graph.is_empty() ? std::vector<std::string>{} : m.is.unknown,
         m);
    if (is == "unstamped")
        std::cout << "the database has tables, but no " << m.backend.migrations.version_table
                  << "; where it is can be said with: weir migrate stamp REV\n";
    tell("edited: applied, but the file has changed since", m.is.edited, m);
    if (is != "unstamped")
        tell("pending: " + count(m.is.pending.size(), " to apply"), m.is.pending, m);
    if (!m.is.command_is_at_head.value_or(true)) {
        std::cout << "pending: no line of migrations.current_command says (head):\n";
        for (const std::string& line : m.is.command_lines)
            std::cout << "  " << line << '\n';
    }
    if (is == "up_to_date") {
        std::string rows;
        for (const std::string& row : m.is.current)
            rows += (rows.empty() ? ", at " : ", ") + row;
        std::cout << "up to date" << rows << '\n';
    }
}

verdict run_check(const state_options& wanted)
{
    const auto from = gather(wanted.common);
    if (!from)
        return from.error();
    const finding found = judge(*from);
    if (wanted.common.wants_json())
        std::cout << to_json(from->backend.name, found.is, from->is);
    else
        tell_all(*from, found.is);
    return found.status;
}

} // namespace

void add_migrate_states(CLI::App& migrate, int& status)
{
    CLI::App* verb = migrate.add_subcommand("current", "Show the revisions that a database has.");
    state_options* options = &on_run<state_options>(*verb, status, run_current);
    options->common.add_dir(*verb);
    verb->add_flag("-v,--verbose", options->verbose, "all that is known of each revision");

    verb = migrate.add_subcommand("check", "Say whether a database is up to date.");
    options = &on_run<state_options>(*verb, status, run_check);
    options->common.add_dir(*verb);
    verb->footer("Exit status: 0 is up to date, 3 pending; 1 is a database that is to be mended "
                 "first (half done, unknown or unstamped), or that could not be asked.");
}

} // namespace weir::commands
