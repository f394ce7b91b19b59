#include "daemon/doctor/findings.hpp"

#include <algorithm>

namespace weir::doctor {
namespace {

constexpr int oldest_version = 120'000; // that PostgreSQL's project cared for when weir was made
constexpr std::uint64_t mega = 1'000'000;

std::string listed(const std::vector<std::string>& names)
{
    constexpr std::size_t most = 5;
    std::string words;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
        words += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > most)
        words += " and " + std::to_string(names.size() - most) + " more";
    return words;
}

std::string revisions(std::size_t n)
{
    return std::to_string(n) + (n == 1 ? " revision" : " revisions");
}

} // namespace

finding judge(const socket_facts& f)
{
    using enum severity;
    if (f.is_served)
        return {ok, {}, "socket", "a weir serves " + f.path};
    if (!f.exists)
        return {f.is_writable ? ok : error,
                {},
                "socket",
                f.directory + " does not exist" + (f.is_writable ? "; weir will make it" : ""),
                f.is_writable ? "" : "make it, owned by the user that weir runs as"};
    if (!f.is_writable)
        return {error,
                {},
                "socket",
                "you may not make a socket in " + f.directory,
                "run weir as the owner of " + f.directory + ", or set WEIR_SOCKET_DIR"};
    if (f.others_may_write)
        return {warning,
                {},
                "socket",
                "anybody may write to " + f.directory + ", and put another socket there",
                "chmod o-w " + f.directory};
    return {ok, {}, "socket", f.path + " can be served"};
}

findings judge(const std::string& backend, const server_facts& f)
{
    using enum severity;
    findings made;
    if (f.version_number < oldest_version)
        made.push_back({warning,
                        backend,
                        "version",
                        "PostgreSQL " + f.version + " is older than those that weir is tested on",
                        "upgrade the server to 12 or later"});
    else
        made.push_back({ok, backend, "version", "PostgreSQL " + f.version});
    if (f.tls)
        made.push_back({ok, backend, "tls", *f.tls});
    else if (!f.is_local)
        made.push_back({note,
                        backend,
                        "tls",
                        "the connection is not encrypted",
                        "add sslmode=verify-full and sslrootcert to the URL, if the network is not "
                        "yours alone"});
    if (f.is_in_recovery)
        made.push_back({note,
                        backend,
                        "standby",
                        "the server is a hot standby: it takes no writes and no migrations",
                        "add target_session_attrs=read-write to a URL with all hosts to find the "
                        "primary"});
    if (!f.has_statistics)
        made.push_back({note,
                        backend,
                        "pg_stat_statements",
                        "the extension is not there, so nobody can say which queries are slow",
                        "shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, and "
                        "CREATE EXTENSION pg_stat_statements"});
    return made;
}

findings judge(const std::string& backend, const file_facts& f)
{
    using enum severity;
    findings made;
    const auto add = [&](severity is, std::string check, std::string what, std::string fix = {}) {
        made.push_back({is, backend, std::move(check), std::move(what), std::move(fix)});
    };
    if (f.exists && !f.is_regular)
        add(error, "file", f.path + " is not a file", "give the path of a file in the URL");
    else if (f.exists && (!f.is_readable || !f.is_writable))
        add(error,
            "file",
            std::string("you may not ") + (f.is_readable ? "write " : "read ") + f.path,
            "give the file to the user that weir runs as, or run this as that user");
    else if (!f.directory_is_writable)
        add(error,
            "file",
            "you may not write to " + f.directory + ", where SQLite keeps the -wal and -shm files",
            "give the directory to the user that weir runs as, or run this as that user");
    else
        add(ok, "file", f.path + (f.exists ? "" : " does not exist yet; weir will make it"));
    if (f.is_remote)
        add(error,
            "wal",
            f.directory + " is on a network file system, where WAL and its locks do not work",
            "move the file to a local disk");
    if (f.ahead > std::chrono::seconds{60})
        add(warning,
            "clock",
            "the file was last changed " + std::to_string(f.ahead.count()) +
                " s in the future: the clock was set back, or is wrong",
            "set the clock (timedatectl)");
    // VACUUM and a backup need the room of the whole file.
    const std::uint64_t wanted = std::max<std::uint64_t>(100 * mega, f.size_bytes);
    const std::string room = std::to_string(f.free_bytes / mega) +
                             " MB are free, and the file has " +
                             std::to_string(f.size_bytes / mega) + " MB";
    if (f.free_bytes < 10 * mega)
        add(error, "disk", room, "make room on the disk");
    else if (f.free_bytes < wanted)
        add(warning, "disk", room + "; VACUUM and a backup have no room", "make room on the disk");
    else
        add(ok, "disk", room);
    return made;
}

findings judge(const std::string& backend, const migration_facts& f)
{
    using enum severity;
    findings made;
    const auto add = [&](severity is, std::string what, std::string fix = {}) {
        made.push_back({is, backend, "migrations", std::move(what), std::move(fix)});
    };
    if (!f.half_done.empty())
        add(error,
            "half done: " + listed(f.half_done) + " began, outside a transaction, and did not end",
            "look what it did, then weir migrate stamp");
    if (!f.unknown.empty())
        add(error,
            "the database is ahead of " + f.directory + ": no file has " + listed(f.unknown),
            "bring the files of the version that migrated it, or weir migrate stamp --purge REV");
    if (f.is_unstamped)
        add(error,
            "the database has tables, but no version table",
            "say where it is: weir migrate stamp REV");
    if (!f.edited.empty())
        add(f.edited_are_refused ? error : warning,
            "edited after they were applied: " + listed(f.edited),
            "restore the files; a change belongs in a new revision");
    const bool has_pending = !f.pending.empty() || !f.command_is_at_head;
    if (has_pending && !f.is_unstamped) {
        const std::string what =
            f.pending.empty() ? "migrations.current_command prints no line with (head)"
                              : revisions(f.pending.size()) + " pending: " + listed(f.pending);
        if (f.runs_at_boot)
            add(note,
                what + "; weir applies them when it starts",
                "weir migrate upgrade, or start weir");
        else
            add(warning, what + ", and migrations.on_boot is false", "weir migrate upgrade");
    }
    if (made.empty())
        add(ok, "up to date" + (f.current.empty() ? "" : " at " + listed(f.current)));
    return made;
}

} // namespace weir::doctor
