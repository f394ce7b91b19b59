#include "tests/config/fake_sources.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace weir;
using namespace std::chrono_literals;
using test::complaints_of;
using test::fake_sources;
using test::loaded;
using test::with_file;

namespace {

// "main=postgresql://db/main local=sqlite:///l.db"
std::string backends_of(const settings& all)
{
    std::string out;
    for (const backend_settings& b : all.backends)
        out += (out.empty() ? "" : " ") + b.name + "=" + masked(b.url);
    return out;
}

constexpr const char* two_backends = R"({"backends": {
    "main": {"url": "postgresql://db/main", "pool": {"size": 3}},
    "shop": {"url": "sqlite:///shop.db", "aliases": ["store"]}
}})";

} // namespace

TEST_SUITE_BEGIN("config");

TEST_CASE("with nothing set there is one SQLite file and every knob has its default")
{
    settings expected;
    expected.backends = {{.name = "database",
                          .aliases = {},
                          .url = parse_database_url("sqlite:///./app/database.db").value(),
                          .pool = {},
                          .migrations = {}}};
    CHECK((loaded({}) == expected));
}

TEST_CASE("clients are kept where systemd offers a store, unless a setting says otherwise")
{
    CHECK_FALSE(loaded({}).keep_clients);
    CHECK_FALSE(loaded({{{"FDSTORE", "0"}}}).keep_clients);
    fake_sources from = {{{"FDSTORE", "4096"}}};
    CHECK(loaded(from).keep_clients);
    from.files["/etc/weir/weir.json"] = R"({"keep_clients": false})";
    CHECK_FALSE(loaded(from).keep_clients);
    from.environment["WEIR_KEEP_CLIENTS"] = "on";
    CHECK(loaded(from).keep_clients);
}

TEST_CASE("DATABASE_URL alone makes the one backend, named after its database")
{
    CHECK(backends_of(loaded({{{"DATABASE_URL", "postgresql://u:p@db/shop"}}})) ==
          "shop=postgresql://u:***@db/shop");
    CHECK(backends_of(loaded({{{"DATABASE_URL", "sqlite://"}}})) == "memory=sqlite:///:memory:");
    CHECK(backends_of(loaded({{{"DATABASE_URL", ""}}})) == "database=sqlite:///./app/database.db");
    CHECK(complaints_of({{{"DATABASE_URL", "postgresql://db"}}}) ==
          "DATABASE_URL names no database, so clients would have no name to ask for\n");
}

TEST_CASE("every pool knob is read from the environment")
{
    const pool_settings pool = loaded({{{"DB_POOL_SIZE", "7"},
                                        {"DB_MAX_OVERFLOW", "-1"},
                                        {"DB_POOL_TIMEOUT", "250ms"},
                                        {"DB_POOL_RECYCLE", "-1"},
                                        {"DB_POOL_PRE_PING", "False"},
                                        {"DB_POOL_USE_LIFO", "off"},
                                        {"DB_POOL_OVERFLOW_LINGER", "0"}}})
                                   .backends.at(0)
                                   .pool;
    CHECK(pool.size == 7);
    CHECK(pool.max_overflow == -1);
    CHECK(pool.timeout == 250ms);
    CHECK(pool.recycle < 0ms);
    CHECK_FALSE(pool.pre_ping);
    CHECK_FALSE(pool.use_lifo);
    CHECK(pool.overflow_linger == 0ms);
}

