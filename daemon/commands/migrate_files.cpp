// revision and merge: new files for someone to fill in.
#include "daemon/commands/migrate.hpp"
#include "daemon/commands/migrate_json.hpp"
#include "daemon/commands/migrate_options.hpp"
#include "daemon/commands/revision_writer.hpp"
#include "daemon/migrations/new_revision.hpp"

#include <iostream>
#include <random>

namespace weir::commands {
namespace {

struct file_options {
    migrate_options common;
    migrations::new_revision fresh;
    std::string head = "head";
};

std::string random_id()
{
    std::random_device dice;
    return migrations::revision_id(std::uint64_t{dice()} << 32 | dice());
}

verdict run_new(const file_options& wanted)
{
    auto chosen = wanted.common.choose();
    if (!chosen)
        return chosen.error();
    migration_settings& where = chosen->backend.migrations;
    where.dir_is_default = true; // it is made if it is not there
    const auto files = read_files(where);
    if (!files)
        return files.error();
    migrations::new_revision fresh = wanted.fresh;
    if (fresh.id.empty())
        fresh.id = random_id();
    auto made = make_revision(files->graph, fresh);
    if (!made)
        return failed(made.error());
    std::vector<migrations::revision> one{std::move(*made)};
    const auto written = write_revisions(one, where.dir, !wanted.common.wants_json());
    if (!written)
        return failed(written.error());
    if (wanted.common.wants_json())
        std::cout << to_json(one.front());
    return 0;
}

verdict run_revision(const file_options& wanted)
{
    file_options one = wanted;
    one.fresh.on = {wanted.head};
    return run_new(one);
}

void add_names(CLI::App& verb, file_options& options)
{
    options.common.add_dir(verb);
    verb.add_option("-m,--message", options.fresh.message, "what it is about")->type_name("TEXT");
    verb.add_option("--rev-id", options.fresh.id, "its id, instead of a random one")
        ->type_name("ID");
}

} // namespace

void add_migrate_files(CLI::App& migrate, int& status)
{
    CLI::App* verb = migrate.add_subcommand("revision", "Write the file of a new revision.");
    file_options* options = &on_run<file_options>(*verb, status, run_revision);
    add_names(*verb, *options);
    verb->add_option("--head", options->head, "what it follows: head, heads, base or a revision")
        ->type_name("REV")
        ->capture_default_str();
    verb->add_flag("--splice",
                   options->fresh.splice,
                   "it may follow a revision that others follow, and so begin a branch");
    verb->add_option("--depends-on",
                     options->fresh.depends_on,
                     "a revision that must be applied before, though it is no parent")
        ->type_name("REV")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);

    verb = migrate.add_subcommand("merge", "Write the file of a revision that joins branches.");
    options = &on_run<file_options>(*verb, status, run_new);
    add_names(*verb, *options);
    verb->add_option("revisions", options->fresh.on, "what it joins: revisions, or heads for all")
        ->required();
}

} // namespace weir::commands
