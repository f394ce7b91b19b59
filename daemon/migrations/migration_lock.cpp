#include "daemon/migrations/migration_lock.hpp"

#include "daemon/lock_file.hpp"
#include "daemon/migrations/checksum.hpp"
#include "daemon/migrations/patience.hpp"

#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>

namespace weir::migrations {

namespace {

using namespace std::chrono_literals;

// --- PostgreSQL. ---

class advisory_lock final : public migration_lock {
public:
    advisory_lock(const version_table& table, direct_connection& worker)
        : table_(table), worker_(worker)
    {
    }
    ~advisory_lock() override
    {
        // Of a connection that is lost the server has let go already.
        if (is_held_ && !worker_.is_lost())
            static_cast<void>(worker_.execute("SELECT pg_advisory_unlock(" + *key_ + ")"));
    }

    result<std::optional<std::string>> attempt(std::stop_token stop) override;

private:
    result<void> find_key(std::stop_token stop);
    result<std::string> holder(std::stop_token stop);

    version_table table_;
    direct_connection& worker_;
    std::optional<std::string> key_; // in decimal
    bool is_held_ = false;
};

result<std::optional<std::string>> advisory_lock::attempt(std::stop_token stop)
{
    if (!key_)
        if (const auto found = find_key(stop); !found)
            return found.error();
    const auto taken = worker_.query("SELECT pg_try_advisory_lock(" + *key_ + ")", stop);
    if (!taken)
        return taken.error();
    is_held_ = taken->rows.at(0).at(0) == "t";
    if (is_held_)
        return std::optional<std::string>{};
    auto who = holder(stop);
    if (!who)
        return who.error();
    return std::optional{std::move(*who)};
}

// The number is the same for all weirs of one version table, whether or not they name its schema.
// Advisory locks of different databases have nothing to do with each other.
result<void> advisory_lock::find_key(std::stop_token stop)
{
    std::string schema = table_.schema;
    if (schema.empty()) {
        auto current = worker_.query("SELECT current_schema()", stop);
        if (!current)
            return current.error();
        schema = current->rows.at(0).at(0).value_or("");
    }
    const sha256_digest digest = sha256("weir migrations " + schema + '.' + table_.name);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i)
        number = number << 8 | digest[i];
    key_ = std::to_string(static_cast<std::int64_t>(number));
    return {};
}

// pg_locks shows a lock's 64 bits as two halves. What another role's session calls itself is for
// the members of pg_read_all_stats alone.
result<std::string> advisory_lock::holder(std::stop_token stop)
{
    const auto found = worker_.query(
        "SELECT coalesce(nullif(a.application_name, ''), 'a session') || ' (server process ' || "
        "l.pid || coalesce(', from ' || host(a.client_addr), '') || coalesce(', connected since ' "
        "|| date_trunc('second', a.backend_start), '') || ')' "
        "FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = (SELECT "
        "oid FROM pg_catalog.pg_database WHERE datname = current_database()) AND "
        "(l.classid::bigint << 32) | l.objid::bigint = " +
            *key_,
        stop);
    if (!found)
        return found.error();
    if (found->rows.empty()) // let go in this very moment
        return std::string{"a session that has just ended"};
    return found->rows[0].at(0).value_or("a session");
}

// --- SQLite. ---

// By whatever name the file is reached, it has one lock.
std::string real_path(const std::string& path)
{
    std::error_code failed;
    const auto real = std::filesystem::weakly_canonical(path, failed);
    return failed ? path : real.string();
}

class file_lock final : public migration_lock {
public:
    explicit file_lock(const std::string& database)
        : database_(database), path_(real_path(database) + ".migrations.lock")
    {
    }

    result<std::optional<std::string>> attempt(std::stop_token stop) override;

private:
    std::string holder() const;

    std::string database_;
    std::string path_;
    lock_file file_;
};

std::string time_now()
{
    std::array<char, 32> text{};
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%SZ", ::gmtime_r(&now, &parts));
    return text.data();
}

result<std::optional<std::string>> file_lock::attempt(std::stop_token)
{
    auto taken = lock_file::acquire(path_, "the migrations of " + database_);
    if (!taken && taken.error().code == sqlstate{"F0001"})
        return std::optional{holder()};
    if (!taken)
        return taken.error();
    file_ = std::move(*taken);
    const auto written = file_.write(std::to_string(::getpid()) + '\n' + migrator_name() +
                                     ", since " + time_now() + '\n');
    if (!written)
        return written.error();
    return std::optional<std::string>{};
}

std::string file_lock::holder() const
{
    std::ifstream file{path_};
    std::string pid, who;
    std::getline(file, pid);
    std::getline(file, who);
    return who.empty() ? "another weir" : who; // it has not written its name yet, or is gone
}

class no_lock final : public migration_lock {
public:
    result<std::optional<std::string>> attempt(std::stop_token) override
    {
        return std::optional<std::string>{};
    }
};

} // namespace

std::unique_ptr<migration_lock>
make_migration_lock(const database_url& url, const version_table& table, direct_connection& worker)
{
    if (url.kind != database_kind::sqlite)
        return std::make_unique<advisory_lock>(table, worker);
    if (url.database.empty())
        return std::make_unique<no_lock>();
    return std::make_unique<file_lock>(url.database);
}

result<void> acquire(migration_lock& lock,
                     std::chrono::milliseconds limit,
                     const std::function<void(const std::string& holder)>& on_wait,
                     std::stop_token stop)
{
    patience waiting{limit, 1'000ms, stop};
    std::string known;
    for (;;) {
        auto held = lock.attempt(stop);
        if (!held)
            return held.error();
        if (!*held)
            return {};
        if (std::exchange(known, **held) != **held)
            on_wait(known);
        if (waiting.pause())
            continue;
        if (stop.stop_requested())
            return error{"57014", "the wait for the migrations' lock was ended"};
        return error{"55P03",
                     "another weir migrates this database: " + known,
                     "It still held the lock after " + std::to_string(limit.count()) + " ms.",
                     "migrations.lock_wait is the limit of the wait."};
    }
}

std::string migrator_name()
{
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0)
        host = {"?"};
    // An application_name has 63 bytes; where many hosts begin alike, their ends tell them apart.
    constexpr std::size_t host_limit = 35;
    std::string_view name{host.data()};
    if (name.size() > host_limit)
        name.remove_prefix(name.size() - host_limit);
    return "weir migrations " + std::string{name} + " pid " + std::to_string(::getpid());
}

} // namespace weir::migrations