TEST_CASE("every knob is read from the file, comments and all")
{
    const settings all = loaded(with_file(R"(// weir
    {
      "listen": {"socket_dir": "/tmp/w", "port": 6432, "mode": "0660", "group": "app",
                 "allow": {"users": ["a", "b"], "groups": ["g"]}}, /* metrics */
      "metrics": {"listen": "[::1]:9000", "hosts": ["db.example"]},
      "log": {"format": "json", "level": "debug"},
      "max_client_conn": 5,
      "client_login_timeout": "5s",
      "client_idle_timeout": "6s",
      "shutdown_timeout": "7s",
      "backends": {"main": {"url": "sqlite:///m.db", "aliases": ["m"], "pool": {
        "size": 1, "max_overflow": 2, "budget": "refuse", "timeout": 3, "recycle": "4min", "pre_ping": false,
        "pre_ping_after": "5s", "use_lifo": false, "overflow_linger": "6ms", "min_idle": 1,
        "idle_timeout": "1h", "max_waiting": 8, "connect_timeout": "9s",
        "query_timeout": "10s", "idle_transaction_timeout": "11s", "transaction_timeout": "12s",
        "free_answers": false, "hold_back_begin": false,
        "reset": "always",
        "pins": {"temp_tables": "reset", "hold_cursors": "reject", "advisory_locks": "reset",
                 "load": "reject", "prepare": "reset"},
        "max_pinned": 3, "allow_sql_prepare": true, "stateful_functions": ["f"],
        "session_pool_size": 2, "session_lane": {"application_name": ["psql"]}}}}
    })"));
    const listen_settings listen{"/tmp/w", 6432, 0660, "app", {{"a", "b"}, {"g"}}};
    CHECK((all.listen == listen));
    CHECK((all.metrics == ip_endpoint{"::1", 9000}));
    CHECK((all.metrics_hosts == std::vector<std::string>{"db.example"}));
    CHECK((all.log == log_settings{log_format::json, log_level::debug}));
    CHECK(all.max_client_conn == 5);
    CHECK(all.client_login_timeout == 5s);
    CHECK(all.client_idle_timeout == 6s);
    CHECK(all.shutdown_timeout == 7s);
    CHECK(all.file == "/etc/weir/weir.json");
    const pool_settings pool{.size = 1,
                             .max_overflow = 2,
                             .budget = budget_policy::refuse,
                             .timeout = 3s,
                             .recycle = 4min,
                             .pre_ping = false,
                             .pre_ping_after = 5s,
                             .use_lifo = false,
                             .overflow_linger = 6ms,
                             .min_idle = 1,
                             .idle_timeout = 1h,
                             .max_waiting = 8,
                             .connect_timeout = 9s,
                             .query_timeout = 10s,
                             .idle_transaction_timeout = 11s,
                             .transaction_timeout = 12s,
                             .free_answers = false,
                             .hold_back_begin = false,
                             .reset = reset_policy::always,
                             .pins = {.temp_tables = pin_policy::reset,
                                      .hold_cursors = pin_policy::reject,
                                      .advisory_locks = pin_policy::reset,
                                      .load = pin_policy::reject,
                                      .prepare = pin_policy::reset},
                             .max_pinned = 3,
                             .allow_sql_prepare = true,
                             .stateful_functions = {"f"},
                             .session_pool_size = 2,
                             .session_applications = {"psql"}};
    CHECK((all.backends.at(0).pool == pool));
    CHECK(all.backends.at(0).aliases == std::vector<std::string>{"m"});
}

TEST_CASE("every knob of the migrations is read from the file")
{
    const settings all = loaded(with_file(R"({"backends": {"main": {"url": "sqlite:///m.db",
        "migrations": {
            "on_boot": false, "dir": "sql", "command": "make db", "current_command": ["a", "b"],
            "order": "last", "env": {"A": "1", "B": ""}, "cwd": "/srv", "timeout": "1min",
            "version_table": "v", "version_table_schema": "ops", "wait": 1, "lock_wait": 2,
            "lock_timeout": 3, "statement_timeout": 4, "on_failure": "serve",
            "on_edited": "refuse"}}}})"));
    const migration_settings expected{
        .on_boot = false,
        .dir = "sql",
        .dir_is_default = false,
        .command = {"/bin/sh", "-c", "make db"},
        .current_command = {"a", "b"},
        .order = migration_settings::command_order::last,
        .env = {{"A", "1"}, {"B", ""}},
        .cwd = "/srv",
        .timeout = 1min,
        .version_table = "v",
        .version_table_schema = "ops",
        .wait = 1s,
        .lock_wait = 2s,
        .lock_timeout = 3s,
        .statement_timeout = 4s,
        .on_failure = migration_settings::failure_policy::serve,
        .on_edited = migration_settings::edit_policy::refuse,
    };
    CHECK((all.backends.at(0).migrations == expected));
}

TEST_CASE("migrations that cannot be are complained about")
{
    CHECK(complaints_of(with_file(R"({"backends": {"main": {"url": "sqlite:///m.db",
        "migrations": {"command": [""], "env": {"A=B": "1"}, "order": "middle"}}}})")) ==
          "backends.main.migrations.command is a list; it must be a list of words, or a text for "
          "the shell\n"
          "backends.main.migrations.env is an object; it must be an object of texts like "
          "{\"APP_ENV\": \"production\"}\n"
          "backends.main.migrations.order is \"middle\"; it must be first (the command before the "
          "revisions) or last\n");
}

