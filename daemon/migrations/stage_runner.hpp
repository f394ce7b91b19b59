// Carries a script out, statement by statement, on the connection that holds the lock.
#pragma once

#include "config/migration_settings.hpp"
#include "daemon/migrations/direct_connection.hpp"
#include "daemon/migrations/failure.hpp"
#include "daemon/migrations/observer.hpp"
#include "daemon/migrations/script.hpp"

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace weir::migrations {

class stage_runner {
public:
    stage_runner(direct_connection& on,
                 dialect spoken,
                 const version_table& table,
                 const migration_settings& settings,
                 observer& watcher,
                 std::stop_token stop)
        : on_(on), dialect_(spoken), table_(table), settings_(settings), watcher_(watcher),
          stop_(std::move(stop))
    {
    }

    // The session as it was at login, but for the limits of time: whatever a revision has SET
    // (pg_dump's schema empties search_path) is not for the next one, nor for the bookkeeping.
    result<void> begin_afresh();

    // All of them or none.
    result<void> run_as_one(const std::vector<std::string>& statements);

    // The stages in their order, from a database with these rows. An error leaves the stages before
    // it; the stage itself is undone where it is transactional.
    attempt<void> run(const std::vector<stage>& stages, std::vector<std::string> rows);

    // schema.sql as one; `note` tells, with all of it there, what to say in the version table.
    using notes_on = std::function<result<script>()>;
    attempt<void>
    build(const std::vector<statement>& schema, const std::string& file, const notes_on& note);

private:
    attempt<void> run_stage(const stage& s, const std::vector<std::string>& rows);
    attempt<void> run_transaction(const stage& s, const std::vector<std::string>& rows);
    attempt<void> run_by_itself(const stage& s, const std::vector<std::string>& rows);
    result<void> run_statements(const std::vector<statement>& all,
                                const std::string& file,
                                direction way,
                                bool in_transaction);
    result<void> note(const std::vector<entry>& all, const std::vector<std::string>& rows);
    result<void> run_entries(const std::vector<entry>& all);
    result<void> expect(const std::vector<std::string>& rows);
    result<void> begin_with(const std::vector<std::string>& rows);
    result<void> execute(std::string_view sql);
    void roll_back();

    direct_connection& on_;
    dialect dialect_;
    const version_table& table_;
    const migration_settings& settings_;
    observer& watcher_;
    std::stop_token stop_;
};

} // namespace weir::migrations
