#include "config/knobs.hpp"

#include "config/duration.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <optional>

namespace weir {

namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;
using kind = raw_value::kind;

template <class T>
std::optional<T> whole_number(std::string_view text, int base = 10)
{
    T value{};
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value, base);
    if (failure != std::errc{} || stop != end)
        return std::nullopt;
    return value;
}

std::optional<std::int64_t> as_integer(const raw_value& v)
{
    if (v.is == kind::integer)
        return v.integer;
    if (v.is == kind::text && !v.is_typed)
        return whole_number<std::int64_t>(v.text);
    return std::nullopt;
}

template <class T>
bool set_number(T& target, const raw_value& v, std::int64_t least, std::int64_t most)
{
    const std::optional<std::int64_t> number = as_integer(v);
    if (!number || *number < least || *number > most)
        return false;
    target = static_cast<T>(*number);
    return true;
}

bool set_duration(milliseconds& target, const raw_value& v, milliseconds least, milliseconds most)
{
    const bool is_bare = v.is == kind::integer;
    if (!is_bare && v.is != kind::text)
        return false;
    const auto duration = parse_duration(is_bare ? std::to_string(v.integer) : v.text);
    if (!duration || *duration < least || *duration > most)
        return false;
    target = *duration;
    return true;
}

bool set_duration_or_never(milliseconds& target, const raw_value& v, milliseconds most)
{
    const bool is_never = as_integer(v) == -1 || (v.is == kind::text && v.text == "-1");
    if (is_never)
        target = milliseconds{-1};
    return is_never || set_duration(target, v, 0ms, most);
}

bool set_switch(bool& target, const raw_value& v)
{
    constexpr std::array<std::string_view, 4> on{"true", "on", "yes", "1"};
    constexpr std::array<std::string_view, 4> off{"false", "off", "no", "0"};
    if (v.is == kind::boolean) {
        target = v.boolean;
        return true;
    }
    if (v.is != kind::text || v.is_typed)
        return false;
    std::string lower = v.text; // True, ON
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    });
    target = std::ranges::count(on, lower) != 0;
    return target || std::ranges::count(off, lower) != 0;
}

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

bool set_text(std::string& target, const raw_value& v)
{
    if (v.is != kind::text || v.text.empty() || has_nul(v.text))
        return false;
    target = v.text;
    return true;
}

bool set_names(std::vector<std::string>& target, const raw_value& v)
{
    if (v.is != kind::list || std::ranges::any_of(v.list, &std::string::empty))
        return false;
    target = v.list;
    return true;
}

// An argument vector, or a line for the shell; the empty vector is no command.
bool set_command(std::vector<std::string>& target, const raw_value& v)
{
    if (v.is == kind::text && !v.text.empty())
        target = {"/bin/sh", "-c", v.text};
    else if (v.is == kind::list && (v.list.empty() || !v.list.front().empty()))
        target = v.list;
    else
        return false;
    return std::ranges::none_of(target, [](const std::string& word) { return has_nul(word); });
}

bool set_variables(std::vector<std::pair<std::string, std::string>>& target, const raw_value& v)
{
    const auto is_wrong = [](const auto& variable) {
        const auto& [name, value] = variable;
        return name.empty() || name.find('=') != std::string::npos || has_nul(name) ||
               has_nul(value);
    };
    if (v.is != kind::table || std::ranges::any_of(v.table, is_wrong))
        return false;
    target = v.table;
    return true;
}

// What PostgreSQL takes for a name without cutting it short.
bool set_identifier(std::string& target, const raw_value& v)
{
    return v.text.size() <= 63 && set_text(target, v);
}

// "0660"; a JSON number is refused, since 660 would be decimal there.
bool set_mode(unsigned& target, const raw_value& v)
{
    if (v.is != kind::text || v.text.size() < 3 || v.text.size() > 4)
        return false;
    const std::optional<unsigned> mode = whole_number<unsigned>(v.text, 8);
    if (!mode || *mode > 0777)
        return false;
    target = *mode;
    return true;
}

bool is_ip_address(const std::string& text)
{
    in6_addr scratch{};
    return inet_pton(AF_INET, text.c_str(), &scratch) == 1 ||
           inet_pton(AF_INET6, text.c_str(), &scratch) == 1;
}