TEST_CASE("one backend has ./migrations, several have a directory each")
{
    CHECK(loaded({}).backends.at(0).migrations.dir == "./migrations");
    fake_sources from = with_file(two_backends);
    CHECK(loaded(from).backends.at(1).migrations.dir == "./migrations/shop");
    from.environment["WEIR_MIGRATIONS_DIR"] = "/srv/sql";
    CHECK(loaded(from).backends.at(1).migrations.dir == "/srv/sql");
    from.environment["WEIR_MIGRATIONS_ON_FAILURE"] = "panic";
    CHECK(complaints_of(from) ==
          "WEIR_MIGRATIONS_ON_FAILURE is \"panic\"; it must be closed, exit or serve\n");
}

TEST_CASE("the command line beats the environment, which beats the file, which beats the default")
{
    fake_sources from = with_file(R"({"listen": {"port": 2}, "log": {"format": "text"}})");
    CHECK(loaded(from).listen.port == 2);
    from.environment["WEIR_PORT"] = "3";
    CHECK(loaded(from).listen.port == 3);
    from.overrides = {{"listen.port", "4", "--port"}, {"log.format", "json", "--log-format"}};
    CHECK(loaded(from).listen.port == 4);
    CHECK((loaded(from).log.format == log_format::json));
    from.overrides = {{"log.format", "xml", "--log-format"}, {"log.colour", "red", "--colour"}};
    CHECK(complaints_of(from) == "--log-format is \"xml\"; it must be text or json\n"
                                 "--colour sets log.colour, which is not a setting\n");
}

TEST_CASE("DB_POOL_* act on every backend, over what the file says")
{
    fake_sources from = with_file(two_backends);
    CHECK(loaded(from).backends.at(0).pool.size == 3);
    CHECK(loaded(from).backends.at(1).pool.size == 10);
    from.environment["DB_POOL_SIZE"] = "4";
    for (const backend_settings& b : loaded(from).backends)
        CHECK(b.pool.size == 4);
    from.environment["DB_POOL_SIZE"] = "ten";
    CHECK(complaints_of(from) ==
          "DB_POOL_SIZE is \"ten\"; it must be 0 (no limit) or more, up to 100000\n");
}

TEST_CASE("DATABASE_URL replaces the url of the file's backend of that name, or adds one")
{
    fake_sources from = with_file(two_backends);
    from.environment["DATABASE_URL"] = "postgresql://other/main";
    CHECK(backends_of(loaded(from)) == "main=postgresql://other/main shop=sqlite:///shop.db");
    CHECK(loaded(from).backends.at(0).pool.size == 3);
    from.environment["DATABASE_URL"] = "sqlite:///extra.db";
    CHECK(backends_of(loaded(from)) ==
          "extra=sqlite:///extra.db main=postgresql://db/main shop=sqlite:///shop.db");
    from.environment["DATABASE_URL"] = "sqlite:///store.db";
    CHECK(complaints_of(from) ==
          "backends.shop.aliases has \"store\", which already is a name of store\n");
    from = with_file(R"({"backends": {"app": {}}})");
    from.environment["DATABASE_URL"] = "sqlite:///app.db"; // the file may leave the url to it
    CHECK(backends_of(loaded(from)) == "app=sqlite:///app.db");
}

