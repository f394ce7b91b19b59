// history, heads, branches and show: what the directory says. Only "current" asks the database.
#include "daemon/commands/migrate.hpp"
#include "daemon/commands/migrate_json.hpp"
#include "daemon/commands/migrate_options.hpp"
#include "daemon/migrations/listing.hpp"

#include <algorithm>
#include <iostream>

namespace weir::commands {
namespace {

using migrations::listing;
using migrations::revision_files;
using migrations::revision_list;

struct list_options {
    migrate_options common;
    bool verbose = false;
    std::string range;
    bool indicate_current = false;
    bool resolve_dependencies = false;
    std::string revision;
};

revision_list newest_first(revision_list some)
{
    std::ranges::reverse(some);
    return some;
}

revision_list with_ids(const migrations::revision_graph& graph, const std::vector<std::string>& ids)
{
    revision_list some;
    for (const std::string& id : ids)
        some.push_back(graph.find(id));
    return some;
}

// The files of the backend that was chosen, and the database's rows where they are needed.
struct material {
    revision_files files;
    std::vector<std::string> rows = {};
};

migrations::attempt<material> gather(const migrate_options& common, bool with_rows)
{
    auto chosen = common.choose();
    if (!chosen)
        return chosen.error();
    auto files = read_files(chosen->backend.migrations);
    if (!files)
        return files.error();
    material m{std::move(*files)};
    if (!with_rows)
        return m;
    auto state = inspect(chosen->backend, m.files.graph);
    if (!state)
        return state.error();
    m.rows = std::move(state->current);
    return m;
}

verdict run_history(const list_options& wanted)
{
    const auto from =
        gather(wanted.common, wanted.indicate_current || migrations::names_current(wanted.range));
    if (!from)
        return from.error();
    const auto range = migrations::select_range(from->files.graph,
                                                wanted.range.empty() ? ":" : wanted.range,
                                                from->rows);
    if (!range)
        return failed(range.error());
    const revision_list some = newest_first(*range);
    const listing l(from->files.graph,
                    wanted.indicate_current ? from->rows : std::vector<std::string>{});
    std::cout << (wanted.common.wants_json() ? to_json(l, some) : l.history(some, wanted.verbose));
    return 0;
}

verdict run_heads(const list_options& wanted)
{
    const auto from = gather(wanted.common, false);
    if (!from)
        return from.error();
    const auto& graph = from->files.graph;
    const revision_list some =
        with_ids(graph, wanted.resolve_dependencies ? graph.real_heads() : graph.heads());
    const listing l(graph);
    std::cout << (wanted.common.wants_json() ? to_json(l, some) : l.heads(some, wanted.verbose));
    return 0;
}

verdict run_branches(const list_options& wanted)
{
    const auto from = gather(wanted.common, false);
    if (!from)
        return from.error();
    const auto& graph = from->files.graph;
    const revision_list some = newest_first(with_ids(graph, graph.branch_points()));
    const listing l(graph);
    std::cout << (wanted.common.wants_json() ? to_json(l, some) : l.branches(some, wanted.verbose));
    return 0;
}

verdict run_show(const list_options& wanted)
{
    const auto from = gather(wanted.common, migrations::names_current(wanted.revision));
    if (!from)
        return from.error();
    const auto some = migrations::select(from->files.graph, wanted.revision, from->rows);
    if (!some)
        return failed(some.error());
    const listing l(from->files.graph);
    if (wanted.common.wants_json())
        std::cout << to_json(l, *some);
    else
        for (const migrations::revision* r : *some)
            std::cout << l.entry(*r) << '\n';
    return 0;
}

void add_verbose(CLI::App& verb, list_options& options)
{
    verb.add_flag("-v,--verbose", options.verbose, "all that is known of each revision");
}

} // namespace

void add_migrate_lists(CLI::App& migrate, int& status)
{
    CLI::App* verb = migrate.add_subcommand("history", "List the revisions, newest first.");
    list_options* options = &on_run<list_options>(*verb, status, run_history);
    options->common.add_dir(*verb);
    add_verbose(*verb, *options);
    verb->add_option("-r,--rev-range",
                     options->range,
                     "[start]:[end], both included; current is the database's, -3:current starts "
                     "three below it")
        ->type_name("RANGE");
    verb->add_flag("-i,--indicate-current",
                   options->indicate_current,
                   "mark what the database has");

    verb = migrate.add_subcommand("heads", "List the revisions that no other follows.");
    options = &on_run<list_options>(*verb, status, run_heads);
    options->common.add_dir(*verb);
    add_verbose(*verb, *options);
    verb->add_flag("--resolve-dependencies",
                   options->resolve_dependencies,
                   "leave out those that others depend on");

    verb = migrate.add_subcommand("branches", "List the revisions that several others follow.");
    options = &on_run<list_options>(*verb, status, run_branches);
    options->common.add_dir(*verb);
    add_verbose(*verb, *options);

    verb = migrate.add_subcommand("show", "Show one revision.");
    options = &on_run<list_options>(*verb, status, run_show);
    options->common.add_dir(*verb);
    verb->add_option("revision",
                     options->revision,
                     "an id or the front of one, head, heads, current")
        ->required();
}

} // namespace weir::commands
