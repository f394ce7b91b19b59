// One line per event worth knowing, on stderr: a sentence and its numbers, as text or as JSON.
// The only door to spdlog. Any thread may log.
//
//     log::info("client connected", {{"backend", name}, {"pid", peer.pid}});
//
//     2026-11-22T14:51:07.120Z info client connected backend=main pid=4711
//     {"time":"2026-11-22T14:51:07.120Z","level":"info","message":"client
//     connected","backend":"main","pid":4711}
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace weir::log {

enum class level : std::uint8_t {
    debug,   // what a developer of weir follows
    info,    // what an operator wants to find afterwards
    warning, // it goes on, but somebody should look
    error,   // something that was asked for did not happen
};

enum class format : std::uint8_t {
    text,
    json,
    journal, // text for systemd's journal: "<6>message", as the journal adds the time itself
};

struct options {
    log::format format = log::format::text;
    level least = level::info; // what is below is not written
    int descriptor = 2;
};

// Text becomes `journal` when stderr is the journal's own socket (systemd says so in
// JOURNAL_STREAM). Called once, before there are threads; until then lines are text on stderr.
void start(options);
void set_least(level); // at any time

// Whatever is logged from now on, this text will not be in it. A second lock on the door: secrets
// are not given to the log in the first place. Texts under six characters are not masked, since a
// line in which every "main" is "***" would give the password away.
void never_show(std::string secret);

// What a field may hold. Text is borrowed until the line is written; a duration is in seconds.
class value {
public:
    value(bool v) : held_(v) {}
    value(std::string_view v) : held_(v) {}
    value(const std::string& v) : held_(std::string_view{v}) {}
    value(const char* v) : held_(std::string_view{v}) {}
    template <std::signed_integral Integer>
    value(Integer v) : held_(std::int64_t{v})
    {
    }
    template <std::unsigned_integral Integer>
    value(Integer v) : held_(std::uint64_t{v})
    {
    }
    value(double v) : held_(v) {}
    template <class Rep, class Period>
    value(std::chrono::duration<Rep, Period> v) : held_(std::chrono::duration<double>{v}.count())
    {
    }

    void append_to(std::string& line, log::format) const;

private:
    std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view> held_;
};

struct field {
    std::string_view key; // snake_case, one of ours: it is not escaped
    log::value value;
};
using fields = std::initializer_list<field>;

void write(level, std::string_view message, fields);

inline void debug(std::string_view message, fields f = {}) { write(level::debug, message, f); }
inline void info(std::string_view message, fields f = {}) { write(level::info, message, f); }
inline void warning(std::string_view message, fields f = {}) { write(level::warning, message, f); }
inline void error(std::string_view message, fields f = {}) { write(level::error, message, f); }

// For what may happen a thousand times a second: one line a period, which says how many it stands
// for. Belongs to one thread.
//
//     if (const auto unsaid = refusals_.pass(now))
//         log::warning("client refused", {{"reason", why}, {"unsaid", *unsaid}});
class once_per {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit once_per(std::chrono::steady_clock::duration period) : period_(period) {}

    // Nothing: stay silent. Otherwise the number of times it stayed silent since the last line.
    std::optional<std::uint64_t> pass(time_point now);

private:
    std::chrono::steady_clock::duration period_;
    std::optional<time_point> last_;
    std::uint64_t unsaid_ = 0;
};

} // namespace weir::log
