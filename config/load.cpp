#include "config/load.hpp"

#include "config/knobs.hpp"
#include "config/pool_check.hpp"
#include "config/settings_file.hpp"
#include "config/suggest.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace weir {

namespace {

using std::string_view;

constexpr string_view default_file = "/etc/weir/weir.json";
constexpr string_view default_url = "sqlite:///./app/database.db";
constexpr string_view first_socket_dir = "/run/weir";
constexpr string_view second_socket_dir = "./run";
constexpr string_view longest_socket_name = "/.s.PGSQL.65535";
constexpr std::size_t longest_socket_path = 107; // sockaddr_un holds 108 bytes, the NUL included

// What the file says of a backend besides its pool.
struct backend_draft {
    std::optional<std::string> url;
    std::optional<std::string> url_file;
    std::vector<std::string> aliases;
};

bool set_draft_text(std::optional<std::string>& target, const raw_value& v)
{
    if (v.is != raw_value::kind::text)
        return false;
    target = v.text;
    return true;
}

bool set_aliases(backend_draft& draft, const raw_value& v)
{
    draft.aliases = v.list;
    return v.is == raw_value::kind::list;
}

constexpr std::array draft_knobs{
    knob<backend_draft>{
        "url",
        "",
        [](backend_draft& d, const raw_value& v) { return set_draft_text(d.url, v); },
        "a text like \"postgresql://user@host/database\""},
    knob<backend_draft>{
        "url_file",
        "",
        [](backend_draft& d, const raw_value& v) { return set_draft_text(d.url_file, v); },
        "the path of a file that holds the url"},
    knob<backend_draft>{"aliases", "", set_aliases, "a list of names"},
};

bool has_child(const file_node& node, string_view key)
{
    return std::ranges::any_of(node.children, [&](const auto& c) { return c.first == key; });
}

raw_value untyped(std::string text)
{
    return {.is = raw_value::kind::text, .text = std::move(text)};
}

// Reads an object of the file by a table of knobs; keys in `others` are left to the caller.
template <class Target>
class section_reader {
public:
    section_reader(std::span<const knob<Target>> knobs,
                   std::span<const string_view> others,
                   complaints& wrong)
        : knobs_(knobs), others_(others), wrong_(wrong)
    {
    }

    // `prefix` is the section's own path, with its dot; `below` where in it this object is.
    void read(const file_node& object,
              const std::string& prefix,
              Target& target,
              const std::string& below = "")
    {
        for (const auto& [key, child] : object.children) {
            const std::string name = below + key;
            const auto k = std::ranges::find(knobs_, name, &knob<Target>::path);
            if (k != knobs_.end())
                turn(*k, child.value, prefix + name, target, wrong_);
            else if (is_group(name) && child.is_object)
                read(child, prefix, target, name + ".");
            else if (is_group(name))
                wrong_.push_back(
                    {prefix + name, "is " + shown(child.value) + "; it must be an object"});
            else if (!below.empty() || std::ranges::count(others_, key) == 0)
                wrong_.push_back(
                    {prefix + name, "is not a setting" + did_you_mean(key, keys_of(below))});
        }
    }

private:
    bool is_group(const std::string& name) const
    {
        return std::ranges::any_of(knobs_,
                                   [&](const auto& k) { return k.path.starts_with(name + "."); });
    }

    std::vector<string_view> keys_of(const std::string& below) const
    {
        std::vector<string_view> keys;
        for (const knob<Target>& k : knobs_)
            if (k.path.starts_with(below))
                keys.push_back(k.path.substr(below.size(), k.path.find('.', below.size())));
        if (below.empty())
            keys.insert(keys.end(), others_.begin(), others_.end());
        return keys;
    }

    std::span<const knob<Target>> knobs_;
    std::span<const string_view> others_;
    complaints& wrong_;
};

// One run over all sources, the weakest first, so that a stronger one overwrites it. Complaints
// gather on the way, also about a value that is overwritten later.
class loader {
public:
    explicit loader(const sources& from) : from_(from) {}

