#include "daemon/lock_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sys/file.h>
#include <sys/stat.h>

namespace weir {
namespace {

error io_error(const std::string& verb, const std::string& path)
{
    const int code = errno;
    return {code == EACCES || code == EPERM ? sqlstate{"42501"} : sqlstate{"58030"},
            "cannot " + verb + " " + path + ": " + std::strerror(code)};
}

// Is the open file still the one that the path names? A holder that ends removes its file, and a
// lock on a removed file keeps nobody out.
bool is_still_at(int descriptor, const std::string& path)
{
    struct stat opened {};
    struct stat named {};
    return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

std::string first_line(int descriptor)
{
    char text[32] = {};
    const ssize_t n = ::pread(descriptor, text, sizeof text - 1, 0);
    return n > 0 ? std::string(text, std::strcspn(text, "\n")) : std::string{};
}

} // namespace

result<lock_file> lock_file::acquire(const std::string& path, std::string_view what_for)
{
    for (;;) {
        const int descriptor =
            ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (descriptor < 0)
            return io_error("open the lock file", path);
        lock_file file(descriptor, path);
        if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
            const error failed = io_error("lock", path);
            const bool held = errno == EWOULDBLOCK;
            const std::string pid = first_line(descriptor);
            file.descriptor_ = -1; // not ours to remove
            ::close(descriptor);
            if (!held)
                return failed;
            return error{sqlstate{"F0001"},
                         "another weir (pid " + (pid.empty() ? "unknown" : pid) + ") serves " +
                             std::string{what_for},
                         "it holds " + path};
        }
        if (is_still_at(descriptor, path)) {
            file.is_ours_ = first_line(descriptor).empty(); // just made, by O_CREAT above
            return file;
        }
        file.descriptor_ = -1;
        ::close(descriptor);
    }
}

result<void> lock_file::write(std::string_view text)
{
    is_ours_ = true;
    if (::ftruncate(descriptor_, 0) != 0 ||
        ::pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
        return io_error("write", path_);
    return {};
}

lock_file lock_file::inherit(int descriptor, std::string path)
{
    return {descriptor, std::move(path)};
}

void lock_file::pass_on()
{
    if (descriptor_ >= 0)
        ::close(std::exchange(descriptor_, -1));
}

void lock_file::release()
{
    if (descriptor_ < 0)
        return;
    // In this order: whoever opens the path from here on makes a new file, and whoever has the old
    // one open finds out in acquire() that it is gone.
    if (is_ours_ && is_still_at(descriptor_, path_))
        ::unlink(path_.c_str());
    ::close(std::exchange(descriptor_, -1));
}

} // namespace weir
