// PURE. `weir top`: what is on the screen, and what a key means.
#pragma once

#include "daemon/view/status_page.hpp"

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
    void say(std::string words) { message_ = std::move(words); } // what came of a wish

    bool wants_to_quit() const { return wants_to_quit_; }

    // As many lines as the screen has rows at most, each cut to its columns.
    lines draw(screen_size size, bool has_colours) const;

private:
    enum class part : std::uint8_t { pools, holders };

    void choose(int step);
    void sort();
    std::string chosen_backend() const;
    std::optional<std::size_t> chosen_holder() const; // its row

    top_answers now_;
    order order_ = order::held;
    part in_ = part::holders;
    std::string backend_;                // chosen; empty: the first
    std::string client_;                 // of the chosen holder, likewise
    std::optional<std::string> to_kill_; // a client, once "y" has been pressed
    std::string message_;
    bool wants_to_quit_ = false;
};

// At most so many columns of it; escape sequences take none, and no colour runs on behind the cut.
std::string clipped(std::string_view line, std::size_t columns);

} // namespace weir::view
