#include "daemon/migrations/command_step.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

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

// What stands in `text` behind `front`, up to one of `ends`.
std::string between(const std::string& text, std::string_view front, std::string_view ends)
{
    const std::size_t at = text.find(front);
    if (at == text.npos)
        return {};
    const std::size_t begin = at + front.size();
    return text.substr(begin, text.find_first_of(ends, begin) - begin);
}

// What its output must not show, plain or as it is written in the URL; the log has its own list. As
// there, a text of a few letters is no secret worth making every line unreadable.
std::vector<std::string> secrets_of(const database_url& url, const std::string& written)
{
    constexpr std::size_t shortest = 6;
    std::vector<std::string> all{url.password.reveal(), url.sslpassword.reveal()};
    const std::string login = between(written, "://", "@/");
    all.push_back(between(login, ":", "@"));
    all.push_back(between(written, "sslpassword=", "&"));
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
    const std::string written = in_the_clear(absolute(url));
    const auto is_url = [](const auto& pair) { return pair.first == "DATABASE_URL"; };
    if (std::ranges::none_of(what.env, is_url))
        what.env.emplace_back("DATABASE_URL", written);
    what.cwd = settings.cwd;
    what.timeout = settings.timeout;
    what.secrets = secrets_of(url, written);
    return what;
}

} // namespace weir::migrations
