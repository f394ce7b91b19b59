#include "daemon/server_survey.hpp"

#include "daemon/migrations/direct_connection.hpp"
#include "daemon/open_backend.hpp"

#include <charconv>
#include <memory>

namespace weir {
namespace {

// Servers before 16 have no reserved_connections, and none has the role that may use them.
constexpr std::string_view limits_sql = R"(
SELECT current_setting('server_version'), current_setting('server_version_num'),
       current_setting('max_connections'), current_setting('superuser_reserved_connections'),
       coalesce(current_setting('reserved_connections', true), '0'),
       session_user, current_database(), r.rolsuper, r.rolconnlimit, d.datconnlimit,
       EXISTS (SELECT FROM pg_catalog.pg_roles p WHERE p.rolname = 'pg_use_reserved_connections'
               AND pg_catalog.pg_has_role(session_user, p.oid, 'USAGE')),
       pg_catalog.pg_is_in_recovery(),
       EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pg_stat_statements'),
       (SELECT version FROM pg_catalog.pg_stat_ssl
        WHERE pid = pg_catalog.pg_backend_pid() AND ssl),
       pg_catalog.inet_server_addr() IS NULL
FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
WHERE r.rolname = session_user AND d.datname = current_database())";

// A role without pg_read_all_stats sees no backend_type of others, but pid, role, database and
// application_name.
constexpr std::string_view sessions_sql = R"(
SELECT pid, usename = session_user, datname = current_database(), application_name LIKE 'weir%'
FROM pg_catalog.pg_stat_activity
WHERE coalesce(backend_type, 'client backend') = 'client backend'
  AND datid IS NOT NULL AND usesysid IS NOT NULL AND pid <> pg_catalog.pg_backend_pid())";

using cell = std::optional<std::string>;

bool yes(const cell& c) { return c == "t"; }

template <class Number>
Number number(const cell& c)
{
    Number n{};
    if (c)
        std::from_chars(c->data(), c->data() + c->size(), n);
    return n;
}

doctor::server_facts facts_of(const std::vector<cell>& row)
{
    return {.version = row[0].value_or(""),
            .version_number = number<int>(row[1]),
            .is_in_recovery = yes(row[11]),
            .has_statistics = yes(row[12]),
            .tls = row[13],
            .is_local = yes(row[14]),
            .limits = {.role = row[5].value_or(""),
                       .database = row[6].value_or(""),
                       .max_connections = number<std::int64_t>(row[2]),
                       .superuser_reserved = number<std::int64_t>(row[3]),
                       .reserved = number<std::int64_t>(row[4]),
                       .is_superuser = yes(row[7]),
                       .may_use_reserved = yes(row[10]),
                       .role_limit = number<std::int64_t>(row[8]),
                       .database_limit = number<std::int64_t>(row[9])}};
}

} // namespace

result<doctor::server_facts>
survey_server(const backend_settings& s, std::string_view application_name, std::stop_token stop)
{
    backend_settings named = s;
    std::erase_if(named.url.options,
                  [](const auto& option) { return option.first == "application_name"; });
    named.url.options.emplace_back("application_name", application_name);
    const auto behind = open_backend(named);
    if (!behind)
        return behind.error();
    auto logged_in = (*behind)->log_in(s.pool.connect_timeout, stop);
    if (!logged_in)
        return logged_in.error();
    direct_connection connection(std::move(*logged_in));
    const auto limits = connection.query(limits_sql, stop);
    if (!limits)
        return limits.error();
    if (limits->rows.size() != 1 || limits->rows.front().size() != 15)
        return error{"XX000", "the server does not know its own role and database"};
    doctor::server_facts found = facts_of(limits->rows.front());
    const auto sessions = connection.query(sessions_sql, stop);
    if (!sessions)
        return sessions.error();
    for (const auto& row : sessions->rows)
        found.sessions.push_back({.pid = number<int>(row.at(0)),
                                  .is_of_role = yes(row.at(1)),
                                  .is_of_database = yes(row.at(2)),
                                  .is_weirs = yes(row.at(3))});
    return found;
}

std::optional<std::int64_t> siblings_of(const backend_settings& s,
                                        const std::vector<backend_settings>& all)
{
    std::int64_t sum = 0;
    for (const backend_settings& b : all) {
        if (b.name == s.name || b.url.kind != s.url.kind || b.url.hosts != s.url.hosts)
            continue;
        const auto wanted = doctor::configured_connections(b.pool);
        if (!wanted)
            return std::nullopt;
        sum += *wanted;
    }
    return sum;
}

} // namespace weir
