#include "pool/sqlite/session_settings.hpp"

#include "pool/sqlite/datetime.hpp"
#include "pool/sqlite/time_zone.hpp"
#include "pool/sqlite/value_codecs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>

namespace weir::sqlite {

namespace {

enum class kind : std::uint8_t {
    text,
    boolean,
    number,
    duration, // kept in milliseconds, shown with PostgreSQL's largest unit
    choice,   // one of `choices`
    date_style,
    interval_style,
    zone,
    encoding, // UTF8 alone
    fixed,    // SHOW only
};

struct setting {
    std::string_view name; // as PostgreSQL spells it
    kind is;
    std::string_view initial;
    std::string_view choices = {}; // "a|b"
    bool reported = false;         // ParameterStatus when it changes
};

constexpr std::string_view isolation_levels =
    "serializable|repeatable read|read committed|read uncommitted";
constexpr std::string_view message_levels =
    "debug5|debug4|debug3|debug2|debug1|debug|log|info|notice|warning|error";

// In the order of SHOW ALL: by name, case apart. The second group of each pair below changes
// nothing here; clients, pg_dump's output and migration scripts set them all the same.
constexpr std::array settings{
    setting{"application_name", kind::text, "", {}, true},
    setting{"array_nulls", kind::boolean, "on"},
    setting{"backslash_quote", kind::text, "safe_encoding"},
    setting{"block_size", kind::fixed, "8192"},
    setting{"bytea_output", kind::choice, "hex", "hex|escape"},
    setting{"check_function_bodies", kind::boolean, "on"},
    setting{"client_encoding", kind::encoding, "UTF8", {}, true},
    setting{"client_min_messages", kind::choice, "notice", message_levels},
    setting{"constraint_exclusion", kind::text, "partition"},
    setting{"cursor_tuple_fraction", kind::text, "0.1"},
    setting{"DateStyle", kind::date_style, "ISO, MDY", {}, true},
    setting{"deadlock_timeout", kind::duration, "1000"},
    setting{"default_table_access_method", kind::text, "heap"},
    setting{"default_tablespace", kind::text, ""},
    setting{"default_toast_compression", kind::text, "pglz"},
    setting{"default_transaction_deferrable", kind::boolean, "off"},
    setting{"default_transaction_isolation", kind::choice, "read committed", isolation_levels},
    setting{"default_transaction_read_only", kind::boolean, "off", {}, true},
    setting{"effective_cache_size", kind::text, "4GB"},
    setting{"enable_bitmapscan", kind::boolean, "on"},
    setting{"enable_hashagg", kind::boolean, "on"},
    setting{"enable_hashjoin", kind::boolean, "on"},
    setting{"enable_indexonlyscan", kind::boolean, "on"},
    setting{"enable_indexscan", kind::boolean, "on"},
    setting{"enable_material", kind::boolean, "on"},
    setting{"enable_mergejoin", kind::boolean, "on"},
    setting{"enable_nestloop", kind::boolean, "on"},
    setting{"enable_seqscan", kind::boolean, "on"},
    setting{"enable_sort", kind::boolean, "on"},
    setting{"escape_string_warning", kind::boolean, "on"},
    setting{"extra_float_digits", kind::number, "1"},
    setting{"from_collapse_limit", kind::number, "8"},
    setting{"geqo", kind::boolean, "on"},
    setting{"gin_pending_list_limit", kind::text, "4MB"},
    setting{"idle_in_transaction_session_timeout", kind::duration, "0"},
    setting{"idle_session_timeout", kind::duration, "0"},
    setting{"in_hot_standby", kind::fixed, "off", {}, true},
    setting{"integer_datetimes", kind::fixed, "on", {}, true},
    setting{"IntervalStyle", kind::interval_style, "postgres", {}, true},
    setting{"is_superuser", kind::fixed, "off", {}, true},
    setting{"jit", kind::boolean, "on"},
    setting{"join_collapse_limit", kind::number, "8"},
    setting{"lc_collate", kind::fixed, "C"},
    setting{"lc_ctype", kind::fixed, "C.UTF-8"},
    setting{"lc_messages", kind::text, "C"},
    setting{"lc_monetary", kind::text, "C"},
    setting{"lc_numeric", kind::text, "C"},
    setting{"lc_time", kind::text, "C"},
    setting{"lo_compat_privileges", kind::boolean, "off"},
    setting{"lock_timeout", kind::duration, "0"},
    setting{"log_min_duration_statement", kind::text, "-1"},
    setting{"log_statement", kind::text, "none"},
    setting{"maintenance_work_mem", kind::text, "64MB"},
    setting{"max_connections", kind::fixed, "100"},
    setting{"max_identifier_length", kind::fixed, "63"},
    setting{"max_index_keys", kind::fixed, "32"},
    setting{"max_parallel_workers_per_gather", kind::number, "2"},
    setting{"plan_cache_mode", kind::text, "auto"},
    setting{"quote_all_identifiers", kind::boolean, "off"},
    setting{"random_page_cost", kind::text, "4"},
    setting{"role", kind::text, "none"},
    setting{"row_security", kind::boolean, "on"},
    setting{"search_path", kind::text, "\"$user\", public"},
    setting{"seq_page_cost", kind::text, "1"},
    setting{"server_encoding", kind::fixed, "UTF8", {}, true},
    setting{"server_version", kind::fixed, "15.0 (weir, SQLite " SQLITE_VERSION ")", {}, true},
    setting{"server_version_num", kind::fixed, "150000"},
    setting{"session_authorization", kind::fixed, "weir", {}, true},
    setting{"session_replication_role", kind::choice, "origin", "origin|replica|local"},
    setting{"standard_conforming_strings", kind::boolean, "on", {}, true},
    setting{"statement_timeout", kind::duration, "0"},
    setting{"synchronize_seqscans", kind::boolean, "on"},
    setting{"synchronous_commit", kind::text, "on"},
    setting{"temp_buffers", kind::text, "8MB"},
    setting{"TimeZone", kind::zone, "UTC", {}, true},
    setting{"timezone_abbreviations", kind::text, "Default"},
    setting{"transaction_deferrable", kind::boolean, "off"},
    setting{"transaction_isolation", kind::choice, "read committed", isolation_levels},
    setting{"transaction_read_only", kind::boolean, "off"},
    setting{"transaction_timeout", kind::duration, "0"},
    setting{"transform_null_equals", kind::boolean, "off"},
    setting{"work_mem", kind::text, "4MB"},
    setting{"xmlbinary", kind::text, "base64"},
    setting{"xmloption", kind::text, "content"},
};

std::string lowered(std::string_view text)
{
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

const setting* find(std::string_view name)
{
    if (const auto exact = std::ranges::find(settings, name, &setting::name);
        exact != settings.end())
        return &*exact;
    const std::string lower = lowered(name);
    const auto found =
        std::ranges::find_if(settings, [&](const setting& s) { return lowered(s.name) == lower; });
    return found == settings.end() ? nullptr : &*found;
}

error unknown(std::string_view name)
{
    return {"42704", "unrecognized configuration parameter \"" + std::string{name} + '"'};
}

error bad_value(const setting& s, std::string_view value)
{
    return {"22023",
            "invalid value for parameter \"" + std::string{s.name} + "\": \"" + std::string{value} +
                '"'};
}

std::optional<std::string> checked_choice(const setting& s, std::string_view value)
{
    const std::string wanted = lowered(value);
    std::string_view rest = s.choices;
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find('|'));
        if (one == wanted)
            return wanted;
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    }
    return std::nullopt;
}

struct time_unit {
    std::string_view name;
    std::int64_t ms;
};
constexpr std::array time_units{time_unit{"d", 86'400'000},
                                time_unit{"h", 3'600'000},
                                time_unit{"min", 60'000},
                                time_unit{"s", 1'000},
                                time_unit{"ms", 1}};

std::optional<std::string> checked_duration(std::string_view value)
{
    value = trimmed(value);
    std::int64_t amount = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), amount);
    if (failed != std::errc{} || amount < 0)
        return std::nullopt;
    const std::string_view unit =
        trimmed(value.substr(static_cast<std::size_t>(end - value.data())));
    constexpr std::int64_t longest = 2'147'483'647; // as PostgreSQL: 32 bits of milliseconds
    for (const time_unit& u : time_units)
        if ((u.name == unit || (unit.empty() && u.ms == 1)) && amount <= longest / u.ms)
            return std::to_string(amount * u.ms);
    return std::nullopt;
}

// 60000 is shown as 1min.
std::string shown_duration(std::string_view value)
{
    std::int64_t ms = 0;
    std::from_chars(value.data(), value.data() + value.size(), ms);
    for (const time_unit& u : time_units)
        if (ms != 0 && ms % u.ms == 0)
            return std::to_string(ms / u.ms).append(u.name);
    return "0";
}

std::optional<std::string> checked_number(std::string_view value)
{
    const auto parsed = parse_integer(value, type::int4);
    if (!parsed)
        return std::nullopt;
    return std::to_string(*parsed);
}

std::optional<std::string> checked_date_style(std::string_view value, std::string_view before)
{
    const auto format = date_format::parse(value);
    if (!format)
        return std::nullopt;
    constexpr std::array<std::string_view, 4> styles{"ISO", "SQL", "Postgres", "German"};
    constexpr std::array<std::string_view, 3> orders{"MDY", "DMY", "YMD"};
    // "ISO" alone leaves the order as it was, "DMY" alone the style.
    const std::string lower = lowered(value);
    const auto names = [&](std::string_view word) { return lower.find(word) != std::string::npos; };
    const auto old = date_format::parse(before).value_or(date_format{});
    const bool order_named = names("dy") || names("my") || names("ym") || names("euro") ||
                             names("us") || names("german");
    const bool style_named = names("iso") || names("sql") || names("postgres") || names("german");
    const auto style = static_cast<std::size_t>(style_named ? format->style : old.style);
    const auto order = static_cast<std::size_t>(order_named ? format->order : old.order);
    return std::string{styles[style]}.append(", ").append(orders[order]);
}

// The value in its canonical form, nothing when PostgreSQL would refuse it.
std::optional<std::string>
checked(const setting& s, std::string_view value, std::string_view before)
{
    switch (s.is) {
    case kind::text: return std::string{value};
    case kind::boolean: {
        const auto b = parse_boolean(value);
        return b ? std::optional<std::string>{*b ? "on" : "off"} : std::nullopt;
    }
    case kind::number: return checked_number(value);
    case kind::duration: return checked_duration(value);
    case kind::choice: return checked_choice(s, value);
    case kind::date_style: return checked_date_style(value, before);
    case kind::interval_style: {
        const std::string lower = lowered(value);
        return parse_interval_style(lower) ? std::optional{lower} : std::nullopt;
    }
    case kind::zone: {
        const time_zone* zone = time_zone::from_setting(value);
        return zone ? std::optional{std::string{zone->name()}} : std::nullopt;
    }
    case kind::encoding: { // only letters and digits count: asyncpg says 'utf-8' with its quotes
        std::string name = lowered(value);
        std::erase_if(name, [](unsigned char c) { return !std::isalnum(c); });
        return name == "utf8" || name == "unicode" ? std::optional<std::string>{"UTF8"}
                                                   : std::nullopt;
    }
    case kind::fixed: return std::nullopt;
    }
    return std::nullopt;
}

bool is_custom(std::string_view name) { return name.find('.') != std::string_view::npos; }

// A list such as search_path's; names that are not plain lower case are shown quoted.
std::string joined(const setting* s, std::span<const std::string> values)
{
    std::string all;
    for (const std::string& one : values) {
        const bool is_plain =
            one.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
        const bool quote = s && s->name == "search_path" && (!is_plain || one.empty());
        all.append(all.empty() ? "" : ", ");
        all.append(quote ? '"' + one + '"' : one);
    }
    return all;
}

} // namespace

