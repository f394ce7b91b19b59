// A database, a directory of revisions, settings, and somebody who listens.
#pragma once

#include "daemon/migrations/migrator.hpp"
#include "daemon/migrations/revision_files.hpp"
#include "tests/daemon/migrations/databases.hpp"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace weir::test {

using ids = std::vector<std::string>;
using lines = std::vector<std::string>;

class listener : public migrations::observer {
public:
    void on_progress(const migrations::progress& now) override
    {
        using enum migrations::progress::phase;
        switch (now.is) {
        case waiting_for_backend: return say("waiting for the backend: " + now.what);
        case waiting_for_lock: return say("waiting for the lock");
        case running_command: return say("command " + now.what);
        case running:
            return say("running " + std::to_string(now.number) + " of " +
                       std::to_string(now.total) + " " + now.file);
        case verifying: return say("verifying");
        }
    }
    void on_applied(const migrations::step& done, std::chrono::milliseconds) override
    {
        say("applied " + (done.what ? done.what->id : "base"));
    }
    void on_line(std::string_view line) override { say("line " + std::string{line}); }
    void on_notice(std::string_view words) override { say("notice " + std::string{words}); }
    void on_warning(std::string_view what) override { say("warning: " + std::string{what}); }

    std::vector<std::string> said;

private:
    void say(std::string what) { said.push_back(std::move(what)); }
};

// Refuses so many logins before it lets anybody in.
class late_backend : public backend {
public:
    late_backend(std::unique_ptr<backend> behind, error words, int refusals)
        : behind_(std::move(behind)), words_(std::move(words)), refusals_(refusals)
    {
    }

    result<std::unique_ptr<link>> log_in(std::chrono::milliseconds timeout,
                                         std::stop_token stop) override
    {
        if (refusals_-- > 0)
            return words_;
        return behind_->log_in(timeout, std::move(stop));
    }
    const std::string& address() const override { return behind_->address(); }

private:
    std::unique_ptr<backend> behind_;
    error words_;
    int refusals_;
};

template <class Where>
struct world {
    world()
    {
        settings.dir = directory.path() + "/migrations";
        settings.dir_is_default = false;
        std::filesystem::create_directory(settings.dir);
    }

    std::string path(const std::string& name) const { return settings.dir + '/' + name; }
    void file(const std::string& name, const std::string& text) const
    {
        std::ofstream{path(name)} << text;
    }
    void revision(const std::string& name,
                  const std::string& id,
                  const std::string& down,
                  const std::string& upgrade,
                  const std::string& downgrade = "SELECT 1",
                  const std::string& flags = "") const
    {
        file(name + ".sql",
             "-- revision: " + id + "\n-- down_revision: " + (down.empty() ? "none" : down) + "\n" +
                 flags + "\n-- upgrade\n" + upgrade + ";\n\n-- downgrade\n" + downgrade + ";\n");
    }
    void three_revisions() const
    {
        revision("001_users", "r1", "", "CREATE TABLE users (id int)", "DROP TABLE users");
        revision("002_posts", "r2", "r1", "CREATE TABLE posts (id int)", "DROP TABLE posts");
        revision("003_tags", "r3", "r2", "CREATE TABLE tags (id int)", "DROP TABLE tags");
    }

    migrations::target target() { return {"app", database.behind(), database.url(), settings}; }

    migrations::attempt<migrations::report>
    attempt(const migrations::request& wanted, std::stop_token stop = {}, backend* other = nullptr)
    {
        const migrations::target t{"app",
                                   other ? *other : database.behind(),
                                   database.url(),
                                   settings};
        return migrations::migrate(t, wanted, watcher, std::move(stop));
    }
    migrations::report migrated(const migrations::request& wanted = {})
    {
        const auto done = attempt(wanted);
        INFO((done ? "" : words(done.error().what)));
        REQUIRE(done.has_value());
        return *done;
    }
    migrations::failure failed(const migrations::request& wanted = {})
    {
        const auto done = attempt(wanted);
        REQUIRE_FALSE(done.has_value());
        return done.error();
    }
    // As another process would, beside others.
    migrations::attempt<migrations::report> at_once(const migrations::request& wanted = {})
    {
        listener own;
        const auto other = database.make_backend();
        return migrations::migrate({"app", *other, database.url(), settings}, wanted, own, {});
    }
    migrations::state inspected()
    {
        const auto files = migrations::read_revision_files(settings.dir, true);
        REQUIRE(files.has_value());
        const auto now = migrations::inspect(target(), files->graph, {});
        REQUIRE(now.has_value());
        return *now;
    }
    std::unique_ptr<direct_connection> connect() { return test::connect(database.behind()); }

    temporary_directory directory;
    Where database;
    migration_settings settings;
    listener watcher;
};

} // namespace weir::test
