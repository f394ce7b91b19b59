#include "pool/pgwire/session_settings.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace weir::pgwire {

namespace {

constexpr std::array<std::string_view, 8> tracked_names{
    "application_name",
    "client_encoding",
    "datestyle",
    "default_transaction_read_only",
    "intervalstyle",
    "session_authorization",
    "standard_conforming_strings",
    "timezone",
};

std::string quoted(std::string_view text, char quote)
{
    std::string out{quote};
    for (const char c : text) {
        if (c == quote)
            out += quote;
        out += c;
    }
    return out += quote;
}

std::string key_of(const settings_map& settings)
{
    std::string key;
    for (const auto& [name, value] : settings)
        (key += name).append(1, '\0').append(value).append(1, '\0');
    return key;
}

// The words of `options`, split as PostgreSQL's pg_split_opts does: at blanks, with \ as the
// escape; one at the very end escapes nothing.
std::vector<std::string> split_options(std::string_view text)
{
    std::vector<std::string> words;
    bool open = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (std::string_view{" \t\n\r\f\v"}.find(text[i]) != std::string_view::npos) {
            open = false;
            continue;
        }
        if (!std::exchange(open, true))
            words.emplace_back();
        if (text[i] == '\\' && ++i == text.size())
            break;
        words.back() += text[i];
    }
    return words;
}

result<void> add_option(std::string_view assignment, settings_map& out)
{
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos || equals == 0)
        return error{"42601", "-c " + std::string(assignment) + " requires a value"};
    std::string name = lower(assignment.substr(0, equals));
    std::replace(name.begin(), name.end(), '-', '_'); // --search-path=x, as PostgreSQL takes it
    out[name] = assignment.substr(equals + 1);
    return {};
}

result<void> add_options(std::string_view text, settings_map& out)
{
    const std::vector<std::string> words = split_options(text);
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string_view word = words[i];
        if (word == "-c" && i + 1 < words.size())
            word = words[++i];
        else if (word.starts_with("-c") || word.starts_with("--"))
            word.remove_prefix(2);
        else
            return error{"0A000",
                         "options: \"" + words[i] + "\" is not served",
                         {},
                         "Only settings can be given: options=-c name=value."};
        if (auto added = add_option(word, out); !added)
            return added;
    }
    return {};
}

} // namespace

std::string literal(std::string_view text)
{
    std::string out = quoted(text, '\'');
    if (text.find('\\') == std::string_view::npos)
        return out;
    std::string escaped = " E"; // right under either setting of standard_conforming_strings
    for (const char c : out) {
        if (c == '\\')
            escaped += '\\';
        escaped += c;
    }
    return escaped;
}

std::string lower(std::string_view text)
{
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return out;
}

bool is_tracked(std::string_view name)
{
    return std::binary_search(tracked_names.begin(), tracked_names.end(), lower(name));
}

settings_map tracked_settings(const parameter_list& reported)
{
    settings_map out;
    for (const auto& [name, value] : reported)
        if (is_tracked(name))
            out[lower(name)] = value;
    return out;
}

namespace {

constexpr std::string_view role = "role";
constexpr std::string_view user = "session_authorization";

bool is_identity(std::string_view name) { return name == role || name == user; }

std::string_view value_of(const settings_map& settings, std::string_view name)
{
    const auto found = settings.find(name);
    return found == settings.end() ? std::string_view{} : std::string_view{found->second};
}

std::string replay_of_settings(const settings_map& have, const settings_map& want)
{
    std::string sql;
    for (const auto& [name, value] : have)
        if (!is_identity(name) && !want.contains(name))
            sql += "RESET " + quoted(name, '"') + ";";
    for (const auto& [name, value] : want) {
        const auto now = have.find(name);
        if (is_identity(name) || (now != have.end() && now->second == value))
            continue;
        // set_config takes the value as the startup message gave it; SET would quote a list such as
        // search_path's into one name. SET is the cheaper for the rest.
        if (is_tracked(name))
            sql += "SET " + name + "=" + literal(value) + ";";
        else
            sql +=
                "SELECT pg_catalog.set_config(" + literal(name) + "," + literal(value) + ",false);";
    }
    return sql;
}

} // namespace

bool differ_in_identity(const settings_map& have, const settings_map& want)
{
    return value_of(have, role) != value_of(want, role) ||
           value_of(have, user) != value_of(want, user);
}

// Settings are made by the user that logged in, who may make them all; so the role is laid down
// first and taken up last. SET SESSION AUTHORIZATION ends the role as well.
std::string replay(const settings_map& have, const settings_map& want)
{
    std::string sql = replay_of_settings(have, want);
    if (sql.empty() && !differ_in_identity(have, want))
        return sql;
    std::string first;
    std::string last;
    if (!value_of(have, role).empty())
        first = "RESET ROLE;";
    if (value_of(have, user) != value_of(want, user)) {
        first += "RESET SESSION AUTHORIZATION;";
        if (!value_of(want, user).empty())
            last = "SET SESSION AUTHORIZATION " + literal(value_of(want, user)) + ";";
    }
    if (!value_of(want, role).empty())
        last += "SET ROLE " + literal(value_of(want, role)) + ";";
    return first + sql + last;
}

settings_map tracked_part(const settings_map& settings)
{
    settings_map out = settings;
    std::erase_if(out, [](const auto& setting) { return !is_tracked(setting.first); });
    return out;
}

result<settings_map>
startup_settings(const std::vector<std::pair<std::string_view, std::string_view>>& parameters)
{
    settings_map out;
    for (const auto& [name, value] : parameters)
        if (name == "options")
            if (auto added = add_options(value, out); !added)
                return added.error();
    for (const auto& [name, value] : parameters)
        if (name != "options" && name != "user" && name != "database" && name != "replication" &&
            !name.starts_with("_pq_."))
            out[lower(name)] = value;
    return out;
}

settings_ptr settings_registry::intern(settings_map settings)
{
    std::weak_ptr<const settings_map>& known = known_[key_of(settings)];
    settings_ptr shared = known.lock();
    if (!shared) {
        shared = std::make_shared<const settings_map>(std::move(settings));
        known = shared;
        if (known_.size() >= sweep_at_)
            forget_the_unused();
    }
    return shared;
}

settings_ptr
settings_registry::with(const settings_ptr& base, std::string_view name, std::string_view value)
{
    const std::string key = lower(name);
    if (const auto found = base->find(key); found != base->end() && found->second == value)
        return base;
    settings_map changed = *base;
    changed[key] = value;
    return intern(std::move(changed));
}

void settings_registry::forget_the_unused()
{
    std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * known_.size());
}

} // namespace weir::pgwire
