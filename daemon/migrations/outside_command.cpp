#include "daemon/migrations/outside_command.hpp"

#include "pool/postgres/stop_event.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <optional>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace weir::migrations {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto grace = 5s; // between SIGTERM and SIGKILL
constexpr std::size_t line_limit = 8 * 1024;
constexpr std::size_t lines_kept = 10;
constexpr std::size_t pipe_reads = 8; // more than a full pipe takes

class descriptor {
public:
    explicit descriptor(int opened = -1) : fd_(opened) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept { return std::swap(fd_, other.fd_), *this; }
    ~descriptor() { close(); }

    int get() const { return fd_; }
    void close()
    {
        if (fd_ >= 0)
            ::close(std::exchange(fd_, -1));
    }

private:
    int fd_;
};

struct pipe_ends {
    descriptor reader, writer;
};

std::optional<pipe_ends> make_pipe()
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return std::nullopt;
    return pipe_ends{descriptor{ends[0]}, descriptor{ends[1]}};
}

error system_error(const std::string& what, int code)
{
    const bool is_missing = code == ENOENT || code == ENOTDIR;
    const bool is_refused = code == EACCES || code == EPERM;
    return {is_missing   ? sqlstate{"58P01"}
            : is_refused ? sqlstate{"42501"}
                         : sqlstate{"58030"},
            what + ": " + std::strerror(code)};
}

// --- Lines. ---

std::string replaced(std::string text, std::string_view hidden)
{
    for (std::size_t at = 0; !hidden.empty() && (at = text.find(hidden, at)) != text.npos; at += 3)
        text.replace(at, hidden.size(), "***");
    return text;
}

class line_cutter {
public:
    line_cutter(const outside_command& of, const std::function<void(std::string_view)>& on_line)
        : of_(of), on_line_(on_line)
    {
    }

    void take(std::string_view bytes)
    {
        while (!bytes.empty()) {
            const std::size_t end = std::min(bytes.find('\n'), bytes.size());
            const std::size_t size = std::min(end, line_limit - partial_.size());
            partial_ += bytes.substr(0, size);
            if (size == bytes.size())
                return;
            bytes.remove_prefix(size + (size == end ? 1 : 0));
            say();
        }
    }

    // What was not ended by a line break is a line all the same.
    void finish()
    {
        if (!partial_.empty())
            say();
    }

    std::string last_lines() const
    {
        std::string text;
        for (const std::string& line : last_)
            text += (text.empty() ? "" : "\n") + line;
        return text;
    }

private:
    void say()
    {
        std::string line = std::exchange(partial_, {});
        if (line.ends_with('\r'))
            line.pop_back();
        for (const std::string& hidden : of_.secrets)
            line = replaced(std::move(line), hidden);
        on_line_(line);
        last_.push_back(std::move(line));
        if (last_.size() > lines_kept)
            last_.pop_front();
    }

    const outside_command& of_;
    const std::function<void(std::string_view)>& on_line_;
    std::string partial_;
    std::deque<std::string> last_;
};

// --- The start. ---