session_settings::session_settings() : state_{std::make_shared<overrides>(), nullptr}
{
    state_.lasting = state_.now;
}

result<void>
session_settings::set(std::string_view name, std::span<const std::string> values, bool local)
{
    const setting* const s = find(name);
    if (!s && !is_custom(name))
        return unknown(name);
    const std::string value = joined(s, values);
    if (!s) {
        put(name, value, local);
        return {};
    }
    if (s->is == kind::fixed)
        return error{"55P02", "parameter \"" + std::string{s->name} + "\" cannot be changed"};
    if (s->name == "role" && lowered(value) != "none")
        return error{"0A000", "SET ROLE is not supported: a SQLite file has no roles"};
    auto good = checked(*s, value, get(s->name));
    if (!good)
        return bad_value(*s, value);
    // The lexer that reads the statements knows standard strings only.
    if (s->name == "standard_conforming_strings" && *good == "off")
        return error{"0A000", "standard_conforming_strings cannot be turned off"};
    put(s->name, std::move(*good), local || s->name.starts_with("transaction_"));
    return {};
}

result<void> session_settings::reset(std::string_view name)
{
    if (name == "all") {
        state_.now = std::make_shared<overrides>();
        state_.lasting = state_.now;
        changed();
        return {};
    }
    const setting* const s = find(name);
    if (!s && !is_custom(name))
        return unknown(name);
    if (s && s->name == "session_authorization")
        return {}; // it is what it was at login
    if (s && s->is == kind::fixed)
        return error{"55P02", "parameter \"" + std::string{s->name} + "\" cannot be changed"};
    const std::string_view key = s ? s->name : name;
    for (auto* side : {&state_.now, &state_.lasting}) {
        auto without = std::make_shared<overrides>(**side);
        if (const auto found = without->find(key); found != without->end())
            without->erase(found);
        *side = std::move(without);
    }
    changed();
    return {};
}