    checked<settings> run()
    {
        read();
        check_pools();
        place_migrations();
        check_names();
        if (!wrong_.empty())
            return std::move(wrong_);
        return std::move(out_);
    }

    listen_settings run_for_listen()
    {
        read();
        return std::move(out_.listen);
    }

private:
    void read()
    {
        out_.listen.socket_dir.clear(); // until a source or choose_socket_dir fills it
        // How systemd 254 and later say that they keep descriptors; weir.service says it for older.
        out_.keep_clients = environment("FDSTORE").value_or("0") != "0";
        read_database_url();
        read_file();
        add_environment_backend();
        read_environment();
        read_overrides();
        choose_socket_dir();
    }

    void complain(std::string path, std::string problem)
    {
        wrong_.push_back({std::move(path), std::move(problem)});
    }

    std::optional<std::string> environment(string_view name) const
    {
        std::optional<std::string> value = from_.environment(std::string(name));
        return value && value->empty() ? std::nullopt : value;
    }

    // ---- addresses

    void read_database_url()
    {
        const std::optional<std::string> text = environment("DATABASE_URL");
        const std::optional<std::string> file = environment("DATABASE_URL_FILE");
        url_path_ = text ? "DATABASE_URL" : file ? "DATABASE_URL_FILE" : "";
        url_ = resolve(text, file, "DATABASE_URL", "DATABASE_URL_FILE");
        if (url_ && default_name(*url_).empty()) {
            complain(url_path_, "names no database, so clients would have no name to ask for");
            url_.reset();
        }
    }

    // The address from one of the two places it may be in, complained about when it is wrong.
    std::optional<database_url> resolve(const std::optional<std::string>& text,
                                        const std::optional<std::string>& file,
                                        const std::string& text_path,
                                        const std::string& file_path)
    {
        if (text && file)
            complain(file_path, "is given beside " + text_path + "; give one of them");
        else if (text)
            return parsed(*text, text_path);
        else if (file)
            return parsed_file(*file, file_path);
        return std::nullopt;
    }

    std::optional<database_url> parsed(string_view text, const std::string& path)
    {
        checked<database_url> url = parse_database_url(text, path);
        if (!url) {
            const complaints found = url.error(); // a copy: error() returns by value
            wrong_.insert(wrong_.end(), found.begin(), found.end());
            return std::nullopt;
        }
        if (url->kind == database_kind::mysql) {
            complain(path,
                     "is a MySQL database, which this version of weir does not serve yet; it "
                     "serves PostgreSQL and SQLite");
            return std::nullopt;
        }
        return std::move(*url);
    }

    std::optional<database_url> parsed_file(const std::string& name, const std::string& path)
    {
        const std::optional<std::string> expanded = with_credentials_directory(name, path);
        if (!expanded)
            return std::nullopt;
        const boost::system::result<std::string> content = from_.read_file(*expanded);
        if (!content) {
            complain(path,
                     "is " + shown(untyped(*expanded)) +
                         ", which cannot be read: " + content.error().message());
            return std::nullopt;
        }
        const std::size_t last = content->find_last_not_of("\r\n");
        return parsed(string_view(*content).substr(0, last + 1), path);
    }

    // systemd hands secrets over as files, in a directory that it tells the service in a variable.
    std::optional<std::string> with_credentials_directory(std::string name, const std::string& path)
    {
        constexpr string_view variable = "${CREDENTIALS_DIRECTORY}";
        const std::size_t at = name.find(variable);
        if (at == std::string::npos)
            return name;
        const std::optional<std::string> directory = environment("CREDENTIALS_DIRECTORY");
        if (!directory) {
            complain(path,
                     "uses ${CREDENTIALS_DIRECTORY}, which is not set; systemd sets it for a "
                     "service that has LoadCredential=");
            return std::nullopt;
        }
        return name.replace(at, variable.size(), *directory);
    }

    // ---- the file

