#include "config/print.hpp"

#include "config/change_setting.hpp"
#include "config/duration.hpp"

#include <nlohmann/json.hpp>

namespace weir {

namespace {

using json = nlohmann::ordered_json; // in the order that a person would write it
using std::chrono::milliseconds;

std::string duration_or_never(milliseconds duration)
{
    return duration < milliseconds{0} ? "-1" : to_text(duration);
}

std::string octal(unsigned mode)
{
    std::string out = "0";
    for (const unsigned shift : {6u, 3u, 0u})
        out += static_cast<char>('0' + (mode >> shift & 7u));
    return out;
}

std::string endpoint_text(const std::optional<ip_endpoint>& endpoint)
{
    if (!endpoint)
        return "off";
    const bool is_ipv6 = endpoint->address.find(':') != std::string::npos;
    const std::string address = is_ipv6 ? "[" + endpoint->address + "]" : endpoint->address;
    return address + ":" + std::to_string(endpoint->port);
}

std::string name_of(log_format format) { return format == log_format::json ? "json" : "text"; }

std::string name_of(log_level level)
{
    switch (level) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warning: return "warning";
    case log_level::error: return "error";
    }
    return "";
}

std::string name_of(reset_policy policy)
{
    switch (policy) {
    case reset_policy::when_dirty: return "when-dirty";
    case reset_policy::always: return "always";
    case reset_policy::never: return "never";
    }
    return "";
}

std::string name_of(budget_policy policy)
{
    switch (policy) {
    case budget_policy::warn: return "warn";
    case budget_policy::fit: return "fit";
    case budget_policy::refuse: return "refuse";
    }
    return "";
}

std::string name_of(pin_policy policy)
{
    switch (policy) {
    case pin_policy::pin: return "pin";
    case pin_policy::reset: return "reset";
    case pin_policy::reject: return "reject";
    }
    return "";
}

json pins_object(const pin_policies& pins)
{
    return {
        {"temp_tables", name_of(pins.temp_tables)},
        {"hold_cursors", name_of(pins.hold_cursors)},
        {"advisory_locks", name_of(pins.advisory_locks)},
        {"load", name_of(pins.load)},
        {"prepare", name_of(pins.prepare)},
    };
}

json pool_object(const pool_settings& pool)
{
    return {
        {"size", pool.size},
        {"max_overflow", pool.max_overflow},
        {"budget", name_of(pool.budget)},
        {"timeout", to_text(pool.timeout)},
        {"recycle", duration_or_never(pool.recycle)},
        {"pre_ping", pool.pre_ping},
        {"pre_ping_after", to_text(pool.pre_ping_after)},
        {"use_lifo", pool.use_lifo},
        {"overflow_linger", to_text(pool.overflow_linger)},
        {"min_idle", pool.min_idle},
        {"idle_timeout", to_text(pool.idle_timeout)},
        {"max_waiting", pool.max_waiting},
        {"connect_timeout", to_text(pool.connect_timeout)},
        {"query_timeout", to_text(pool.query_timeout)},
        {"idle_transaction_timeout", to_text(pool.idle_transaction_timeout)},
        {"transaction_timeout", to_text(pool.transaction_timeout)},
        {"log_min_duration", duration_or_never(pool.log_min_duration)},
        {"log_literals", pool.log_literals},
        {"free_answers", pool.free_answers},
        {"hold_back_begin", pool.hold_back_begin},
        {"reset", name_of(pool.reset)},
        {"pins", pins_object(pool.pins)},
        {"max_pinned", pool.max_pinned},
        {"allow_sql_prepare", pool.allow_sql_prepare},
        {"stateful_functions", pool.stateful_functions},
        {"session_pool_size", pool.session_pool_size},
        {"session_lane", {{"application_name", pool.session_applications}}},
    };
}

std::string name_of(migration_settings::failure_policy policy)
{
    using enum migration_settings::failure_policy;
    switch (policy) {
    case closed: return "closed";
    case exit: return "exit";
    case serve: return "serve";
    }
    return "";
}

// The values of `env` may be secrets.
json migrations_object(const migration_settings& m)
{
    json variables = json::object();
    for (const auto& [name, value] : m.env)
        variables[name] = "***";
    json out{
        {"on_boot", m.on_boot},
        {"dir", m.dir},
        {"command", m.command},
        {"current_command", m.current_command},
        {"order", m.order == migration_settings::command_order::first ? "first" : "last"},
        {"env", std::move(variables)},
        {"timeout", to_text(m.timeout)},
        {"version_table", m.version_table},
        {"wait", to_text(m.wait)},
        {"lock_wait", to_text(m.lock_wait)},
        {"lock_timeout", to_text(m.lock_timeout)},
        {"statement_timeout", to_text(m.statement_timeout)},
        {"on_failure", name_of(m.on_failure)},
        {"on_edited", m.on_edited == migration_settings::edit_policy::warn ? "warn" : "refuse"},
    };
    if (!m.cwd.empty())
        out["cwd"] = m.cwd;
    if (!m.version_table_schema.empty())
        out["version_table_schema"] = m.version_table_schema;
    return out;
}

json accounts_object(const account_settings& accounts)
{
    return {{"users", accounts.users}, {"groups", accounts.groups}};
}

json listen_object(const listen_settings& listen)
{
    json out{
        {"socket_dir", listen.socket_dir},
        {"port", listen.port},
        {"mode", octal(listen.mode)},
    };
    if (!listen.group.empty())
        out["group"] = listen.group;
    out["allow"] = accounts_object(listen.allow);
    return out;
}

json object_of(const settings& all)
{
    json backends = json::object();
    for (const backend_settings& backend : all.backends)
        backends[backend.name] = {
            {"url", masked(backend.url)},
            {"aliases", backend.aliases},
            {"pool", pool_object(backend.pool)},
            {"migrations", migrations_object(backend.migrations)},
        };
    return {
        {"backends", std::move(backends)},
        {"listen", listen_object(all.listen)},
        {"keep_clients", all.keep_clients},
        {"admin", accounts_object(all.admin)},
        {"metrics", {{"listen", endpoint_text(all.metrics)}, {"hosts", all.metrics_hosts}}},
        {"log", {{"format", name_of(all.log.format)}, {"level", name_of(all.log.level)}}},
        {"max_client_conn", all.max_client_conn},
        {"client_login_timeout", to_text(all.client_login_timeout)},
        {"client_idle_timeout", to_text(all.client_idle_timeout)},
        {"shutdown_timeout", to_text(all.shutdown_timeout)},
    };
}

// Bytes that are not UTF-8 (a path may hold them) are replaced rather than thrown over.
std::string dumped(const json& value, int indent = -1)
{
    return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

std::string text_of(const json& value)
{
    return value.is_string() ? value.get<std::string>() : dumped(value);
}

// With each setting below `path`: its own path, its value and its default, which may be null.
template <class Call>
void each_setting(const std::string& path, const json& value, const json& standard, Call call)
{
    if (!value.is_object())
        return call(path, value, standard);
    for (const auto& [name, below] : value.items())
        each_setting(path.empty() ? name : path + "." + name,
                     below,
                     standard.is_object() && standard.contains(name) ? standard[name] : json{},
                     call);
}

} // namespace

std::string to_json(const settings& all) { return dumped(object_of(all), 2) + "\n"; }

std::vector<listed_setting> list(const settings& all)
{
    settings standard;
    for (const backend_settings& b : all.backends)
        standard.backends.emplace_back().name = b.name;
    std::vector<listed_setting> out;
    each_setting({},
                 object_of(all),
                 object_of(standard),
                 [&](const auto& path, const json& value, const json& otherwise) {
                     const bool has_default = !otherwise.is_null() && !path.ends_with(".url");
                     out.push_back({path,
                                    text_of(value),
                                    has_default ? text_of(otherwise) : "",
                                    is_changeable(all, path)});
                 });
    return out;
}

} // namespace weir