result<std::string> session_settings::show(std::string_view name) const
{
    const setting* const s = find(name);
    if (s)
        return s->is == kind::duration ? shown_duration(get(s->name)) : std::string{get(s->name)};
    const auto found = state_.now->find(name);
    if (found == state_.now->end())
        return unknown(name);
    return found->second;
}

std::vector<std::pair<std::string, std::string>> session_settings::show_all() const
{
    std::vector<std::pair<std::string, std::string>> all;
    for (const setting& s : settings)
        all.emplace_back(s.name, show(s.name).value());
    return all;
}

std::string session_settings::spelling(std::string_view name)
{
    const setting* const s = find(name);
    return std::string{s ? s->name : name};
}

void session_settings::begin() { undo_.assign(1, state_); }

void session_settings::commit()
{
    state_.now = state_.lasting; // SET LOCAL ends here
    undo_.clear();
    changed();
}

void session_settings::rollback()
{
    if (undo_.empty())
        return;
    state_ = undo_.front();
    state_.now = state_.lasting;
    undo_.clear();
    changed();
}

void session_settings::savepoint() { undo_.push_back(state_); }

void session_settings::release(std::size_t savepoint) { undo_.resize(savepoint + 1); }

void session_settings::rollback_to(std::size_t savepoint)
{
    state_ = undo_[savepoint + 1];
    undo_.resize(savepoint + 2);
    changed();
}