TEST_CASE("a URL may be in a file of its own, such as a systemd credential")
{
    fake_sources from;
    from.files = {{"/run/creds/url", "postgresql://u:p@db/app\n"}, {"/other", "sqlite:///o.db"}};
    from.environment = {{"DATABASE_URL_FILE", "${CREDENTIALS_DIRECTORY}/url"}};
    CHECK(complaints_of(from) ==
          "DATABASE_URL_FILE uses ${CREDENTIALS_DIRECTORY}, which is not set; systemd sets it for "
          "a service that has LoadCredential=\n");
    from.environment["CREDENTIALS_DIRECTORY"] = "/run/creds";
    CHECK(loaded(from).backends.at(0).url.password.reveal() == "p");
    from.environment["DATABASE_URL"] = "sqlite://";
    CHECK(complaints_of(from) ==
          "DATABASE_URL_FILE is given beside DATABASE_URL; give one of them\n");

    from = with_file(R"({"backends": {"a": {"url_file": "/other"}}})");
    from.files["/other"] = "sqlite:///o.db";
    CHECK(backends_of(loaded(from)) == "a=sqlite:///o.db");
    from.files.erase("/other");
    CHECK(complaints_of(from) ==
          "backends.a.url_file is \"/other\", which cannot be read: No such file or directory\n");
    from = with_file(R"({"backends": {"a": {"url_file": "/x", "url": "sqlite://"}, "b": {}}})");
    CHECK(complaints_of(from) ==
          "backends.a.url_file is given beside backends.a.url; give one of them\n"
          "backends.b has no url; give url or url_file\n");
}

TEST_CASE("the file is --config, else WEIR_CONFIG, else the default one if it is there")
{
    fake_sources from;
    from.files = {{"/etc/weir/weir.json", R"({"max_client_conn": 1})"},
                  {"/b.json", R"({"max_client_conn": 2})"},
                  {"/c.json", R"({"max_client_conn": 3})"}};
    CHECK(loaded(from).max_client_conn == 1);
    from.environment["WEIR_CONFIG"] = "/b.json";
    CHECK(loaded(from).max_client_conn == 2);
    from.config_file = "/c.json";
    CHECK(loaded(from).max_client_conn == 3);
    from.config_file = "/d.json";
    CHECK(complaints_of(from) == "/d.json cannot be read: No such file or directory\n");
    CHECK(loaded({}).file.empty());
    from = {};
    from.unreadable["/etc/weir/weir.json"] = EACCES;
    CHECK(complaints_of(from) == "/etc/weir/weir.json cannot be read: Permission denied\n");
}

TEST_CASE("all complaints come at once, each with its path and what would be right")
{
    fake_sources from = with_file(R"({
      "backends": {
        "main": {"url": "postgresql://db/main?sslmod=require",
                 "pol": {}, "pool": {"size": -1, "timeout": "soon", "pre_ping": "yes",
                                     "max_overflow": "20", "recycle": 1.5, "sizes": 1}},
        "shop": {"url": "mysql://db/shop", "alias": [], "aliases": "x"},
        "bare": "sqlite:///bare.db",
        "none": {"pool": 5}
      },
      "listen": {"port": 70000, "mode": 660, "allow": {"user": ["x"], "groups": [1]}},
      "metrics": "127.0.0.1:9127",
      "log": {"level": "loud"},
      "max_client_conn": 18446744073709551615,
      "client_login_timeout": null,
      "query_timeout": "5s"
    })");
    from.environment = {{"DB_POOL_SIZE", "ten"}, {"DB_POOL_PRE_PING", "maybe"}, {"WEIR_PORT", "x"}};
    const std::string expected =
        "client_login_timeout is null; it must be a duration from 100ms to 1h, like 60s\n"
        "listen.allow.groups is a list of other things than texts; it must be a list of group "
        "names\n"
        "listen.allow.user is not a setting; did you mean users?\n"
        "listen.mode is 660; it must be an octal mode in quotes, like \"0660\"\n"
        "listen.port is 70000; it must be a number from 1 to 65535\n"
        "log.level is \"loud\"; it must be debug, info, warning or error\n"
        "max_client_conn is too large a number; it must be a number from 1 to 1000000\n"
        "metrics is \"127.0.0.1:9127\"; it must be an object\n"
        "query_timeout is not a setting\n"
        "backends.bare is a text that is not shown here; it must be an object like {\"url\": "
        "\"sqlite:///app.db\"}\n"
        "backends.main.pol is not a setting; did you mean pool?\n"
        "backends.main.url has option sslmod, which is not known for PostgreSQL; did you mean "
        "sslmode?\n"
        "backends.main.pool.max_overflow is \"20\"; it must be -1 (no limit), 0 (none) or more, up "
        "to 100000\n"
        "backends.main.pool.pre_ping is \"yes\"; it must be true or false\n"
        "backends.main.pool.recycle is 1.5; it must be -1 (never) or a duration from 0 to 365d, "
        "like 30min\n"
        "backends.main.pool.size is -1; it must be 0 (no limit) or more, up to 100000\n"
        "backends.main.pool.sizes is not a setting; did you mean size?\n"
        "backends.main.pool.timeout is \"soon\"; it must be a duration from 0 to 1d, like 30s\n"
        "backends.none has no url; give url or url_file\n"
        "backends.none.pool is 5; it must be an object\n"
        "backends.shop.alias is not a setting; did you mean aliases?\n"
        "backends.shop.aliases is \"x\"; it must be a list of names\n"
        "backends.shop.url is a MySQL database, which this version of weir does not serve yet; it "
        "serves PostgreSQL and SQLite\n"
        "WEIR_PORT is \"x\"; it must be a number from 1 to 65535\n"
        "DB_POOL_SIZE is \"ten\"; it must be 0 (no limit) or more, up to 100000\n"
        "DB_POOL_PRE_PING is \"maybe\"; it must be true or false\n";
    CHECK(complaints_of(from) == expected);
}

