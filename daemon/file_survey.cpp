#include "daemon/file_survey.hpp"

#include "daemon/accounts.hpp"
#include "daemon/unix_listener.hpp"
#include "pool/sqlite/file_check.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr long cifs_magic = 0xFF534D42; // which linux/magic.h of Debian 12 does not have

// The directory itself, or the nearest one above it that is there: in it the rest can be made.
fs::path existing(fs::path directory)
{
    std::error_code ignored; // then it counts as missing
    while (!fs::is_directory(directory, ignored) && directory.has_relative_path())
        directory = directory.parent_path();
    return directory;
}

bool may(const std::string& path, int what) { return ::access(path.c_str(), what) == 0; }

fs::path absolute_directory(const std::string& path)
{
    std::error_code unknown; // no working directory: the path as it is
    const fs::path whole = fs::absolute(path, unknown);
    return unknown ? fs::path(path).parent_path() : whole.lexically_normal().parent_path();
}

// The first directory from the root to `end` that those may not pass whom the socket's mode admits.
std::string closed_directory(const fs::path& end, const listen_settings& at)
{
    std::error_code unknown; // then as it is written
    const fs::path whole = fs::weakly_canonical(end, unknown);
    const auto group = (at.mode & S_IWOTH) != 0 ? std::nullopt : group_id(at.group);
    fs::path way;
    for (const fs::path& step : unknown ? end : whole) {
        way /= step;
        struct stat s {};
        if (::stat(way.c_str(), &s) != 0)
            return {}; // weir makes the rest, for everybody to pass
        const bool is_open = (s.st_mode & S_IXOTH) != 0 ||
                             (group && s.st_gid == *group && (s.st_mode & S_IXGRP) != 0);
        if (!is_open)
            return way;
    }
    return {};
}

// What SQLite keeps beside a file, and needs as much as the file.
std::vector<std::string> closed_files_of(const std::string& path)
{
    std::vector<std::string> closed;
    for (const char* end : {"-wal", "-shm"})
        if (const std::string beside = path + end; may(beside, F_OK) && !may(beside, R_OK | W_OK))
            closed.push_back(beside);
    return closed;
}

} // namespace

doctor::file_facts survey_file(const std::string& path)
{
    const fs::path directory = absolute_directory(path);
    const std::string there = existing(directory);
    doctor::file_facts f{.path = path, .directory = directory};
    struct stat s {};
    if (::stat(path.c_str(), &s) == 0) {
        f.exists = true;
        f.is_regular = S_ISREG(s.st_mode);
        f.is_readable = may(path, R_OK);
        f.is_writable = may(path, W_OK);
        f.ahead = std::chrono::seconds{s.st_mtim.tv_sec - std::time(nullptr)};
        f.size_bytes = static_cast<std::uint64_t>(s.st_size);
        f.closed_files = closed_files_of(path);
        if (f.is_regular && f.is_readable)
            if (const auto is_database = sqlite::check_file(path); !is_database)
                f.unreadable = is_database.error();
    }
    f.directory_is_writable = may(there, W_OK | X_OK);
    struct statfs disk {};
    if (::statfs(there.c_str(), &disk) == 0) {
        constexpr std::array remote{long{NFS_SUPER_MAGIC},
                                    cifs_magic,
                                    long{SMB_SUPER_MAGIC},
                                    long{CODA_SUPER_MAGIC}};
        f.is_remote = std::ranges::count(remote, static_cast<long>(disk.f_type)) != 0;
        f.free_bytes =
            static_cast<std::uint64_t>(disk.f_bavail) * static_cast<std::uint64_t>(disk.f_bsize);
    }
    return f;
}

doctor::socket_facts survey_socket(const listen_settings& at)
{
    const listen_address place = to_address(at);
    const fs::path directory = fs::path(place.path()).parent_path();
    doctor::socket_facts f{.path = place.path(),
                           .directory = directory,
                           .is_writable = may(existing(directory), W_OK | X_OK)};
    if (const auto can_be = unix_listener::check(place); !can_be) {
        f.obstacle = can_be.error();
        return f;
    }
    if (const auto listener = who_listens(f.path); !listener)
        f.obstacle = listener.error();
    else if (*listener)
        f.served_by = {.who = name_of(**listener)};
    struct stat s {};
    if (::stat(directory.c_str(), &s) == 0) {
        f.exists = true;
        f.others_may_write = (s.st_mode & S_IWOTH) != 0 && (s.st_mode & S_ISVTX) == 0;
    }
    if ((at.mode & S_IWOTH) != 0)
        f.admits = "everybody";
    else if (!at.group.empty() && (at.mode & S_IWGRP) != 0)
        f.admits = "the group " + at.group;
    if (!f.admits.empty())
        f.closed_to_them = closed_directory(directory, at);
    return f;
}

} // namespace weir