bool set_endpoint(std::optional<ip_endpoint>& target, const raw_value& v)
{
    if (v.is != kind::text)
        return false;
    if (v.text.empty() || v.text == "off") {
        target.reset();
        return true;
    }
    const std::size_t colon = v.text.rfind(':');
    if (colon == std::string::npos)
        return false;
    std::string host = v.text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']') && host.find(':') != std::string::npos)
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string::npos)
        return false; // where the address ends in ::1:9127 is a guess
    if (host == "localhost")
        host = "127.0.0.1";
    const auto port = whole_number<std::uint16_t>(std::string_view(v.text).substr(colon + 1));
    if (!is_ip_address(host) || !port)
        return false;
    target = ip_endpoint{std::move(host), *port};
    return true;
}

template <class Enum>
struct word {
    std::string_view text;
    Enum value;
};

template <class Enum, std::size_t N>
bool set_word(Enum& target, const raw_value& v, const std::array<word<Enum>, N>& words)
{
    const auto found = std::ranges::find(words, v.text, &word<Enum>::text);
    if (v.is != kind::text || found == words.end())
        return false;
    target = found->value;
    return true;
}

constexpr std::array log_formats{
    word<log_format>{"text", log_format::text},
    word<log_format>{"json", log_format::json},
};

constexpr std::array log_levels{
    word<log_level>{"debug", log_level::debug},
    word<log_level>{"info", log_level::info},
    word<log_level>{"warning", log_level::warning},
    word<log_level>{"error", log_level::error},
};

using value = const raw_value&;

