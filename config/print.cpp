#include "config/print.hpp"

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

json pool_object(const pool_settings& pool)
{
    return {
        {"size", pool.size},
        {"max_overflow", pool.max_overflow},
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
    };
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
    out["allow"] = {{"users", listen.allow.users}, {"groups", listen.allow.groups}};
    return out;
}

} // namespace

std::string to_json(const settings& all)
{
    json backends = json::object();
    for (const backend_settings& backend : all.backends)
        backends[backend.name] = {
            {"url", masked(backend.url)},
            {"aliases", backend.aliases},
            {"pool", pool_object(backend.pool)},
        };
    const json root{
        {"backends", std::move(backends)},
        {"listen", listen_object(all.listen)},
        {"metrics", {{"listen", endpoint_text(all.metrics)}}},
        {"log", {{"format", name_of(all.log.format)}, {"level", name_of(all.log.level)}}},
        {"max_client_conn", all.max_client_conn},
        {"client_login_timeout", to_text(all.client_login_timeout)},
    };
    // Bytes that are not UTF-8 (a path may hold them) are replaced rather than thrown over.
    return root.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace weir
