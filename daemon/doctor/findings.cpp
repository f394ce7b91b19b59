#include "daemon/doctor/findings.hpp"

#include <algorithm>
#include <string_view>

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

std::string
migrate_command(const std::string& what, const std::string& backend, bool is_one_of_several)
{
    return "weir migrate " + what + (is_one_of_several ? " --backend " + backend : "");
}

std::string revisions(std::size_t n)
{
    return std::to_string(n) + (n == 1 ? " revision" : " revisions");
}

// A process that was stopped, or is stuck; or so busy that nobody gets into its backlog.
bool is_silence(const error& e)
{
    const auto says = [&](std::string_view words) {
        return e.message.find(words) != e.message.npos;
    };
    return says("no answer within") || says("temporarily unavailable");
}

bool is_weir(const socket_facts::listener& l)
{
    return !l.refusal || (l.refusal->code == sqlstate{"42501"} &&
                          l.refusal->message.ends_with("permission denied for the console"));
}

findings judge(const std::string& path, const socket_facts::listener& l)
{
    using enum severity;
    const finding served{ok, {}, "socket", "a weir serves " + path};
    if (!l.refusal)
        return {served};
    if (is_weir(l))
        return {served,
                {note,
                 {},
                 "console",
                 l.refusal->message,
                 "run this as root, as weir's user, or as one of admin.users; until then its own "
                 "connections count as others'"}};
    if (is_silence(*l.refusal))
        return {
            {error,
             {},
             "socket",
             "nobody gets in at " + path + ", where " + l.who + ", listens: " + l.refusal->message,
             "look at its log, and restart it (systemctl restart weir)"}};
    return {{error,
             {},
             "socket",
             "something else than a weir listens on " + path + " (" + l.who +
                 "): " + l.refusal->message,
             "stop it, or choose another WEIR_SOCKET_DIR or WEIR_PORT"}};
}

finding who_may_serve(const socket_facts& f)
{
    using enum severity;
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
    return {ok, {}, "socket", f.path + " can be served"};
}

} // namespace

finding refusal(std::string check, const error& why)
{
    return {severity::error,
            {},
            std::move(check),
            why.message + (why.detail.empty() ? "" : "; ") + why.detail,
            why.hint.empty() ? "mend what it says" : why.hint};
}

bool may_be_weir(const socket_facts::listener& l) { return is_weir(l) || is_silence(*l.refusal); }

findings judge(const socket_facts& f)
{
    using enum severity;
    if (f.obstacle)
        return {refusal("socket", *f.obstacle)};
    findings made = f.served_by ? judge(f.path, *f.served_by) : findings{who_may_serve(f)};
    if (f.others_may_write)
        made.push_back({warning,
                        {},
                        "socket",
                        "anybody may write to " + f.directory + ", and put another socket there",
                        "chmod o-w " + f.directory});
    if (!f.closed_to_them.empty())
        made.push_back({warning,
                        {},
                        "socket",
                        "listen.mode lets " + f.admits + " connect, but not all of them may pass " +
                            f.closed_to_them,
                        "chmod a+x " + f.closed_to_them +
                            ", or let listen.mode and listen.group say who is to connect"});
    return made;
}

finding judge(const metrics_facts& f)
{
    using enum severity;
    if (f.is_served)
        return {ok, {}, "metrics", "a weir serves " + f.address};
    if (!f.obstacle)
        return {ok, {}, "metrics", f.address + " can be served"};
    finding made = refusal("metrics", *f.obstacle);
    if (f.may_be_served) {
        made.is = note;
        made.fix = "nothing, if the weir on the socket has it: SHOW CONFIG says so to root, weir's "
                   "user and admin.users";
    }
    return made;
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
    else if (f.unreadable)
        add(error,
            "file",
            f.path + ": " + f.unreadable->message,
            "give the path of a SQLite file in the URL, or restore it from a backup");
    else
        add(ok, "file", f.path + (f.exists ? "" : " does not exist yet; weir will make it"));
    for (const std::string& path : f.closed_files)
        add(error,
            "file",
            "you may not read and write " + path + ", which belongs to the database",
            "give it to the user that weir runs as (chown), or run this as that user");
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
    const auto migrate = [&](const std::string& what) {
        return migrate_command(what, backend, f.is_one_of_several);
    };
    if (!f.half_done.empty())
        add(error,
            "half done: " + listed(f.half_done) + " began, outside a transaction, and did not end",
            "look what it did, then " + migrate("stamp REV"));
    if (!f.unknown.empty())
        add(error,
            "the database is ahead of " + f.directory + ": no file has " + listed(f.unknown),
            "bring the files of the version that migrated it, or " + migrate("stamp --purge REV"));
    if (f.is_unstamped)
        add(error,
            "the database has tables, but no version table",
            "say where it is: " + migrate("stamp REV"));
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
                migrate("upgrade") + ", or start weir");
        else
            add(warning, what + ", and migrations.on_boot is false", migrate("upgrade"));
    }
    if (made.empty())
        add(ok, "up to date" + (f.current.empty() ? "" : " at " + listed(f.current)));
    return made;
}

finding failed_inspection(const std::string& backend, const error& why, bool is_one_of_several)
{
    finding made = refusal("migrations", why);
    made.backend = backend;
    made.fix = migrate_command("check", backend, is_one_of_several) + " says more";
    return made;
}

} // namespace weir::doctor
