// top: the pools and who holds their servers, live on a terminal.
#include "daemon/commands/commands.hpp"
#include "daemon/commands/console_request.hpp"
#include "daemon/commands/interruption.hpp"
#include "daemon/commands/outcome.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/commands/top_lines.hpp"
#include "daemon/migrations/rest.hpp"
#include "daemon/unix_listener.hpp"
#include "daemon/view/top_screen.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <sys/ioctl.h>
#include <thread>
#include <utility>

namespace weir::commands {
namespace {

using std::chrono::steady_clock;

struct top_options {
    settings_options settings;
    double interval_seconds = 1;
    bool wants_json = false;

    std::chrono::milliseconds interval() const
    {
        return std::chrono::milliseconds{static_cast<std::int64_t>(interval_seconds * 1'000)};
    }
};

// A terminal in raw mode, showing another screen than the shell's, until this is gone.
class terminal {
public:
    terminal()
    {
        ::tcgetattr(STDIN_FILENO, &before_);
        termios raw = before_;
        ::cfmakeraw(&raw);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
        write("\x1b[?1049h\x1b[?25l"); // the alternate screen, without a cursor
    }
    ~terminal()
    {
        write("\x1b[?25h\x1b[?1049l");
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }
    terminal(const terminal&) = delete;
    terminal& operator=(const terminal&) = delete;

    static view::screen_size size()
    {
        winsize now{};
        if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) != 0 || now.ws_row == 0 || now.ws_col == 0)
            return {};
        return {now.ws_row, now.ws_col};
    }

    // In one write, and each line erased behind what is new of it, so that nothing flickers.
    static void show(const view::lines& page)
    {
        std::string all = "\x1b[H";
        for (std::size_t i = 0; i < page.size(); ++i)
            all += (i == 0 ? "" : "\r\n") + page[i] + "\x1b[K";
        write(all + "\x1b[J");
    }

    // What was typed within the time; empty: nothing. False: nobody is there any more.
    static bool read(std::string& typed, std::chrono::milliseconds within)
    {
        pollfd watched{STDIN_FILENO, POLLIN, 0};
        if (::poll(&watched, 1, static_cast<int>(within.count())) <= 0)
            return true; // a signal, too: whoever waits looks after that
        std::array<char, 64> bytes{};
        const ssize_t n = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        if (n > 0)
            typed.append(bytes.data(), static_cast<std::size_t>(n));
        return n > 0 || (n < 0 && errno == EINTR);
    }

private:
    static void write(std::string_view bytes)
    {
        while (!bytes.empty()) {
            const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
            if (n < 0 && errno != EINTR)
                return; // read() will find that nobody is there
            bytes.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
        }
    }

    termios before_{};
};

// Carries wishes out, each on a connection and a thread of its own: PAUSE answers when no client
// holds a server any more, and a RESUME may end that.
class errands {
public:
    explicit errands(const settings_options& from) : from_(from) {}

    void begin(const view::wish& what)
    {
        say(what.said + " ...");
        threads_.emplace_back([this, what](std::stop_token stop) {
            const auto done = carry_out(what.command, stop);
            say(what.said + ": " + (done ? "done" : in_full(done.error())));
        });
    }

    // What has come of them and has not been told yet, the latest alone.
    std::optional<std::string> news()
    {
        const std::lock_guard lock(mutex_);
        return std::exchange(words_, std::nullopt);
    }

private:
    result<std::string> carry_out(const std::string& command, std::stop_token stop) const
    {
        const auto console = demand_console(from_, "weir top", stop);
        if (!console)
            return console.error();
        return (*console)->execute(command, std::move(stop));
    }

    void say(std::string words)
    {
        const std::lock_guard lock(mutex_);
        words_ = std::move(words);
    }

    const settings_options& from_;
    std::mutex mutex_;
    std::optional<std::string> words_;
    std::vector<std::jthread> threads_; // last: they use the others
};

result<view::top_answers>
look(direct_connection& console, std::string address, const std::stop_token& stop)
{
    auto pools = ask_for_pools(console, stop);
    if (!pools)
        return pools.error();
    auto holders = ask_for_holders(console, stop);
    if (!holders)
        return holders.error();
    const auto version = ask(console, "SHOW VERSION", stop);
    if (!version)
        return version.error();
    return view::top_answers{std::move(address),
                             std::string(version->text(0, "version")),
                             std::move(*pools),
                             std::move(*holders)};
}

// Looks again and again, on a thread of its own: with a weir that hangs, the keys are heard all the
// same.
class lookout {
public:
    lookout(direct_connection& console, std::string address, std::chrono::milliseconds interval)
        : console_(console), address_(std::move(address)), interval_(interval),
          watcher_([this](const std::stop_token& stop) { watch(stop); })
    {
    }

