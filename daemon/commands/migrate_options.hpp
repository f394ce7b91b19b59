// What the verbs of `weir migrate` share: which backend, where its revisions are, and how the end
// of it is told.
#pragma once

#include "config/settings.hpp"
#include "daemon/commands/backend_option.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/migrations/migrator.hpp"
#include "daemon/migrations/revision_files.hpp"
#include "daemon/migrations/version_table.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <vector>

namespace weir::commands {

// The exit status, or why there is nothing to say but that it failed, which is status 1.
using verdict = migrations::attempt<int>;

// `check` found something to apply. CLI11 has 1 to 2 taken for what failed and what was mistyped.
constexpr int pending_status = 3;

class migrate_options {
public:
    void add_to(CLI::App& verb); // --config, --backend, --json
    void add_dir(CLI::App& verb);

    bool wants_json() const { return wants_json_; }

    struct choice {
        settings all;
        backend_settings backend; // --dir is in its migrations.dir
    };
    migrations::attempt<choice> choose() const;

    int conclude(const verdict& v) const; // the exit status, with the failure told

private:
    settings_options settings_;
    backend_option backend_;
    std::string dir_; // empty: migrations.dir
    bool wants_json_ = false;
};

migrations::failure failed(error why);
migrations::failure failed(const migrations::complaints& all); // of a directory

migrations::attempt<migrations::revision_files> read_files(const migration_settings& s);

migrations::version_table version_table_of(const migration_settings& s);
result<migrations::dialect> dialect_of(const database_url& url);

// The rows of the version table, asked of the database itself; for "current" in an argument.
migrations::attempt<migrations::state> inspect(const backend_settings& s,
                                               const migrations::revision_graph& graph);

// A verb of `weir migrate` whose options are a struct with `common` in it and whose work is `run`.
template <class Options>
Options& on_run(CLI::App& verb, int& status, verdict (*run)(const Options&))
{
    const auto options = std::make_shared<Options>();
    options->common.add_to(verb);
    verb.callback([options, run, &status] { status = options->common.conclude(run(*options)); });
    return *options; // the callback keeps it
}

} // namespace weir::commands