// What is between systemd and weir stays between them.
bool is_private(std::string_view name)
{
    constexpr std::array names{"NOTIFY_SOCKET",
                               "LISTEN_FDS",
                               "LISTEN_FDNAMES",
                               "LISTEN_PID",
                               "WATCHDOG_USEC",
                               "WATCHDOG_PID"};
    return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> environment_of(const outside_command& what)
{
    std::vector<std::string> all;
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view text{*entry};
        const std::string_view name = text.substr(0, text.find('='));
        const auto is_given = [&](const auto& pair) { return pair.first == name; };
        if (!is_private(name) && std::ranges::none_of(what.env, is_given))
            all.emplace_back(text);
    }
    for (const auto& [name, value] : what.env)
        all.push_back(name + '=' + value);
    return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts)
{
    std::vector<char*> all;
    for (std::string& text : texts)
        all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

struct launch {
    char** argv;
    char** env;
    const char* cwd; // null: stay
    int null, output, report;
    pid_t parent;
};

struct start_failure {
    enum class step : std::uint8_t { cwd, program } at;
    int code;
};

[[noreturn]] void give_up(const launch& how, start_failure::step at)
{
    const start_failure why{at, errno};
    [[maybe_unused]] const ssize_t written = ::write(how.report, &why, sizeof why);
    ::_exit(127);
}

// In the child, between fork and exec: other threads' locks may be held for ever, so nothing here
// may allocate.
[[noreturn]] void become(const launch& how)
{
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != how.parent) // it died before that
        ::_exit(127);
    for (int number = 1; number < NSIG; ++number)
        ::signal(number, SIG_DFL); // what weir ignores would be ignored there too
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr); // likewise what its threads block
    ::dup2(how.null, 0);
    ::dup2(how.output, 1);
    ::dup2(how.output, 2);
    ::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC); // whatever a library may have opened without it
    if (how.cwd && ::chdir(how.cwd) != 0)
        give_up(how, start_failure::step::cwd);
    environ = how.env; // its PATH is the one to search
    ::execvp(how.argv[0], how.argv);
    give_up(how, start_failure::step::program);
}

struct child {
    pid_t pid = 0; // and its group
    descriptor process;
    descriptor output;
};