    // What has been seen and not been told yet. An error is the last of all.
    std::optional<result<view::top_answers>> news()
    {
        const std::lock_guard lock(mutex_);
        return std::exchange(seen_, std::nullopt);
    }

    // For how long an answer has been waited for.
    std::chrono::seconds silence() const
    {
        const std::lock_guard lock(mutex_);
        return asked_at_
                   ? std::chrono::floor<std::chrono::seconds>(steady_clock::now() - *asked_at_)
                   : std::chrono::seconds{0};
    }

private:
    void watch(const std::stop_token& stop)
    {
        for (bool goes_on = true; goes_on && migrations::rest(interval_, stop);) {
            note_question(steady_clock::now());
            auto now = look(console_, address_, stop);
            goes_on = now.has_value();
            note_answer(std::move(now));
        }
    }

    void note_question(steady_clock::time_point now)
    {
        const std::lock_guard lock(mutex_);
        asked_at_ = now;
    }

    void note_answer(result<view::top_answers> seen)
    {
        const std::lock_guard lock(mutex_);
        asked_at_.reset();
        seen_ = std::move(seen);
    }

    direct_connection& console_;
    const std::string address_;
    const std::chrono::milliseconds interval_;
    mutable std::mutex mutex_;
    std::optional<steady_clock::time_point> asked_at_;
    std::optional<result<view::top_answers>> seen_;
    std::jthread watcher_; // last: it uses the others
};

result<void> watch(const settings_options& from, std::chrono::milliseconds interval)
{
    constexpr std::chrono::milliseconds frame{100};
    const interruption asked;
    const auto console = demand_console(from, "weir top", asked.token());
    if (!console)
        return console.error();
    const auto at = from.where_weir_listens();
    if (!at)
        return at.error();
    const std::string address = to_address(*at).path();
    auto first = look(**console, address, asked.token());
    if (!first)
        return first.error();
    view::top_screen screen;
    screen.show(std::move(*first));
    const bool colours = has_colours();
    lookout pools(**console, address, interval);
    errands out(from);
    const terminal shown;
    std::string typed;
    while (!screen.wants_to_quit() && !asked.token().stop_requested()) {
        if (auto now = pools.news()) {
            if (!*now)
                return now->error();
            screen.show(std::move(**now));
        }
        screen.note_silence(pools.silence());
        if (const auto words = out.news())
            screen.say(*words);
        terminal::show(screen.draw(terminal::size(), colours));
        if (!terminal::read(typed, frame))
            break;
        while (const auto k = view::take_key(typed))
            if (const auto wish = screen.press(*k))
                out.begin(*wish);
    }
    return {};
}

int run(const top_options& wanted)
{
    if (wanted.wants_json)
        return write_top_lines(wanted.settings, wanted.interval());
    const outcome end(false);
    if (::isatty(STDOUT_FILENO) != 1 || ::isatty(STDIN_FILENO) != 1)
        return end.failed({"22023",
                           "weir top draws on a terminal, and this is none",
                           {},
                           "weir top --json writes a line at each look, for a program; weir status "
                           "and weir who print the same once."});
    const auto watched = watch(wanted.settings, wanted.interval());
    return watched ? 0 : end.failed(watched.error());
}

} // namespace

void add_top(CLI::App& app, int& status)
{
    CLI::App* verb =
        app.add_subcommand("top",
                           "Watch the pools of a running weir, and who holds their servers.");
    const auto options = std::make_shared<top_options>();
    options->settings.add_config(*verb);
    options->settings.seek_the_socket();
    verb->add_option("--interval", options->interval_seconds, "seconds between two looks")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    verb->add_flag("--json",
                   options->wants_json,
                   "print for a program: at each look a line with what status and who have");
    verb->footer("Keys: up and down choose, tab goes from pools to holders and back, s sorts the "
                 "holders (held, silent, backend), p and r pause and resume the chosen pool, or "
                 "the chosen holder's, k ends the chosen holder's connection, q quits.");
    verb->callback([options, &status] { status = run(*options); });
}

} // namespace weir::commands
