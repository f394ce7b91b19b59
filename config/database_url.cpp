#include "config/database_url.hpp"

#include "config/url_options.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

namespace weir {

namespace {

using std::string_view;

// SQLAlchemy's pieces, where they lie and still encoded.
struct raw_pieces {
    string_view user;
    string_view password;
    string_view authority; // hosts and ports
    string_view database;
    string_view query;
};

// dialect[+driver]://[user[:password]@][host[:port][,...]][/database][?query]
//
// As in SQLAlchemy's own pattern the password runs to the next @ whatever else is in it, so that
// `pa/ss?word` needs no escape; an @ in it does.
raw_pieces cut(string_view rest)
{
    raw_pieces pieces;
    const std::size_t edge = std::min(rest.find_first_of(":/"), rest.size());
    const std::size_t at =
        rest.substr(edge).starts_with(':') ? rest.find('@', edge) : string_view::npos;
    if (at != string_view::npos) {
        pieces.user = rest.substr(0, edge);
        pieces.password = rest.substr(edge + 1, at - edge - 1);
        rest.remove_prefix(at + 1);
    } else if (const std::size_t alone = rest.substr(0, edge).rfind('@');
               alone != string_view::npos) {
        pieces.user = rest.substr(0, alone);
        rest.remove_prefix(alone + 1);
    }
    const std::size_t question = rest.find('?');
    if (question != string_view::npos)
        pieces.query = rest.substr(question + 1);
    rest = rest.substr(0, question);
    const std::size_t slash = rest.find('/');
    if (slash != string_view::npos)
        pieces.database = rest.substr(slash + 1);
    pieces.authority = rest.substr(0, slash);
    return pieces;
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> percent_decode(string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (text.size() - i < 3)
            return std::nullopt;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0 || high + low == 0) // %00 would end the text early in C
            return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

// `keep` is what may stand for itself beyond letters, digits and -._~
std::string percent_encode(string_view text, string_view keep)
{
    constexpr string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || string_view("-._~").find(c) < 4 ||
                           keep.find(c) != string_view::npos;
        if (plain)
            out += c;
        else
            (out += '%').append({digits[byte >> 4], digits[byte & 15]});
    }
    return out;
}

constexpr string_view kinds_allowed =
    "it must begin with postgresql://, mysql://, mariadb:// or sqlite://";

bool is_word(string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

// The "psycopg" of "postgresql+psycopg". It is the client's affair; any will do.
string_view driver_of(string_view scheme)
{
    const std::size_t plus = scheme.find('+');
    return plus == string_view::npos ? string_view{} : scheme.substr(plus + 1);
}

std::optional<database_kind> parse_scheme(string_view scheme)
{
    const std::size_t plus = scheme.find('+');
    const string_view dialect = scheme.substr(0, plus);
    if (plus != string_view::npos && !is_word(driver_of(scheme)))
        return std::nullopt;
    if (dialect == "postgresql" || dialect == "postgres")
        return database_kind::postgresql;
    if (dialect == "mysql" || dialect == "mariadb")
        return database_kind::mysql;
    if (dialect == "sqlite")
        return database_kind::sqlite;
    return std::nullopt;
}

std::string bad_escape(const std::string& piece)
{
    return "has a % in its " + piece +
           " that does not begin an escape like %40 (%00 is refused); write %25 for a % itself";
}

// Parses one URL, collecting its problems. Each step relies on the one before, so the first step
// that finds a problem is the last: after that, which bytes are the password is anyone's guess.
class url_parser {
public:
    explicit url_parser(string_view text) : text_(text) {}

    bool parse()
    {
        return find_kind() && check_ambiguity() && decode_login() && decode_hosts() &&
               decode_database() && decode_query() && check_whole();
    }

    database_url& url() { return url_; }
    std::vector<std::string>& problems() { return problems_; }

private:
    bool complain(std::string problem)
    {
        problems_.push_back(std::move(problem));
        return false;
    }

    bool find_kind()
    {
        const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
        if (std::ranges::any_of(text_, is_control))
            return complain("has a line break or another control character in it");
        const std::size_t mark = text_.find("://");
        if (mark == string_view::npos)
            return complain("is not a URL; " + std::string(kinds_allowed));
        const std::optional<database_kind> kind = parse_scheme(text_.substr(0, mark));
        if (!kind)
            return complain("has an unknown kind of database; " + std::string(kinds_allowed));
        url_.kind = *kind;
        url_.driver = driver_of(text_.substr(0, mark));
        pieces_ = cut(text_.substr(mark + 3));
        return true;
    }

    // `user:p@ss@host/db` reads as the host `ss@host`; rather ask than connect there.
    bool check_ambiguity()
    {
        const bool stray = pieces_.authority.find('@') != string_view::npos ||
                           pieces_.database.find('@') != string_view::npos;
        return !stray || complain("has an @ in its host or database; an @ in a user, password or "
                                  "database is written %40");
    }

    bool decode(string_view text, std::string& out, const std::string& piece)
    {
        std::optional<std::string> decoded = percent_decode(text);
        if (!decoded)
            return complain(bad_escape(piece));
        out = std::move(*decoded);
        return true;
    }

    bool decode_login()
    {
        std::string password;
        if (!decode(pieces_.user, url_.user, "user") ||
            !decode(pieces_.password, password, "password"))
            return false;
        url_.password = secret(std::move(password));
        return true;
    }

    bool decode_hosts()
    {
        for (string_view rest = pieces_.authority; !rest.empty();) {
            const std::size_t comma = rest.find(',');
            if (!decode_host(rest.substr(0, comma)))
                return false;
            if (comma + 1 == rest.size())
                return complain("has an empty host after its last comma");
            rest.remove_prefix(comma == string_view::npos ? rest.size() : comma + 1);
        }
        return true;
    }

    bool decode_host(string_view text)
    {
        const bool bracketed = text.starts_with('[');
        if (!bracketed && std::ranges::count(text, ':') > 1)
            return complain("has a host with several colons; an IPv6 address is written [::1], "
                            "and a : in a password needs an @ after it");
        host_address address;
        if (!parse_host(text, address))
            return complain("has a port that is not a number from 1 to 65535");
        std::string name;
        if (!decode(address.host, name, "host"))
            return false;
        if (name.find(',') != std::string::npos)
            return complain("has a comma inside a host");
        address.host = std::move(name);
        url_.hosts.push_back(std::move(address));
        return true;
    }

    bool decode_database() { return decode(pieces_.database, url_.database, "database"); }

    bool decode_query()
    {
        if (decode_options())
            return true;
        // `u:p@ss?word=1@host/db`: what reads as an option's name may be the password's end.
        if (pieces_.query.find('@') != string_view::npos)
            problems_ = {"has an @ after its ?, and before it an option that is not right; an @ in "
                         "a password is written %40"};
        return false;
    }

    bool decode_options()
    {
        option_list options;
        for (string_view rest = pieces_.query; !rest.empty();) {
            const std::size_t end = std::min(rest.find('&'), rest.size());
            if (end != 0 && !decode_option(rest.substr(0, end), options))
                return false;
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        problems_ = apply_url_options(std::move(options), url_);
        return problems_.empty();
    }

    bool decode_option(string_view pair, option_list& options)
    {
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const string_view name = pair.substr(0, equals);
        if (!is_word(name))
            return complain("has something after its ? that is not of the form option=value");
        std::string value(pair.substr(std::min(equals + 1, pair.size())));
        std::ranges::replace(value, '+', ' '); // a form's space, as in SQLAlchemy
        if (!decode(value, value, "option " + std::string(name)))
            return false;
        options.emplace_back(name, std::move(value));
        return true;
    }

    bool check_whole()
    {
        switch (url_.kind) {
        case database_kind::postgresql: return true;
        case database_kind::mysql:
            return url_.hosts.size() <= 1 || complain("has several hosts; MySQL takes one");
        case database_kind::sqlite: return check_sqlite();
        }
        return false;
    }

    bool check_sqlite()
    {
        if (!url_.user.empty() || !url_.password.empty() || !url_.hosts.empty())
            return complain("has a host; a SQLite URL has three slashes before a relative path "
                            "(sqlite:///app.db) and four before an absolute one");
        if (url_.database.starts_with("file:"))
            return complain("has a file: URI; give the plain path (sqlite:///app.db)");
        if (url_.database.ends_with('/'))
            return complain("has a directory where the path of a file must be");
        if (url_.database == ":memory:")
            url_.database.clear();
        return true;
    }

    string_view text_;
    raw_pieces pieces_;
    database_url url_;
    std::vector<std::string> problems_;
};

string_view scheme_of(database_kind kind)
{
    switch (kind) {
    case database_kind::postgresql: return "postgresql";
    case database_kind::mysql: return "mysql";
    case database_kind::sqlite: return "sqlite";
    }
    return "";
}

std::string host_text(const host_address& address)
{
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    std::string out = is_ipv6 ? "[" : "";
    out += percent_encode(address.host, is_ipv6 ? ":" : "");
    if (is_ipv6)
        out += ']';
    if (address.port != 0)
        out.append(":").append(std::to_string(address.port));
    return out;
}

// The password and the sslpassword come as they are to stand there; empty = there is none.
void append_login(std::string& out, const database_url& url, string_view password)
{
    out += percent_encode(url.user, "");
    if (!password.empty())
        out.append(":").append(password);
    if (!url.user.empty() || !password.empty())
        out += "@";
}

void append_options(std::string& out, const option_list& options, string_view sslpassword)
{
    char separator = '?';
    const auto add = [&](string_view name, string_view value) {
        out.append(1, std::exchange(separator, '&')).append(name).append("=").append(value);
    };
    for (const auto& [name, value] : options)
        add(name, percent_encode(value, "/:,"));
    if (!sslpassword.empty())
        add("sslpassword", sslpassword);
}

// "h1,h2" and "5432,5433", as libpq takes them; no ports when none is given.
option_list joined_hosts(const std::vector<host_address>& hosts)
{
    std::string names, ports;
    bool any_port = false;
    for (const host_address& address : hosts) {
        const string_view comma = &address == hosts.data() ? "" : ",";
        names.append(comma).append(address.host);
        ports.append(comma);
        if (address.port != 0)
            ports += std::to_string(address.port);
        any_port = any_port || address.port != 0;
    }
    option_list out;
    if (!hosts.empty())
        out.emplace_back("host", std::move(names));
    if (any_port)
        out.emplace_back("port", std::move(ports));
    return out;
}

} // namespace

checked<database_url> parse_database_url(string_view text, string_view path)
{
    url_parser parser(text);
    if (parser.parse())
        return std::move(parser.url());
    complaints all;
    for (std::string& problem : parser.problems())
        all.push_back({std::string(path), std::move(problem)});
    return all;
}

std::string masked(const database_url& url)
{
    std::string out = std::string(scheme_of(url.kind)) + "://";
    if (url.kind == database_kind::sqlite)
        return out.append("/").append(url.database.empty() ? ":memory:"
                                                           : percent_encode(url.database, "/"));
    append_login(out, url, url.password.empty() ? "" : "***");
    for (const host_address& address : url.hosts)
        out.append(&address == url.hosts.data() ? "" : ",").append(host_text(address));
    out.append("/").append(percent_encode(url.database, ""));
    append_options(out, url.options, url.sslpassword.empty() ? "" : "***");
    return out;
}

std::string in_the_clear(const database_url& url)
{
    std::string out(scheme_of(url.kind));
    out.append(url.driver.empty() ? "" : "+").append(url.driver).append("://");
    if (url.kind == database_kind::sqlite) // a path is not decoded, either
        return out.append("/").append(url.database.empty() ? ":memory:" : url.database);
    append_login(out, url, percent_encode(url.password.reveal(), ""));
    const bool is_plain = url.hosts.size() == 1 && url.hosts[0].host.find('/') == string_view::npos;
    option_list options = is_plain ? option_list{} : joined_hosts(url.hosts);
    if (is_plain)
        out += host_text(url.hosts[0]);
    out.append("/").append(percent_encode(url.database, ""));
    options.insert(options.end(), url.options.begin(), url.options.end());
    append_options(out, options, percent_encode(url.sslpassword.reveal(), ""));
    return out;
}

std::string default_name(const database_url& url)
{
    if (url.kind == database_kind::sqlite)
        return url.database.empty() ? "memory" : std::filesystem::path(url.database).stem();
    return url.database.empty() ? url.user : url.database;
}

option_list libpq_parameters(const database_url& url)
{
    option_list out = joined_hosts(url.hosts);
    const auto add = [&](string_view keyword, const std::string& value) {
        if (!value.empty())
            out.emplace_back(keyword, value);
    };
    add("user", url.user);
    add("password", url.password.reveal());
    add("dbname", url.database);
    out.insert(out.end(), url.options.begin(), url.options.end());
    add("sslpassword", url.sslpassword.reveal());
    return out;
}

} // namespace weir