constexpr std::array daemon_table{
    knob<settings>{"listen.socket_dir",
                   "WEIR_SOCKET_DIR",
                   [](settings& s, value v) { return set_text(s.listen.socket_dir, v); },
                   "the path of a directory"},
    knob<settings>{"listen.port",
                   "WEIR_PORT",
                   [](settings& s, value v) { return set_number(s.listen.port, v, 1, 65'535); },
                   "a number from 1 to 65535"},
    knob<settings>{"listen.mode",
                   "",
                   [](settings& s, value v) { return set_mode(s.listen.mode, v); },
                   "an octal mode in quotes, like \"0660\""},
    knob<settings>{"listen.group",
                   "",
                   [](settings& s, value v) { return set_text(s.listen.group, v); },
                   "the name of a group"},
    knob<settings>{"listen.allow.users",
                   "",
                   [](settings& s, value v) { return set_names(s.listen.allow.users, v); },
                   "a list of user names"},
    knob<settings>{"listen.allow.groups",
                   "",
                   [](settings& s, value v) { return set_names(s.listen.allow.groups, v); },
                   "a list of group names"},
    knob<settings>{"keep_clients",
                   "WEIR_KEEP_CLIENTS",
                   [](settings& s, value v) { return set_switch(s.keep_clients, v); },
                   "true or false"},
    knob<settings>{"admin.users",
                   "",
                   [](settings& s, value v) { return set_names(s.admin.users, v); },
                   "a list of user names"},
    knob<settings>{"admin.groups",
                   "",
                   [](settings& s, value v) { return set_names(s.admin.groups, v); },
                   "a list of group names"},
    knob<settings>{"metrics.listen",
                   "WEIR_METRICS",
                   [](settings& s, value v) { return set_endpoint(s.metrics, v); },
                   "an address and a port like 127.0.0.1:9127 or [::1]:9127, or off"},
    knob<settings>{"metrics.hosts",
                   "",
                   [](settings& s, value v) { return set_names(s.metrics_hosts, v); },
                   "a list of host names"},
    knob<settings>{"log.format",
                   "",
                   [](settings& s, value v) { return set_word(s.log.format, v, log_formats); },
                   "text or json"},
    knob<settings>{"log.level",
                   "",
                   [](settings& s, value v) { return set_word(s.log.level, v, log_levels); },
                   "debug, info, warning or error"},
    knob<settings>{
        "max_client_conn",
        "",
        [](settings& s, value v) { return set_number(s.max_client_conn, v, 1, 1'000'000); },
        "a number from 1 to 1000000"},
    knob<settings>{
        "client_login_timeout",
        "",
        [](settings& s, value v) { return set_duration(s.client_login_timeout, v, 100ms, 1h); },
        "a duration from 100ms to 1h, like 60s"},
    knob<settings>{
        "client_idle_timeout",
        "",
        [](settings& s, value v) { return set_duration(s.client_idle_timeout, v, 0ms, 24h * 365); },
        "a duration from 0 (never) to 365d, like 1h"},
    knob<settings>{
        // less than `weir serve --takeover` waits for the weir that runs: 60 s
        "shutdown_timeout",
        "",
        [](settings& s, value v) { return set_duration(s.shutdown_timeout, v, 0ms, 45s); },
        "a duration from 0 to 45s, like 30s"},
};

using pool = pool_settings;

constexpr std::array reset_policies{
    word<reset_policy>{"when-dirty", reset_policy::when_dirty},
    word<reset_policy>{"always", reset_policy::always},
    word<reset_policy>{"never", reset_policy::never},
};

constexpr std::array budget_policies{
    word<budget_policy>{"warn", budget_policy::warn},
    word<budget_policy>{"fit", budget_policy::fit},
    word<budget_policy>{"refuse", budget_policy::refuse},
};

constexpr std::array pin_words{
    word<pin_policy>{"pin", pin_policy::pin},
    word<pin_policy>{"reset", pin_policy::reset},
    word<pin_policy>{"reject", pin_policy::reject},
};

template <pin_policy pin_policies::*kind>
bool set_pin_policy(pool_settings& p, const raw_value& v)
{
    return set_word(p.pins.*kind, v, pin_words);
}

constexpr std::string_view must_be_pin_policy = "pin, reset or reject";

constexpr std::array pool_table{
    knob<pool>{"size",
               "DB_POOL_SIZE",
               [](pool& p, value v) { return set_number(p.size, v, 0, 100'000); },
               "0 (no limit) or more, up to 100000"},
    knob<pool>{"max_overflow",
               "DB_MAX_OVERFLOW",
               [](pool& p, value v) { return set_number(p.max_overflow, v, -1, 100'000); },
               "-1 (no limit), 0 (none) or more, up to 100000"},
    knob<pool>{"budget",
               "",
               [](pool& p, value v) { return set_word(p.budget, v, budget_policies); },
               "warn, fit or refuse"},
    knob<pool>{"timeout",
               "DB_POOL_TIMEOUT",
               [](pool& p, value v) { return set_duration(p.timeout, v, 0ms, 24h); },
               "a duration from 0 to 1d, like 30s"},
    knob<pool>{"recycle",
               "DB_POOL_RECYCLE",
               [](pool& p, value v) { return set_duration_or_never(p.recycle, v, 24h * 365); },
               "-1 (never) or a duration from 0 to 365d, like 30min"},
    knob<pool>{"pre_ping",
               "DB_POOL_PRE_PING",
               [](pool& p, value v) { return set_switch(p.pre_ping, v); },
               "true or false"},
    knob<pool>{"pre_ping_after",
               "",
               [](pool& p, value v) { return set_duration(p.pre_ping_after, v, 0ms, 24h); },
               "a duration from 0 to 1d, like 30s"},
    knob<pool>{"use_lifo",
               "DB_POOL_USE_LIFO",
               [](pool& p, value v) { return set_switch(p.use_lifo, v); },
               "true or false"},
    knob<pool>{"overflow_linger",
               "DB_POOL_OVERFLOW_LINGER",
               [](pool& p, value v) { return set_duration(p.overflow_linger, v, 0ms, 24h); },
               "a duration from 0 (close at once) to 1d, like 5s"},
    knob<pool>{"min_idle",
               "",
               [](pool& p, value v) { return set_number(p.min_idle, v, 0, 100'000); },
               "0 or more, up to the pool's size"},
    knob<pool>{"idle_timeout",
               "",
               [](pool& p, value v) { return set_duration(p.idle_timeout, v, 0ms, 24h * 365); },
               "a duration from 0 (never) to 365d, like 10min"},
    knob<pool>{"max_waiting",
               "",
               [](pool& p, value v) { return set_number(p.max_waiting, v, 0, 1'000'000); },
               "0 (no limit) or more, up to 1000000"},
    knob<pool>{"connect_timeout",
               "",
               [](pool& p, value v) { return set_duration(p.connect_timeout, v, 100ms, 1h); },
               "a duration from 100ms to 1h, like 10s"},
    knob<pool>{"query_timeout",
               "",
               [](pool& p, value v) { return set_duration(p.query_timeout, v, 0ms, 24h * 7); },
               "a duration from 0 (none) to 7d, like 5min"},
    knob<pool>{
        "idle_transaction_timeout",
        "",
        [](pool& p, value v) { return set_duration(p.idle_transaction_timeout, v, 0ms, 24h * 7); },
        "a duration from 0 (none) to 7d, like 1min"},
    knob<pool>{
        "transaction_timeout",
        "",
        [](pool& p, value v) { return set_duration(p.transaction_timeout, v, 0ms, 24h * 7); },
        "a duration from 0 (none) to 7d, like 10min"},
    knob<pool>{"log_min_duration",
               "",
               [](pool& p, value v) { return set_duration_or_never(p.log_min_duration, v, 24h); },
               "-1 (never) or a duration from 0 to 1d, like 5s"},
    knob<pool>{"log_literals",
               "",
               [](pool& p, value v) { return set_switch(p.log_literals, v); },
               "true or false"},
    knob<pool>{"free_answers",
               "",
               [](pool& p, value v) { return set_switch(p.free_answers, v); },
               "true or false"},
    knob<pool>{"hold_back_begin",
               "",
               [](pool& p, value v) { return set_switch(p.hold_back_begin, v); },
               "true or false"},
    knob<pool>{"reset",
               "",
               [](pool& p, value v) { return set_word(p.reset, v, reset_policies); },
               "when-dirty, always or never"},
    knob<pool>{
        "pins.temp_tables", "", set_pin_policy<&pin_policies::temp_tables>, must_be_pin_policy},
    knob<pool>{
        "pins.hold_cursors", "", set_pin_policy<&pin_policies::hold_cursors>, must_be_pin_policy},
    knob<pool>{"pins.advisory_locks",
               "",
               set_pin_policy<&pin_policies::advisory_locks>,
               must_be_pin_policy},
    knob<pool>{"pins.load", "", set_pin_policy<&pin_policies::load>, must_be_pin_policy},
    knob<pool>{"pins.prepare", "", set_pin_policy<&pin_policies::prepare>, must_be_pin_policy},
    knob<pool>{"max_pinned",
               "",
               [](pool& p, value v) { return set_number(p.max_pinned, v, -1, 100'000); },
               "-1 (half of the pool's size), 0 (none) or more, up to 100000"},
    knob<pool>{"allow_sql_prepare",
               "",
               [](pool& p, value v) { return set_switch(p.allow_sql_prepare, v); },
               "true or false"},
    knob<pool>{"stateful_functions",
               "",
               [](pool& p, value v) { return set_names(p.stateful_functions, v); },
               "a list of function names"},
    knob<pool>{"session_pool_size",
               "",
               [](pool& p, value v) { return set_number(p.session_pool_size, v, 0, 100'000); },
               "0 (none) or more, up to 100000"},
    knob<pool>{"session_lane.application_name",
               "",
               [](pool& p, value v) { return set_names(p.session_applications, v); },
               "a list of application names"},
};

using migration = migration_settings;

constexpr std::array failure_policies{
    word<migration::failure_policy>{"closed", migration::failure_policy::closed},
    word<migration::failure_policy>{"exit", migration::failure_policy::exit},
    word<migration::failure_policy>{"serve", migration::failure_policy::serve},
};

constexpr std::array edit_policies{
    word<migration::edit_policy>{"warn", migration::edit_policy::warn},
    word<migration::edit_policy>{"refuse", migration::edit_policy::refuse},
};

constexpr std::array command_orders{
    word<migration::command_order>{"first", migration::command_order::first},
    word<migration::command_order>{"last", migration::command_order::last},
};

constexpr std::array migration_table{
    knob<migration>{"on_boot",
                    "WEIR_MIGRATIONS_ON_BOOT",
                    [](migration& m, value v) { return set_switch(m.on_boot, v); },
                    "true or false"},
    knob<migration>{"dir",
                    "WEIR_MIGRATIONS_DIR",
                    [](migration& m, value v) {
                        m.dir_is_default = false;
                        return set_text(m.dir, v);
                    },
                    "the path of a directory"},
    knob<migration>{"command",
                    "WEIR_MIGRATIONS_COMMAND",
                    [](migration& m, value v) { return set_command(m.command, v); },
                    "a list of words, or a text for the shell"},
    knob<migration>{"current_command",
                    "",
                    [](migration& m, value v) { return set_command(m.current_command, v); },
                    "a list of words, or a text for the shell"},
    knob<migration>{"order",
                    "",
                    [](migration& m, value v) { return set_word(m.order, v, command_orders); },
                    "first (the command before the revisions) or last"},
    knob<migration>{"env",
                    "",
                    [](migration& m, value v) { return set_variables(m.env, v); },
                    "an object of texts like {\"APP_ENV\": \"production\"}"},
    knob<migration>{"cwd",
                    "",
                    [](migration& m, value v) { return set_text(m.cwd, v); },
                    "the path of a directory"},
    knob<migration>{"timeout",
                    "",
                    [](migration& m, value v) { return set_duration(m.timeout, v, 0ms, 24h * 7); },
                    "a duration from 0 (none) to 7d, like 10min"},
    knob<migration>{"version_table",
                    "",
                    [](migration& m, value v) { return set_identifier(m.version_table, v); },
                    "the name of a table, of at most 63 bytes"},
    knob<migration>{"version_table_schema",
                    "",
                    [](migration& m, value v) { return set_identifier(m.version_table_schema, v); },
                    "the name of a schema, of at most 63 bytes"},
    knob<migration>{"wait",
                    "WEIR_MIGRATIONS_WAIT",
                    [](migration& m, value v) { return set_duration(m.wait, v, 0ms, 24h); },
                    "a duration from 0 to 1d, like 60s"},
    knob<migration>{"lock_wait",
                    "",
                    [](migration& m, value v) { return set_duration(m.lock_wait, v, 0ms, 24h); },
                    "a duration from 0 to 1d, like 10min"},
    knob<migration>{"lock_timeout",
                    "",
                    [](migration& m, value v) { return set_duration(m.lock_timeout, v, 0ms, 24h); },
                    "a duration from 0 (none) to 1d, like 5s"},
    knob<migration>{
        "statement_timeout",
        "",
        [](migration& m, value v) { return set_duration(m.statement_timeout, v, 0ms, 24h * 7); },
        "a duration from 0 (none) to 7d, like 10min"},
    knob<migration>{
        "on_failure",
        "WEIR_MIGRATIONS_ON_FAILURE",
        [](migration& m, value v) { return set_word(m.on_failure, v, failure_policies); },
        "closed, exit or serve"},
    knob<migration>{"on_edited",
                    "",
                    [](migration& m, value v) { return set_word(m.on_edited, v, edit_policies); },
                    "warn or refuse"},
};

} // namespace

std::string shown(const raw_value& v)
{
    switch (v.is) {
    case kind::integer: return std::to_string(v.integer);
    case kind::boolean: return v.boolean ? "true" : "false";
    case kind::list: return "a list";
    case kind::table: return "an object";
    case kind::other: return v.text; // what it is, not what is in it
    case kind::text: break;
    }
    // A URL that slipped into the wrong place may hold a password, and a line break forges a log.
    const bool is_harmless = v.text.find('@') == std::string::npos &&
                             v.text.find("://") == std::string::npos &&
                             std::ranges::none_of(v.text, [](unsigned char c) { return c < 0x20; });
    return is_harmless ? "\"" + v.text + "\"" : "a text that is not shown here";
}

std::span<const knob<settings>> daemon_knobs() { return daemon_table; }
std::span<const knob<pool_settings>> pool_knobs() { return pool_table; }
std::span<const knob<migration_settings>> migration_knobs() { return migration_table; }

} // namespace weir