    void read_file()
    {
        std::optional<std::string> name = from_.config_file;
        if (!name)
            name = environment("WEIR_CONFIG");
        const bool is_asked_for = name.has_value();
        const std::string path = name.value_or(std::string(default_file));
        const boost::system::result<std::string> text = from_.read_file(path);
        if (text) {
            out_.file = path;
            if (const auto root = parse_settings_file(*text, path, wrong_))
                read_root(*root);
        } else if (is_asked_for || text.error() != boost::system::errc::no_such_file_or_directory) {
            complain(path, "cannot be read: " + text.error().message());
        }
    }

    void read_root(const file_node& root)
    {
        constexpr std::array<string_view, 2> others{"$schema", "backends"};
        section_reader<settings>(daemon_knobs(), others, wrong_).read(root, "", out_);
        for (const auto& [key, child] : root.children) {
            if (key == "backends" && child.is_object)
                read_backends(child);
            else if (key == "backends")
                complain(key,
                         "is " + shown(child.value) +
                             "; it must be an object whose keys are the backends' names");
        }
    }

    void read_backends(const file_node& backends)
    {
        for (const auto& [name, node] : backends.children) {
            const std::string path = "backends." + name;
            paths_[name] = path;
            backend_settings& backend = out_.backends.emplace_back();
            backend.name = name;
            if (node.is_object)
                read_backend(node, path, backend);
            else
                complain(path,
                         "is " + shown(node.value) +
                             "; it must be an object like {\"url\": \"sqlite:///app.db\"}");
        }
    }

    void read_backend(const file_node& node, const std::string& path, backend_settings& backend)
    {
        constexpr std::array<string_view, 2> others{"pool", "migrations"};
        backend_draft draft;
        section_reader<backend_draft>(draft_knobs, others, wrong_).read(node, path + ".", draft);
        backend.aliases = draft.aliases;
        if (is_overridden(backend.name)) {
            backend.url = *url_;
        } else if (const auto url =
                       resolve(draft.url, draft.url_file, path + ".url", path + ".url_file")) {
            backend.url = *url;
        } else if (!has_child(node, "url") && !has_child(node, "url_file")) {
            complain(path, "has no url; give url or url_file");
        }
        read_section(node, "pool", path, pool_knobs(), backend.pool);
        read_section(node, "migrations", path, migration_knobs(), backend.migrations);
    }

    template <class Section>
    void read_section(const file_node& backend,
                      const std::string& key,
                      const std::string& path,
                      std::span<const knob<Section>> knobs,
                      Section& target)
    {
        for (const auto& [name, child] : backend.children) {
            if (name == key && child.is_object)
                section_reader<Section>(knobs, {}, wrong_)
                    .read(child, path + '.' + key + '.', target);
            else if (name == key)
                complain(path + '.' + key, "is " + shown(child.value) + "; it must be an object");
        }
    }

    bool is_overridden(const std::string& name) const
    {
        return url_ && default_name(*url_) == name;
    }

    // ---- the environment and the command line

    // A backend of which the file knows nothing: from DATABASE_URL, or else the embedded default.
    void add_environment_backend()
    {
        const bool is_in_file = std::ranges::any_of(out_.backends, [&](const backend_settings& b) {
            return is_overridden(b.name);
        });
        if (url_path_.empty() && out_.backends.empty())
            url_ = parse_database_url(default_url).value();
        if (!url_ || is_in_file)
            return;
        backend_settings& added = out_.backends.emplace_back();
        added.name = default_name(*url_);
        added.url = *url_;
        paths_[added.name] = url_path_;
        std::ranges::sort(out_.backends, {}, &backend_settings::name);
    }

    void read_environment()
    {
        for (const knob<settings>& k : daemon_knobs())
            if (const auto text = k.environment.empty() ? std::nullopt : environment(k.environment))
                turn(k, untyped(*text), k.environment, out_, wrong_);
        read_environment(pool_knobs(), &backend_settings::pool);
        read_environment(migration_knobs(), &backend_settings::migrations);
    }

