#include "daemon/commands/migrate_options.hpp"

#include "daemon/commands/migrate_json.hpp"
#include "daemon/open_backend.hpp"

#include <iostream>

namespace weir::commands {
namespace {

template <class Complaints>
std::string lines_of(const Complaints& all)
{
    std::string out;
    for (const auto& c : all)
        out += (out.empty() ? "" : "\n") + to_text(c);
    return out;
}

void print(const migrations::failure& f)
{
    std::cerr << "FAILED: " << f.what.message << '\n';
    if (!f.revision.empty()) // the server's; weir's own words are Alembic's
        std::cerr << "SQLSTATE: " << f.what.code.text() << '\n';
    const auto more = [](std::string_view what, std::string_view text) {
        for (; !text.empty(); what = "        ") {
            const std::size_t end = text.find('\n');
            std::cerr << what << text.substr(0, end) << '\n';
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        }
    };
    more("DETAIL: ", f.what.detail);
    more("HINT:   ", f.what.hint);
}

} // namespace

void migrate_options::add_to(CLI::App& verb)
{
    settings_.add_config(verb);
    settings_.seek_the_socket();
    backend_.add_to(verb);
    verb.add_flag("--json", wants_json_, "print for a program");
}

void migrate_options::add_dir(CLI::App& verb)
{
    verb.add_option("--dir", dir_, "the directory of revisions (else migrations.dir)")
        ->type_name("DIR");
}

migrations::attempt<migrate_options::choice> migrate_options::choose() const
{
    auto all = settings_.load_or_fail();
    if (!all)
        return failed(all.error());
    auto backend = backend_.choose(*all);
    if (!backend)
        return failed(backend.error());
    if (!dir_.empty()) {
        backend->migrations.dir = dir_;
        backend->migrations.dir_is_default = false;
    }
    return choice{std::move(*all), std::move(*backend)};
}

int migrate_options::conclude(const verdict& v) const
{
    std::cout.flush();
    if (v)
        return *v;
    if (wants_json_)
        std::cout << to_json(v.error()) << std::flush;
    else
        print(v.error());
    return 1;
}

migrations::failure failed(error why) { return migrations::as_failure(std::move(why)); }

migrations::failure failed(const migrations::complaints& all)
{
    return failed({"22023",
                   all.size() == 1
                       ? "there is a mistake in the revisions"
                       : "there are " + std::to_string(all.size()) + " mistakes in the revisions",
                   lines_of(all)});
}

migrations::attempt<migrations::revision_files> read_files(const migration_settings& s)
{
    auto files = migrations::read_revision_files(s.dir, !s.dir_is_default);
    if (!files)
        return failed(files.error());
    return std::move(*files);
}

migrations::version_table version_table_of(const migration_settings& s)
{
    return {s.version_table, s.version_table_schema};
}

result<migrations::dialect> dialect_of(const database_url& url)
{
    switch (url.kind) {
    case database_kind::postgresql: return migrations::dialect::postgresql;
    case database_kind::sqlite: return migrations::dialect::sqlite;
    case database_kind::mysql: break;
    }
    return error{"0A000", masked(url) + " cannot be migrated"};
}

migrations::attempt<migrations::state> inspect(const backend_settings& s,
                                               const migrations::revision_graph& graph)
{
    const auto behind = open_backend(s);
    if (!behind)
        return failed(behind.error());
    return migrations::inspect({s.name, **behind, s.url, s.migrations}, graph, {});
}

} // namespace weir::commands
