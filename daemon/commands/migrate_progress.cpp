#include "daemon/commands/migrate_progress.hpp"

#include "daemon/escape.hpp"
#include "daemon/migrations/listing.hpp"

#include <unistd.h>

#include <iostream>

namespace weir::commands {
namespace {

using migrations::progress;

// "Running upgrade a -> b, message"; a revision that is not in the directory is told by its id.
std::string
running(migrations::direction way, const migrations::revision_graph& graph, const std::string& id)
{
    const migrations::revision* r = graph.find(id);
    if (!r || way == migrations::direction::stamp)
        return "Running " + std::string{name_of(way)} + " -> " + id;
    migrations::step begins;
    begins.way = way;
    begins.what = r;
    return migrations::running(begins);
}

// "0.031 s"
std::string seconds(std::chrono::milliseconds took)
{
    std::string ms = std::to_string(took.count() % 1000);
    ms.insert(0, 3 - ms.size(), '0');
    return std::to_string(took.count() / 1000) + '.' + ms + " s";
}

} // namespace

migrate_progress::migrate_progress(migrations::direction way,
                                   const migrations::revision_graph& graph)
    : way_(way), graph_(graph), on_terminal_(::isatty(2) == 1)
{
}

void migrate_progress::on_progress(const progress& now)
{
    if (now.is == progress::phase::running) {
        if (on_terminal_)
            return draw_bar(now);
        if (way_ != migrations::direction::stamp) // a stamp is told when it is made
            say("INFO", running(way_, graph_, now.what));
        return;
    }
    if (now.is == progress::phase::verifying)
        return;
    if (std::string words = to_text(now); words != last_) {
        say("INFO", words);
        last_ = std::move(words);
    }
}

void migrate_progress::on_applied(const migrations::step& done, std::chrono::milliseconds took)
{
    const bool is_stamp = done.way == migrations::direction::stamp;
    const std::string words = migrations::running(done);
    if (is_stamp)
        say("INFO", words);
    else if (on_terminal_)
        say("INFO", words + "  (" + seconds(took) + ')');
    applied_.push_back({.step = std::string{name_of(done.way)},
                        .revision = done.what ? done.what->id : "",
                        .message = done.what ? done.what->message : "",
                        .duration_ms = took.count()});
}

void migrate_progress::on_line(std::string_view line) { say("INFO", line); }
void migrate_progress::on_notice(std::string_view words)
{
    say("INFO", "the server says: " + std::string{words});
}
void migrate_progress::on_warning(std::string_view what) { say("WARN", what); }

// "INFO  [weir.migrations] Running upgrade a -> b, message": with a server's words in it, nothing
// in it moves the cursor.
void migrate_progress::say(std::string_view level, std::string_view words)
{
    clear_bar();
    std::string line{level};
    line.append(6 - level.size(), ' ');
    line += "[weir.migrations] ";
    append_printable(line, words);
    std::cerr << line << std::endl;
}

void migrate_progress::summary(const std::vector<applied_step>& steps)
{
    if (steps.empty())
        return say("INFO", "nothing to do");
    std::chrono::milliseconds took{0};
    for (const applied_step& s : steps)
        took += std::chrono::milliseconds{s.duration_ms};
    say("INFO",
        std::to_string(steps.size()) + (steps.size() == 1 ? " step in " : " steps in ") +
            seconds(took));
}

void migrate_progress::draw_bar(const progress& now)
{
    constexpr unsigned width = 24;
    const unsigned done = now.total == 0 ? 0 : (now.number - 1) * width / now.total;
    std::string bar = "[";
    bar.append(done, '#').append(width - done, '.');
    bar += "] " + std::to_string(now.number) + " of " + std::to_string(now.total) + "  ";
    append_printable(bar, now.file.empty() ? now.what : now.file);
    clear_bar();
    std::cerr << bar << std::flush;
    has_bar_ = true;
}

void migrate_progress::clear_bar()
{
    if (has_bar_)
        std::cerr << "\r\033[K" << std::flush;
    has_bar_ = false;
}

} // namespace weir::commands