TEST_CASE("a file that is no JSON object is refused with the place")
{
    CHECK(complaints_of(with_file("{\n  \"listen\": {\"port\": 1,}\n}")) ==
          "/etc/weir/weir.json is not valid JSON at line 2, column 24; look for a comma too many "
          "or too few, or a missing quote\n");
    CHECK(complaints_of(with_file("[]")) ==
          "/etc/weir/weir.json is a list; it must be an object: {...}\n");
    CHECK(complaints_of(with_file("")) ==
          "/etc/weir/weir.json is not valid JSON at line 1, column 1; look for a comma too many "
          "or too few, or a missing quote\n");
    CHECK(complaints_of(with_file("{\"max_client_conn\": 1e999}")) ==
          "/etc/weir/weir.json holds a number too large to read\n");
    CHECK(complaints_of(with_file(R"({"log": {"level": "info", "level": "debug"}})")) ==
          "log.level is given twice\n");
    CHECK(complaints_of(with_file(R"({"backends": {"a": {"url": "sqlite://"}, "a": {}}})"))
              .starts_with("backends.a is given twice\n"));
    CHECK(complaints_of(with_file(R"({"backends": []})")) ==
          "backends is a list; it must be an object whose keys are the backends' names\n");
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    CHECK(complaints_of(with_file("{\"log\": " + deep + "}")) ==
          "log is a list of other things than texts; it must be an object\n");
}

TEST_CASE("names are unique, and the console's are its own")
{
    CHECK(complaints_of(with_file(R"({"backends": {
        "a": {"url": "sqlite://", "aliases": ["b", "c", "a"]},
        "b": {"url": "sqlite://", "aliases": ["c", "pgbouncer", "x:session"]},
        "": {"url": "sqlite://"},
        "weir": {"url": "sqlite://"}}})")) ==
          "backends. gives a backend a name that is empty or not printable\n"
          "backends.a.aliases has \"b\", which already is a name of b\n"
          "backends.a.aliases has \"a\", which already is a name of a\n"
          "backends.b.aliases has \"c\", which already is a name of a\n"
          "backends.b.aliases gives a backend the name pgbouncer, which is the console's; name it "
          "otherwise under backends in a file\n"
          "backends.b.aliases gives a backend the name \"x:session\"; the ending :session is "
          "reserved for sessions of their own\n"
          "backends.weir gives a backend the name weir, which is the console's; name it otherwise "
          "under backends in a file\n");
    CHECK(complaints_of({{{"DATABASE_URL", "postgresql://db/weir"}}}) ==
          "DATABASE_URL gives a backend the name weir, which is the console's; name it otherwise "
          "under backends in a file\n");
}

TEST_CASE("without a limit on its size a pool has none on its overflow, as in SQLAlchemy")
{
    const fake_sources from{{{"DB_POOL_SIZE", "0"}, {"DB_MAX_OVERFLOW", "5"}}};
    CHECK(loaded(from).backends.at(0).pool.max_overflow == -1);
    CHECK(
        complaints_of(with_file(
            R"({"backends": {"a": {"url": "sqlite://", "pool": {"size": 2, "min_idle": 3}}}})")) ==
        "backends.a.pool.min_idle is 3; it must be at most the pool's size, which is 2\n");
}

TEST_CASE(
    "the socket's directory is ./run where /run/weir cannot be used, and fits a socket's path")
{
    fake_sources from;
    CHECK(loaded(from).listen.socket_dir == "/run/weir");
    from.run_weir_is_usable = false;
    CHECK(loaded(from).listen.socket_dir == "./run");
    from.environment["WEIR_SOCKET_DIR"] = "/tmp/x";
    CHECK(loaded(from).listen.socket_dir == "/tmp/x");
    from.environment["WEIR_SOCKET_DIR"] = std::string(92, 'x');
    CHECK(complaints_of(from).empty());
    from.environment["WEIR_SOCKET_DIR"] = std::string(93, 'x');
    CHECK(
        complaints_of(from) ==
        "listen.socket_dir has 93 bytes; it must have at most 92, as a socket's path is limited\n");
}

TEST_CASE("the metrics' address is an IP address with a port, or off")
{
    const std::pair<const char*, std::optional<ip_endpoint>> good[] = {
        {"off", std::nullopt},
        {"0.0.0.0:9127", ip_endpoint{"0.0.0.0", 9127}},
        {"127.0.0.1:0", ip_endpoint{"127.0.0.1", 0}}, // any free one
        {"localhost:80", ip_endpoint{"127.0.0.1", 80}},
        {"[::1]:9127", ip_endpoint{"::1", 9127}},
    };
    for (const auto& entry : good) {
        const auto& text = entry.first; // no structured binding: clang 14 cannot capture one
        const auto& endpoint = entry.second;
        CAPTURE(text);
        CHECK((loaded({{{"WEIR_METRICS", text}}}).metrics == endpoint));
    }
    CHECK_FALSE(loaded(with_file(R"({"metrics": {"listen": ""}})")).metrics.has_value());
    for (const char* const text : {"9127",
                                   ":9127",
                                   "::1:9127",
                                   "127.0.0.1",
                                   "127.0.0.1:x",
                                   "host:1",
                                   "[127.0.0.1]:1",
                                   "[::1]",
                                   "127.0.0.1:65536"}) {
        CAPTURE(text);
        CHECK(complaints_of({{{"WEIR_METRICS", text}}}) ==
              "WEIR_METRICS is \"" + std::string(text) +
                  "\"; it must be an address and a port like 127.0.0.1:9127 or [::1]:9127, or "
                  "off\n");
    }
}

TEST_CASE("no complaint shows a password, also from where a URL does not belong")
{
    const char* const files[] = {
        R"({"backends": {"a": "postgresql://u:CANARY@h/d"}})",
        R"({"backends": {"a": {"url_file": "postgresql://u:CANARY@h/d"}}})",
        R"({"backends": {"a": {"pool": "postgresql://u:CANARY@h/d"}}})",
        R"({"backends": "postgresql://u:CANARY@h/d"})",
        R"({"backends": {"a": {"url": "postgresql://u:CANARY@h/d)",    // no closing quote
        R"({"backends": {"a": {"url": "postgresql://u:CANARY@h/d" x)", // a stray word
        R"({"backends": {"a": {"url": ["postgresql://u:CANARY@h/d"]}}})",
        R"({"backends": {"a": {"url": {"x": "postgresql://u:CANARY@h/d"}}}})",
        R"({"url": "postgresql://u:CANARY@h/d"})",
        R"({"log": {"level": "postgresql://u:CANARY@h/d"}})",
        R"("postgresql://u:CANARY@h/d")",
    };
    for (const char* const file : files) {
        CAPTURE(file);
        const std::string said = complaints_of(with_file(file));
        CHECK_FALSE(said.empty());
        CHECK(said.find("CANARY") == std::string::npos);
    }
    for (const char* const name : {"DATABASE_URL_FILE", "DB_POOL_SIZE", "WEIR_METRICS"}) {
        const std::string said = complaints_of({{{name, "postgresql://u:CANARY@h/d"}}});
        CHECK_FALSE(said.empty());
        CHECK(said.find("CANARY") == std::string::npos);
    }
}

TEST_CASE("where it listens can be read, however wrong the rest is")
{
    fake_sources from = with_file(R"({"listen": {"socket_dir": "/run/shop", "port": 6432},
                                      "backends": {"main": {"url": 3, "pool": {"siez": 1}}}})");
    CHECK(complaints_of(from) != "");
    CHECK(load_listen(from.get()).socket_dir == "/run/shop");
    CHECK(load_listen(from.get()).port == 6432);
    from = with_file("{");
    from.environment["WEIR_SOCKET_DIR"] = "/run/mine";
    CHECK(load_listen(from.get()).socket_dir == "/run/mine");
    CHECK(load_listen(from.get()).port == 5432);
}

TEST_SUITE_END();