result<child> start(const outside_command& what)
{
    std::vector<std::string> arguments = what.argv;
    std::vector<std::string> environment = environment_of(what);
    const std::vector<char*> argv = pointers_to(arguments);
    const std::vector<char*> env = pointers_to(environment);

    auto output = make_pipe();
    auto report = make_pipe();
    const descriptor null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    if (!output || !report || null.get() < 0)
        return system_error("could not start \"" + what.shown() + '"', errno);
    const launch how{const_cast<char**>(argv.data()),
                     const_cast<char**>(env.data()),
                     what.cwd.empty() ? nullptr : what.cwd.c_str(),
                     null.get(),
                     output->writer.get(),
                     report->writer.get(),
                     ::getpid()};
    const pid_t pid = ::fork();
    if (pid == 0)
        become(how);
    if (pid < 0)
        return system_error("could not start \"" + what.shown() + '"', errno);
    ::setpgid(pid, pid); // whoever of the two comes first
    output->writer.close();
    report->writer.close(); // exec closes the other end
    start_failure why{};
    if (::read(report->reader.get(), &why, sizeof why) == sizeof why) {
        ::waitpid(pid, nullptr, 0);
        return why.at == start_failure::step::cwd
                   ? system_error("could not enter the directory " + what.cwd, why.code)
                   : system_error("could not start \"" + what.shown() + '"', why.code);
    }
    // By number: glibc 2.36 declares the function so that C++ cannot link it.
    descriptor process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    if (process.get() < 0) {
        const error failed = system_error("could not watch \"" + what.shown() + '"', errno);
        ::kill(-pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return failed;
    }
    ::fcntl(output->reader.get(), F_SETFL, O_NONBLOCK);
    return child{pid, std::move(process), std::move(output->reader)};
}

// --- The run. ---

class run_in_progress {
public:
    run_in_progress(const outside_command& what,
                    child started,
                    line_cutter& lines,
                    const lifeline& needed,
                    std::stop_token stop)
        : what_(what), child_(std::move(started)), lines_(lines), needed_(needed),
          stopping_(std::move(stop))
    {
        if (what.timeout > 0ms)
            deadline_ = steady_clock::now() + what.timeout;
    }

    result<void> finish();

private:
    enum class reason : std::uint8_t { none, timeout, stop, lost };

    bool watch();       // false: it has ended
    bool read_output(); // false: nothing more now
    void end(reason why);
    int milliseconds_left() const;
    result<void> verdict(int status) const;

    const outside_command& what_;
    child child_;
    line_cutter& lines_;
    const lifeline& needed_;
    postgres::stop_event stopping_;
    std::optional<steady_clock::time_point> deadline_; // for what comes next: SIGTERM, SIGKILL
    reason why_ = reason::none;
};

result<void> run_in_progress::finish()
{
    while (watch())
        ;
    // What it said last. A process that it left behind may keep the pipe open, and go on talking.
    for (std::size_t i = 0; i < pipe_reads && read_output(); ++i)
        ;
    lines_.finish();
    // Its number cannot be given to anybody else before it is waited for, so this is its group.
    if (why_ != reason::none)
        ::kill(-child_.pid, SIGKILL);
    int status = 0;
    pid_t waited = 0;
    while ((waited = ::waitpid(child_.pid, &status, 0)) < 0 && errno == EINTR)
        ;
    if (waited < 0)
        return system_error("could not learn how \"" + what_.shown() + "\" ended", errno);
    return verdict(status);
}

bool run_in_progress::watch()
{
    const bool is_ending = why_ != reason::none;
    pollfd watched[] = {{child_.process.get(), POLLIN, 0},
                        {child_.output.get(), POLLIN, 0},
                        {is_ending ? -1 : stopping_.descriptor(), POLLIN, 0},
                        {is_ending ? -1 : needed_.descriptor, POLLIN, 0}};
    const int ready = ::poll(watched, std::size(watched), milliseconds_left());
    if (ready < 0)
        return true; // EINTR
    if (watched[1].revents != 0)
        read_output();
    if (watched[0].revents != 0)
        return false;
    if (watched[2].revents != 0)
        end(reason::stop);
    else if (watched[3].revents != 0 && !needed_.is_there())
        end(reason::lost);
    else if (deadline_ && steady_clock::now() >= *deadline_)
        end(reason::timeout);
    return true;
}

bool run_in_progress::read_output()
{
    std::array<char, 16 * 1024> buffer;
    const ssize_t n = ::read(child_.output.get(), buffer.data(), buffer.size());
    if (n > 0)
        lines_.take({buffer.data(), static_cast<std::size_t>(n)});
    else if (n == 0)
        child_.output.close();
    return n > 0;
}

// The first reason counts; when its grace is over, the same again means SIGKILL.
void run_in_progress::end(reason why)
{
    const bool at_once = why_ != reason::none || why == reason::lost;
    if (why_ == reason::none)
        why_ = why;
    ::kill(-child_.pid, at_once ? SIGKILL : SIGTERM);
    deadline_ = steady_clock::now() + grace;
}

int run_in_progress::milliseconds_left() const
{
    if (!deadline_)
        return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

result<void> run_in_progress::verdict(int status) const
{
    const std::string name = "the command \"" + what_.shown() + '"';
    const std::string lines = lines_.last_lines();
    const std::string detail = lines.empty() ? "It printed nothing." : "Its last lines:\n" + lines;
    switch (why_) {
    case reason::timeout:
        return error{"38000",
                     name + " took longer than " + std::to_string(what_.timeout.count()) +
                         " ms and was ended",
                     detail,
                     "Raise migrations.timeout if it needs the time."};
    case reason::stop:
        return error{"57014", name + " was ended, since weir was told to stop", detail};
    case reason::lost:
        return error{"08006",
                     name + " was killed, since the lock on the database was lost",
                     detail};
    case reason::none: break;
    }
    if (WIFSIGNALED(status))
        return error{"38000",
                     name + " was ended by signal " + std::to_string(WTERMSIG(status)) + " (" +
                         ::strsignal(WTERMSIG(status)) + ')',
                     detail};
    if (WEXITSTATUS(status) != 0)
        return error{"38000",
                     name + " failed with exit status " + std::to_string(WEXITSTATUS(status)),
                     detail};
    return {};
}

} // namespace

std::string outside_command::shown() const
{
    const bool is_shell = argv.size() == 3 && argv[1] == "-c" && argv[0].ends_with("sh");
    if (is_shell)
        return argv[2];
    std::string text;
    for (const std::string& word : argv)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

result<void> run(const outside_command& what,
                 const std::function<void(std::string_view)>& on_line,
                 const lifeline& needed,
                 std::stop_token stop)
{
    auto started = start(what);
    if (!started)
        return started.error();
    line_cutter lines{what, on_line};
    return run_in_progress{what, std::move(*started), lines, needed, std::move(stop)}.finish();
}

} // namespace weir::migrations
