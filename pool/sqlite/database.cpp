#include "pool/sqlite/database.hpp"

#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/open_file.hpp"
#include "pool/sqlite/session.hpp"
#include "pool/sqlite/session_link.hpp"

#include <fcntl.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <list>
#include <sys/socket.h>
#include <thread>
#include <utility>

namespace weir::sqlite {

namespace {

constexpr std::chrono::seconds longest_wait_to_reread{60}; // for a transaction that writes

// A name that only this process knows, in a directory that only its user may enter.
result<std::string> make_private_directory()
{
    std::error_code failed;
    std::string pattern = (std::filesystem::temp_directory_path(failed) / "weir-XXXXXX").string();
    if (failed || !::mkdtemp(pattern.data()))
        return error{"58030",
                     std::string{"could not make a temporary directory: "} + std::strerror(errno)};
    return pattern;
}

// Threads of sessions take no signals: those are for the daemon's loop.
class signals_blocked {
public:
    signals_blocked()
    {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t before_;
};

} // namespace

class database::file : public std::enable_shared_from_this<database::file> {
public:
    file(std::string path,
         std::string name,
         std::string to_delete,
         std::unique_ptr<open_file> writer)
        : path_(std::move(path)), name_(std::move(name)), to_delete_(std::move(to_delete)),
          writers_(std::move(writer))
    {
    }
    ~file()
    {
        std::error_code ignored; // a left-over temporary directory harms nobody
        if (!to_delete_.empty())
            std::filesystem::remove_all(to_delete_, ignored);
    }

    result<std::unique_ptr<link>> log_in();
    result<void> reread_schema();
    void end_all();

private:
    struct running {
        std::shared_ptr<cancellation> stop;
        int descriptor;             // the session's; open while `done` is false
        std::shared_ptr<bool> done; // guarded
        std::thread thread;
    };

    void reap();

    std::string path_;
    std::string name_;
    std::string to_delete_;
    write_queue writers_;
    shared_catalog tables_;
    std::mutex mutex_;
    std::list<running> sessions_; // guarded
    int next_id_ = 1;             // guarded
};

result<std::unique_ptr<link>> database::file::log_in()
{
    auto reader = open_file::open(path_, open_file::access::read_only);
    if (!reader)
        return reader.error();
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return error{"53000", std::string{"could not make a socket pair: "} + std::strerror(errno)};
    auto stop = std::make_shared<cancellation>();
    // From here on the link owns one end and the session the other.
    const auto self = shared_from_this();
    auto made = std::make_unique<session_link>(
        ends[0],
        stop,
        [self] { self->writers_.wake(); },
        session_settings{}.reported());
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);

    const std::lock_guard lock{mutex_};
    reap();
    auto done = std::make_shared<bool>(false);
    auto server = std::make_unique<session>(session_home{name_, writers_, tables_},
                                            std::move(*reader),
                                            ends[1],
                                            *stop,
                                            next_id_++);
    const signals_blocked for_the_thread;
    sessions_.push_back({stop, ends[1], done, {}});
    sessions_.back().thread = std::thread{[this, server = std::move(server), stop, done]() mutable {
        server->serve();
        const std::lock_guard ending{mutex_}; // end_all() must not meet a descriptor used anew
        server.reset();
        *done = true;
    }};
    return made;
}

result<void> database::file::reread_schema()
{
    const cancellation nobody_asks;
    auto permit = writers_.acquire(nobody_asks, longest_wait_to_reread);
    if (!permit)
        return permit.error();
    const auto installed = catalog::install(permit->file().db);
    if (installed)
        tables_.has_changed();
    return installed;
}

void database::file::reap()
{
    std::erase_if(sessions_, [](running& s) {
        if (!*s.done)
            return false;
        s.thread.join();
        return true;
    });
}

void database::file::end_all()
{
    std::list<running> ending;
    {
        const std::lock_guard lock{mutex_};
        for (const running& s : sessions_) {
            s.stop->close();
            if (!*s.done)
                ::shutdown(s.descriptor, SHUT_RDWR);
        }
        ending.swap(sessions_);
    }
    writers_.wake();
    for (running& s : ending)
        s.thread.join();
}

database::database(std::string path, std::string name, std::string address)
    : path_(std::move(path)), name_(std::move(name)), address_(std::move(address))
{
}

database::~database()
{
    if (file_)
        file_->end_all();
}

result<std::unique_ptr<link>> database::log_in(std::chrono::milliseconds, std::stop_token stop)
{
    if (stop.stop_requested())
        return error{"57P01", "the login was stopped"};
    auto opened = open();
    if (!opened)
        return opened.error();
    return (*opened)->log_in();
}

result<void> database::reread_schema()
{
    std::shared_ptr<file> opened;
    {
        const std::lock_guard lock{opening_};
        opened = file_;
    }
    return opened ? opened->reread_schema() : result<void>{}; // the first login reads it anyway
}

result<std::shared_ptr<database::file>> database::open()
{
    const std::lock_guard lock{opening_};
    if (file_)
        return file_;
    std::string path = path_, to_delete;
    if (path.empty()) {
        auto made = make_private_directory();
        if (!made)
            return made.error();
        to_delete = *made;
        path = to_delete + "/memory.db";
    } else if (const auto parent = std::filesystem::path{path}.parent_path(); !parent.empty()) {
        std::error_code failed;
        std::filesystem::create_directories(parent, failed);
        if (failed)
            return error{"58P01",
                         "could not create the directory " + parent.string() + ": " +
                             failed.message()};
    }
    auto writer = open_file::open(path, open_file::access::read_write);
    if (!writer)
        return writer.error();
    if (const auto installed = catalog::install((*writer)->db); !installed)
        return installed.error();
    file_ = std::make_shared<file>(path, name_, to_delete, std::move(*writer));
    return file_;
}

} // namespace weir::sqlite
