#include "config/url_options.hpp"

#include "config/suggest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

namespace weir {

namespace {

enum class takes : std::uint8_t {
    text,
    number,  // 0 or more
    flag,    // 0 or 1, as libpq wants it
    choice,  // one of `choices`
    piece,   // goes to the URL's own pieces
    refused, // known, and not possible; `choices` says why
};

struct url_option {
    std::string_view name;
    takes value = takes::text;
    std::string_view choices = {};
};

constexpr std::string_view tls_versions = "TLSv1, TLSv1.1, TLSv1.2, TLSv1.3";

// The keywords of libpq 15 (PostgreSQL documentation, 34.1.2), and prepared_statements.
constexpr std::array postgresql_options{
    url_option{"application_name"},
    url_option{"channel_binding", takes::choice, "disable, prefer, require"},
    url_option{"client_encoding"},
    url_option{"connect_timeout", takes::number},
    url_option{"dbname", takes::piece},
    url_option{"fallback_application_name"},
    url_option{"gssencmode",
               takes::choice,
               "disable, prefer"}, // weir connects without: GSS encryption would hide the bytes
    url_option{"gsslib"},
    url_option{"host", takes::piece},
    url_option{"hostaddr"},
    url_option{"keepalives", takes::flag},
    url_option{"keepalives_count", takes::number},
    url_option{"keepalives_idle", takes::number},
    url_option{"keepalives_interval", takes::number},
    url_option{"krbsrvname"},
    url_option{"options"},
    url_option{"passfile"},
    url_option{"password", takes::piece},
    url_option{"port", takes::piece},
    url_option{"prepared_statements", takes::piece},
    url_option{"replication",
               takes::refused,
               "a replication stream is not a session that clients could share"},
    url_option{"requirepeer"},
    url_option{"service"},
    url_option{"ssl_max_protocol_version", takes::choice, tls_versions},
    url_option{"ssl_min_protocol_version", takes::choice, tls_versions},
    url_option{"sslcert"},
    url_option{"sslcompression", takes::flag},
    url_option{"sslcrl"},
    url_option{"sslcrldir"},
    url_option{"sslkey"},
    url_option{"sslmode", takes::choice, "disable, allow, prefer, require, verify-ca, verify-full"},
    url_option{"sslpassword", takes::piece},
    url_option{"sslrootcert"},
    url_option{"sslsni", takes::flag},
    url_option{"target_session_attrs",
               takes::choice,
               "any, read-write, read-only, primary, standby, prefer-standby"},
    url_option{"tcp_user_timeout", takes::number},
    url_option{"user", takes::piece},
};

constexpr std::array mysql_options{
    url_option{"charset"},
    url_option{"ssl_ca"},
    url_option{"ssl_cert"},
    url_option{"ssl_key"},
    url_option{"ssl_verify_cert", takes::choice, "true, false"},
    url_option{"ssl_verify_identity", takes::choice, "true, false"},
    url_option{"unix_socket"},
};

std::span<const url_option> known_options(database_kind kind)
{
    switch (kind) {
    case database_kind::postgresql: return postgresql_options;
    case database_kind::mysql: return mysql_options;
    case database_kind::sqlite: break; // weir owns the file; a driver's options have no meaning
    }
    return {};
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator)
{
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at != std::string_view::npos;) {
        text.remove_prefix(at);
        at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at != std::string_view::npos)
            at += separator.size();
    }
    return parts;
}

bool is_number(std::string_view text)
{
    int value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    return failure == std::errc{} && stop == end && value >= 0;
}

std::optional<std::uint16_t> parse_port(std::string_view text)
{
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, port);
    if (failure != std::errc{} || stop != end || port == 0)
        return std::nullopt;
    return port;
}

// What the value must be; nothing when it is that.
std::string problem_of_value(const url_option& option, std::string_view value)
{
    const std::string name(option.name);
    switch (option.value) {
    case takes::number:
        return is_number(value) ? "" : "has option " + name + ", which must be a number, 0 or more";
    case takes::flag:
        return value == "0" || value == "1" ? "" : "has option " + name + ", which must be 0 or 1";
    case takes::choice:
        if (std::ranges::count(split(option.choices, ", "), value) != 0)
            return "";
        return "has option " + name + ", which must be one of " + std::string(option.choices);
    case takes::refused:
        return "has option " + name + ", which weir refuses: " + std::string(option.choices);
    case takes::text:
    case takes::piece: break;
    }
    return "";
}

std::string problem_of_unknown(std::string_view name, database_kind kind)
{
    if (kind == database_kind::sqlite)
        return "has option " + std::string(name) +
               "; a SQLite URL takes none, as weir opens the file itself";
    std::vector<std::string_view> names;
    for (const url_option& option : known_options(kind))
        names.push_back(option.name);
    return "has option " + std::string(name) + ", which is not known for " +
           (kind == database_kind::mysql ? "MySQL" : "PostgreSQL") + did_you_mean(name, names);
}

