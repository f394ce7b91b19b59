#include "daemon/migration_work.hpp"

#include "daemon/migrations/revision_files.hpp"
#include "daemon/migrations/words.hpp"

#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

migrations::attempt<migrations::state> inspect_directory(const migrations::target& t,
                                                         std::stop_token stop)
{
    const auto files = migrations::read_revision_files(t.settings.dir, !t.settings.dir_is_default);
    if (files)
        return migrations::inspect(t, files->graph, std::move(stop));
    std::vector<std::string> problems;
    for (const migrations::complaint& c : files.error())
        problems.push_back(to_text(c));
    return migrations::as_failure(error{"42601",
                                        "the revisions in " + t.settings.dir + " cannot be used",
                                        migrations::listed(problems)});
}

} // namespace

migration_work real_migration_work() { return {migrations::migrate, inspect_directory}; }

} // namespace weir
