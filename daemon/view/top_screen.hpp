// PURE. `weir top`: what is on the screen, and what a key means.
#pragma once

#include "daemon/view/status_page.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::view {

struct top_answers {
    std::string address; // of the socket
    std::string version;
    pools_answer pools;
    holders_answer holders;
};

struct screen_size {
    std::size_t rows = 24;
    std::size_t columns = 80;
};

enum class key : std::uint8_t { up, down, tab, sort, pause, resume, kill, yes, no, quit, other };

// Takes the first key off what a terminal has sent; nothing: more of it is to come.
std::optional<key> take_key(std::string& typed);

// What an operator wants: a command for the console.
struct wish {
    std::string command; // PAUSE "main"
    std::string said;    // "pausing main"
};

class top_screen {
public:
    enum class order : std::uint8_t { held, silent, backend };

    void show(top_answers now); // the rows that were chosen stay so, wherever they are now
    std::optional<wish> press(key k);
    void say(std::string_view words) { message_ = printable(words); }       // what came of a wish
    void note_silence(std::chrono::seconds so_long) { silence_ = so_long; } // of weir, when asked

    bool wants_to_quit() const { return wants_to_quit_; }

    // As many lines as the screen has rows at most, each cut to its columns.
    lines draw(screen_size size, bool has_colours) const;

private:
    enum class part : std::uint8_t { pools, holders };

    void choose(int step);
    void sort();
    void ask(std::string question, wish if_yes);
    void ask_to_kill();
    std::string chosen_backend() const;               // of the marked row; empty: none is marked
    std::optional<std::size_t> chosen_holder() const; // its row

    top_answers now_;
    order order_ = order::held;
    part in_ = part::holders;
    std::string backend_; // chosen; empty: the first
    std::string client_;  // of the chosen holder, likewise
    std::string question_;
    std::optional<wish> if_yes_; // while there is a question
    std::string message_;        // until the next key
    std::chrono::seconds silence_{0};
    bool wants_to_quit_ = false;
};

// At most so many columns of it; escape sequences take none, and no colour runs on behind the cut.
std::string clipped(std::string_view line, std::size_t columns);

} // namespace weir::view