std::string apply_prepared_statements(std::string_view value)
{
    constexpr std::array<std::string_view, 4> off{"false", "no", "off", "0"};
    constexpr std::array<std::string_view, 4> on{"true", "yes", "on", "1"};
    if (std::ranges::count(off, value) != 0)
        return "";
    if (std::ranges::count(on, value) != 0)
        return "has option prepared_statements=true, which weir refuses: it keeps the clients' "
               "prepared statements itself, so that none exists on a server; leave the option out";
    return "has option prepared_statements, which must be false (the default)";
}

// host= in both of SQLAlchemy's forms: "h1,h2" with port= beside it, or "h1:5432" repeated.
std::string apply_hosts(std::string_view value, database_url& url)
{
    const std::uint16_t port = url.hosts.size() == 1 ? url.hosts.front().port : 0;
    url.hosts.clear();
    if (value.ends_with(','))
        return "has option host with an empty host after its last comma";
    for (const std::string_view part : split(value, ",")) {
        host_address address;
        if (!parse_host(part, address))
            return "has option host with a port that is not a number from 1 to 65535";
        if (address.port == 0)
            address.port = port; // postgresql://:5433/db?host=/run/postgresql
        url.hosts.push_back(std::move(address));
    }
    return "";
}

std::string apply_ports(std::string_view value, database_url& url)
{
    const std::vector<std::string_view> ports = split(value, ",");
    if (url.hosts.empty())
        url.hosts.emplace_back();
    if (ports.size() != 1 && ports.size() != url.hosts.size())
        return "has option port with " + std::to_string(ports.size()) + " ports for " +
               std::to_string(url.hosts.size()) + " hosts; give one for all, or one for each";
    for (std::size_t i = 0; i < url.hosts.size(); ++i) {
        const std::string_view text = ports[ports.size() == 1 ? 0 : i];
        const std::optional<std::uint16_t> port = parse_port(text);
        if (!port && !text.empty())
            return "has option port, which must be a number from 1 to 65535";
        url.hosts[i].port = port.value_or(0);
    }
    return "";
}

// `port` is kept for last: how many there may be depends on the hosts.
std::string apply_piece(std::string_view name, std::string value, database_url& url)
{
    if (name == "host")
        return apply_hosts(value, url);
    if (name == "port")
        return apply_ports(value, url);
    if (name == "prepared_statements")
        return apply_prepared_statements(value);
    if (name == "user")
        url.user = std::move(value);
    else if (name == "dbname")
        url.database = std::move(value);
    else if (name == "password")
        url.password = secret(std::move(value));
    else if (name == "sslpassword")
        url.sslpassword = secret(std::move(value));
    return "";
}

bool may_repeat(std::string_view name) { return name == "host" || name == "port"; }

// Repeated hosts and ports become one list; any other option counts once.
std::vector<std::string> merge_repeated(option_list& given)
{
    std::vector<std::string> problems;
    option_list merged;
    for (auto& [name, value] : given) {
        const auto earlier = std::ranges::find(merged, name, &option_list::value_type::first);
        if (earlier == merged.end())
            merged.emplace_back(std::move(name), std::move(value));
        else if (may_repeat(name))
            earlier->second += "," + value;
        else
            problems.push_back("has option " + name + " twice");
    }
    std::stable_partition( // not std::ranges': clang 14 cannot compile libstdc++'s views
        merged.begin(),
        merged.end(),
        [](const auto& o) { return o.first != "port"; });
    given = std::move(merged);
    return problems;
}

} // namespace

std::vector<std::string> apply_url_options(option_list given, database_url& url)
{
    std::vector<std::string> problems = merge_repeated(given);
    for (auto& [name, value] : given) {
        const std::span<const url_option> known = known_options(url.kind);
        const auto option = std::ranges::find(known, name, &url_option::name);
        std::string problem;
        if (option == known.end())
            problem = problem_of_unknown(name, url.kind);
        else if (value.empty())
            problem = "has option " + name + " without a value";
        else
            problem = problem_of_value(*option, value);
        if (problem.empty() && option->value == takes::piece)
            problem = apply_piece(name, std::move(value), url);
        else if (problem.empty() && name != "gssencmode") // the postgres room sets that one
            url.options.emplace_back(std::move(name), std::move(value));
        if (!problem.empty())
            problems.push_back(std::move(problem));
    }
    return problems;
}

bool parse_host(std::string_view text, host_address& out)
{
    std::size_t colon = std::string_view::npos;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos || close == 1)
            return false;
        out.host = text.substr(1, close - 1);
        if (close + 1 == text.size())
            return true;
        if (text[close + 1] != ':')
            return false;
        colon = close + 1;
    } else {
        colon = text.find(':');
        // A socket directory has no port of its own, and two colons make a bare IPv6 address.
        const bool whole = text.starts_with('/') || text.starts_with('@') ||
                           colon == std::string_view::npos ||
                           text.find(':', colon + 1) != std::string_view::npos;
        out.host = whole ? text : text.substr(0, colon);
        if (whole)
            return true;
    }
    const std::optional<std::uint16_t> port = parse_port(text.substr(colon + 1));
    out.port = port.value_or(0);
    return port.has_value();
}

} // namespace weir