    template <class Section>
    void read_environment(std::span<const knob<Section>> knobs, Section backend_settings::*section)
    {
        for (const knob<Section>& k : knobs)
            if (const auto text = k.environment.empty() ? std::nullopt : environment(k.environment))
                turn_everywhere(k, untyped(*text), section);
    }

    template <class Section>
    void turn_everywhere(const knob<Section>& k,
                         const raw_value& value,
                         Section backend_settings::*section)
    {
        Section trial; // so that a bad value is one complaint, however many backends there are
        const std::size_t complaints_before = wrong_.size();
        turn(k, value, k.environment, trial, wrong_);
        if (wrong_.size() != complaints_before)
            return;
        for (backend_settings& backend : out_.backends)
            k.set(backend.*section, value);
    }

    void read_overrides()
    {
        for (const override_value& given : from_.overrides) {
            const auto k = std::ranges::find(daemon_knobs(), given.path, &knob<settings>::path);
            if (k == daemon_knobs().end())
                complain(given.flag, "sets " + given.path + ", which is not a setting");
            else
                turn(*k, untyped(given.text), given.flag, out_, wrong_);
        }
    }

    // ---- what can be said only of the whole

    void choose_socket_dir()
    {
        std::string& dir = out_.listen.socket_dir;
        if (dir.empty())
            dir = from_.is_usable_directory(std::string(first_socket_dir)) ? first_socket_dir
                                                                           : second_socket_dir;
        if (dir.size() + longest_socket_name.size() > longest_socket_path)
            complain("listen.socket_dir",
                     "has " + std::to_string(dir.size()) + " bytes; it must have at most " +
                         std::to_string(longest_socket_path - longest_socket_name.size()) +
                         ", as a socket's path is limited");
    }

    void check_pools()
    {
        for (backend_settings& backend : out_.backends)
            check_pool(backend, wrong_);
    }

    // One backend has ./migrations to itself; several must not run each other's revisions.
    void place_migrations()
    {
        if (out_.backends.size() > 1)
            for (backend_settings& backend : out_.backends)
                if (backend.migrations.dir_is_default)
                    backend.migrations.dir += '/' + backend.name;
    }

    void check_names()
    {
        std::map<std::string, std::string> owners; // a name or an alias -> the backend that has it
        for (const backend_settings& backend : out_.backends)
            owners.emplace(backend.name, backend.name);
        for (const backend_settings& backend : out_.backends) {
            const std::string& path = paths_[backend.name];
            check_name(backend.name, path);
            for (const std::string& alias : backend.aliases) {
                check_name(alias, path + ".aliases");
                const auto [owner, is_new] = owners.emplace(alias, backend.name);
                if (!is_new)
                    complain(path + ".aliases",
                             "has " + shown(untyped(alias)) + ", which already is a name of " +
                                 owner->second);
            }
        }
    }

    void check_name(const std::string& name, const std::string& path)
    {
        const bool is_console = name == "weir" || name == "pgbouncer";
        const bool has_control =
            std::ranges::any_of(name, [](unsigned char c) { return c < 0x20; });
        if (is_console)
            complain(path,
                     "gives a backend the name " + name +
                         ", which is the console's; name it otherwise under backends in a file");
        else if (name.empty() || has_control)
            complain(path, "gives a backend a name that is empty or not printable");
        else if (name.ends_with(":session"))
            complain(path,
                     "gives a backend the name " + shown(untyped(name)) +
                         "; the ending :session is reserved for sessions of their own");
    }

    const sources& from_;
    settings out_;
    complaints wrong_;
    std::optional<database_url> url_;          // from the environment, or the default
    std::string url_path_;                     // the variable it came from; empty = none
    std::map<std::string, std::string> paths_; // a backend's name -> where a complaint finds it
};

} // namespace

checked<settings> load(const sources& from) { return loader(from).run(); }

listen_settings load_listen(const sources& from) { return loader(from).run_for_listen(); }

} // namespace weir