void session_settings::set_for_transaction(std::string_view name, std::string value)
{
    put(name, std::move(value), true);
}

parameter_list session_settings::reported() const
{
    parameter_list all;
    for (const setting& s : settings)
        if (s.reported)
            all.emplace_back(s.name, get(s.name));
    return all;
}

std::string_view session_settings::get(std::string_view name) const
{
    if (const auto found = state_.now->find(name); found != state_.now->end())
        return found->second;
    if (name.starts_with("transaction_") && name != "transaction_timeout")
        return get("default_" + std::string{name}); // unless BEGIN or SET TRANSACTION said more
    const setting* const s = find(name);
    return s ? s->initial : std::string_view{};
}

std::chrono::milliseconds session_settings::milliseconds(std::string_view name) const
{
    const std::string_view value = get(name);
    std::int64_t ms = 0;
    std::from_chars(value.data(), value.data() + value.size(), ms);
    return std::chrono::milliseconds{ms};
}

void session_settings::put(std::string_view name, std::string value, bool local)
{
    const auto with = [&](const std::shared_ptr<const overrides>& before) {
        auto after = std::make_shared<overrides>(*before);
        after->insert_or_assign(std::string{name}, value);
        return after;
    };
    state_.now = with(state_.now);
    if (!local)
        state_.lasting = with(state_.lasting);
    changed();
}

void session_settings::changed()
{
    output_.date_style = get("DateStyle");
    output_.interval_style = get("IntervalStyle");
    output_.time_zone = get("TimeZone");
    output_.bytea_output = get("bytea_output");
    output_.extra_float_digits = 1;
    const std::string_view digits = get("extra_float_digits");
    std::from_chars(digits.data(), digits.data() + digits.size(), output_.extra_float_digits);
    statement_timeout_ = milliseconds("statement_timeout");
    lock_timeout_ = milliseconds("lock_timeout");
}

} // namespace weir::sqlite
