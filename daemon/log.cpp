#include "daemon/log.hpp"

#include "daemon/escape.hpp"
#include "daemon/line_writer.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace weir::log {
namespace {

constexpr std::size_t longest_text = 2048; // of one field; a statement can be megabytes
constexpr std::size_t shortest_secret = 6;

spdlog::level::level_enum to_spdlog(level l)
{
    switch (l) {
    case level::debug: return spdlog::level::debug;
    case level::info: return spdlog::level::info;
    case level::warning: return spdlog::level::warn;
    case level::error: break;
    }
    return spdlog::level::err;
}

// The secrets of this process, and texts without them.
class secret_keeper {
public:
    void add(std::string secret)
    {
        if (secret.size() < shortest_secret)
            return;
        const std::lock_guard lock(mutex_);
        if (std::find(secrets_.begin(), secrets_.end(), secret) != secrets_.end())
            return;
        // The longest first: of two secrets where one contains the other, nothing remains.
        const auto place = std::find_if(secrets_.begin(), secrets_.end(), [&](const auto& s) {
            return s.size() < secret.size();
        });
        secrets_.insert(place, std::move(secret));
    }

    std::string without_secrets(std::string_view text) const
    {
        std::string clean{text};
        const std::shared_lock lock(mutex_);
        for (const std::string& secret : secrets_)
            for (std::size_t at = 0; (at = clean.find(secret, at)) != std::string::npos;)
                clean.replace(at, secret.size(), "***");
        return clean;
    }

private:
    mutable std::shared_mutex mutex_;
    std::vector<std::string> secrets_;
};

secret_keeper& secrets()
{
    static secret_keeper keeper;
    return keeper;
}

std::string shown(std::string_view text)
{
    std::string clean = secrets().without_secrets(text);
    if (clean.size() > longest_text) {
        const std::size_t more = clean.size() - longest_text;
        clean.resize(longest_text);
        clean += "... (" + std::to_string(more) + " bytes more)";
    }
    return clean;
}

// Everything after the time and the level.
std::string compose(format f, std::string_view message, fields extra)
{
    std::string line;
    if (f == format::json)
        append_json_string(line, shown(message));
    else
        append_printable(line, shown(message));
    for (const field& e : extra) {
        if (f == format::json) {
            line += ",\"";
            line += e.key;
            line += "\":";
        } else {
            line += ' ';
            line += e.key;
            line += '=';
        }
        e.value.append_to(line, f);
    }
    return line;
}

// sd-daemon(3): a line that starts with "<4>" gets syslog's priority 4, warning.
class journal_priority : public spdlog::custom_flag_formatter {
public:
    void
    format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out) override
    {
        switch (line.level) {
        case spdlog::level::debug: return out.push_back('7');
        case spdlog::level::info: return out.push_back('6');
        case spdlog::level::warn: return out.push_back('4');
        default: return out.push_back('3');
        }
    }
    std::unique_ptr<custom_flag_formatter> clone() const override
    {
        return std::make_unique<journal_priority>();
    }
};

std::unique_ptr<spdlog::formatter> make_formatter(format f)
{
    auto formatter =
        std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "\n");
    formatter->add_flag<journal_priority>('*');
    switch (f) {
    case format::text: formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v"); break;
    case format::json:
        formatter->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%v})");
        break;
    case format::journal: formatter->set_pattern("<%*>%v"); break;
    }
    return formatter;
}

class sink : public spdlog::sinks::base_sink<std::mutex> {
public:
    sink(format f, int descriptor)
        : spdlog::sinks::base_sink<std::mutex>(make_formatter(f)), format_(f), out_(descriptor)
    {
    }

protected:
    void sink_it_(const spdlog::details::log_msg& line) override
    {
        if (!put(line) || out_.lost() == 0)
            return;
        const std::string report =
            compose(format_, "log lines were lost, nobody read them", {{"lost", out_.lost()}});
        if (put({"", spdlog::level::warn, report}))
            out_.forget_lost();
    }
    void flush_() override {} // every line is written at once

private:
    bool put(const spdlog::details::log_msg& line)
    {
        spdlog::memory_buf_t text;
        formatter_->format(line, text);
        return out_.write({text.data(), text.size()});
    }

    log::format format_;
    line_writer out_;
};

struct destination {
    explicit destination(const options& o)
        : format(o.format), logger("weir", std::make_shared<sink>(o.format, o.descriptor))
    {
        logger.set_level(to_spdlog(o.least));
    }

    log::format format;
    spdlog::logger logger;
};

std::unique_ptr<destination>& current()
{
    static std::unique_ptr<destination> d = std::make_unique<destination>(options{});
    return d;
}

// systemd names the journal's socket as "device:inode", so that a process whose stderr was
// redirected elsewhere by its parent can tell (systemd.exec(5), JOURNAL_STREAM).
bool is_journal(int descriptor)
{
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat s {};
    if (!stream || ::fstat(descriptor, &s) != 0)
        return false;
    return std::to_string(s.st_dev) + ":" + std::to_string(s.st_ino) == stream;
}

} // namespace

void write(level l, std::string_view message, fields extra)
{
    destination& d = *current();
    if (d.logger.should_log(to_spdlog(l)))
        d.logger.log(to_spdlog(l), spdlog::string_view_t{compose(d.format, message, extra)});
}

void start(options o)
{
    if (o.format == format::text && is_journal(o.descriptor))
        o.format = format::journal;
    current() = std::make_unique<destination>(o);
}

void set_least(level l) { current()->logger.set_level(to_spdlog(l)); }

void never_show(std::string secret) { secrets().add(std::move(secret)); }

void value::append_to(std::string& line, log::format f) const
{
    const auto append_number = [&](auto number) {
        std::array<char, 32> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        line.append(digits.data(), end);
    };
    // Text that could be taken for something else is quoted, as JSON quotes it.
    const auto append_text = [&](std::string_view text) {
        const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                   std::string_view{"_-./:@+,*"}.find(c) != std::string_view::npos;
        });
        if (plain && f != format::json)
            line += text;
        else
            append_json_string(line, text);
    };
    switch (held_.index()) {
    case 0: line += std::get<bool>(held_) ? "true" : "false"; break;
    case 1: append_number(std::get<std::int64_t>(held_)); break;
    case 2: append_number(std::get<std::uint64_t>(held_)); break;
    case 3:
        if (const double number = std::get<double>(held_); std::isfinite(number))
            append_number(number);
        else
            append_text("not a number"); // JSON has no word for it
        break;
    default: append_text(shown(std::get<std::string_view>(held_))); break;
    }
}

std::optional<std::uint64_t> once_per::pass(time_point now)
{
    if (last_ && now - *last_ < period_) {
        ++unsaid_;
        return std::nullopt;
    }
    last_ = now;
    return std::exchange(unsaid_, 0);
}

} // namespace weir::log
