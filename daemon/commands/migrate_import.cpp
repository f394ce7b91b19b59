// import: what `alembic upgrade --sql` prints, as files of revisions.
#include "daemon/commands/migrate.hpp"
#include "daemon/commands/migrate_json.hpp"
#include "daemon/commands/migrate_options.hpp"
#include "daemon/commands/revision_writer.hpp"
#include "daemon/migrations/import.hpp"

#include <unistd.h>

#include <iostream>
#include <iterator>

namespace weir::commands {
namespace {

struct import_options {
    migrate_options common;
    std::string directory; // empty: migrations.dir
    std::string upgrades = "-";
    std::string downgrades; // empty: none
    std::string history;
};

result<migrations::named_text> read_text(const std::string& path)
{
    if (path == "-") {
        if (::isatty(0) == 1)
            return error{"22023",
                         "there is nothing to read",
                         {},
                         "pipe it in: alembic upgrade heads --sql | weir migrate import DIR"};
        return migrations::named_text{"standard input",
                                      {std::istreambuf_iterator<char>(std::cin), {}}};
    }
    const auto text = real_sources().read_file(path);
    if (!text)
        return error{"58030", "cannot read " + path + ": " + text.error().message()};
    return migrations::named_text{path, *text};
}

result<migrations::alembic_output> read_all(const import_options& wanted,
                                            const migration_settings& settings)
{
    migrations::alembic_output out;
    out.version_table = settings.version_table;
    auto upgrades = read_text(wanted.upgrades);
    if (!upgrades)
        return upgrades.error();
    out.upgrades = std::move(*upgrades);
    for (const auto& [path, to] : {std::pair{&wanted.downgrades, &out.downgrades},
                                   std::pair{&wanted.history, &out.history}}) {
        if (path->empty())
            continue;
        auto text = read_text(*path);
        if (!text)
            return text.error();
        *to = std::move(*text);
    }
    return out;
}

// The directory's own revisions and the new ones must make a graph together.
migrations::attempt<void> check_together(const migrations::revision_graph& there,
                                         const std::vector<migrations::revision>& fresh)
{
    std::vector<migrations::revision> all(there.all().begin(), there.all().end());
    all.insert(all.end(), fresh.begin(), fresh.end());
    if (const auto graph = migrations::revision_graph::make(std::move(all)); !graph)
        return failed(graph.error());
    return {};
}

verdict run_import(const import_options& wanted)
{
    auto chosen = wanted.common.choose();
    if (!chosen)
        return chosen.error();
    migration_settings& where = chosen->backend.migrations;
    if (!wanted.directory.empty())
        where.dir = wanted.directory;
    where.dir_is_default = true; // it is made if it is not there
    const auto there = read_files(where);
    if (!there)
        return there.error();
    const auto from = read_all(wanted, where);
    if (!from)
        return failed(from.error());
    auto found = import_alembic(*from);
    if (!found)
        return failed(found.error());
    for (migrations::revision& r : found->revisions)
        r.file = from->upgrades.name; // until it has one of its own
    if (auto fits = check_together(there->graph, found->revisions); !fits)
        return fits.error();
    const bool as_json = wanted.common.wants_json();
    if (const auto written = write_revisions(found->revisions, where.dir, !as_json); !written)
        return failed(written.error());
    if (as_json)
        std::cout << to_json(found->revisions, found->notes);
    else
        for (const std::string& note : found->notes)
            std::cerr << "NOTE: " << note << '\n';
    return 0;
}

} // namespace

void add_migrate_import(CLI::App& migrate, int& status)
{
    CLI::App* verb = migrate.add_subcommand(
        "import",
        "Write revision files from Alembic's: alembic upgrade heads --sql | weir migrate import "
        "DIR");
    import_options& options = on_run<import_options>(*verb, status, run_import);
    verb->add_option("directory",
                     options.directory,
                     "where the files are written (else migrations.dir); it is not Alembic's "
                     "directory, which is not read")
        ->type_name("DIR");
    verb->add_option("--from", options.upgrades, "the output of: alembic upgrade heads --sql")
        ->type_name("FILE")
        ->capture_default_str();
    verb->add_option("--downgrade",
                     options.downgrades,
                     "the output of: alembic downgrade head:base --sql; without it there is no way "
                     "back")
        ->type_name("FILE");
    verb->add_option("--history",
                     options.history,
                     "the output of: alembic history; it knows the messages and every depends_on")
        ->type_name("FILE");
    verb->footer("Each revision keeps its id, so a database that Alembic migrated is continued "
                 "where it is. Nothing is overwritten.");
}

} // namespace weir::commands
