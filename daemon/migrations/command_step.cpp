#include "daemon/migrations/command_step.hpp"

#include <algorithm>
#include <filesystem>

namespace weir::migrations {

namespace {

// The command may have another working directory.
database_url absolute(database_url url)
{
    std::error_code failed;
    const auto path = std::filesystem::absolute(url.database, failed);
    if (url.kind == database_kind::sqlite && !failed)
        url.database = path.lexically_normal();
    return url;
}

// What its output must not show; the log has its own list. As there, a text of a few letters is no
// secret worth making every line unreadable.
std::vector<std::string> secrets_of(const database_url& url)
{
    constexpr std::size_t shortest = 6;
    std::vector<std::string> all{url.password.reveal(), url.sslpassword.reveal()};
    std::erase_if(all, [](const std::string& s) { return s.size() < shortest; });
    return all;
}

} // namespace

result<outside_command> command_for(const database_url& url,
                                    const migration_settings& settings,
                                    const std::vector<std::string>& argv)
{
    if (url.kind == database_kind::sqlite && url.database.empty())
        return error{"0A000",
                     "a migration command cannot reach a database in memory",
                     "",
                     "Give the database a file, or use SQL revisions."};
    outside_command what;
    what.argv = argv;
    what.env = settings.env;
    const auto is_url = [](const auto& pair) { return pair.first == "DATABASE_URL"; };
    if (std::ranges::none_of(what.env, is_url))
        what.env.emplace_back("DATABASE_URL", in_the_clear(absolute(url)));
    what.cwd = settings.cwd;
    what.timeout = settings.timeout;
    what.secrets = secrets_of(url);
    return what;
}

} // namespace weir::migrations
