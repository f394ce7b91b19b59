#include "daemon/control_pages.hpp"

#include "daemon/escape.hpp"
#include "daemon/metrics.hpp"
#include "daemon/version.hpp"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr const char* plain_text = "text/plain; charset=utf-8";

std::string front_page()
{
    return "weir " + std::string{version()} +
           "\n\n"
           "/metrics  the pools and their clients, for Prometheus\n"
           "/healthz  200 while the process lives\n"
           "/readyz   200 while every backend is up and its clients are served, else 503 and why\n";
}

// Passes the numbers on to be printed where the page is made.
std::function<void(metrics_snapshot)> print_with(http_page (*print)(const metrics_snapshot&),
                                                 http_reply reply)
{
    return [print, reply = std::move(reply)](metrics_snapshot now) {
        reply([print, now = std::move(now)] { return print(now); });
    };
}

http_page metrics_page(const metrics_snapshot& now)
{
    return {200, metrics_content_type, to_prometheus(now)};
}

} // namespace

http_handler control_pages(snapshot_source ask)
{
    return [ask = std::move(ask)](const std::string& path, http_reply reply) {
        const auto say = [&reply](unsigned status, std::string text) {
            reply([status, text = std::move(text)] { return http_page{status, plain_text, text}; });
        };
        if (path == "/metrics")
            ask(print_with(metrics_page, std::move(reply)));
        else if (path == "/readyz")
            ask(print_with(readiness, std::move(reply)));
        else if (path == "/healthz")
            say(200, "ok\n");
        else if (path == "/")
            say(200, front_page());
        else
            say(404, "there is no such page; / lists those there are\n");
    };
}

http_page readiness(const metrics_snapshot& now)
{
    const bool ready = now.closed_because.empty() &&
                       std::all_of(now.backends.begin(), now.backends.end(), [](const auto& b) {
                           return b.is_up && b.migrations.is_open;
                       });
    std::string body = ready ? R"({"ready":true)" : R"({"ready":false)";
    if (!now.closed_because.empty()) {
        body += R"(,"closed_because":)";
        append_json_string(body, now.closed_because);
    }
    body += R"(,"backends":[)";
    for (const backend_snapshot& b : now.backends) {
        body += body.back() == '[' ? R"({"name":)" : R"(,{"name":)";
        append_json_string(body, b.name);
        body += b.is_up ? R"(,"up":true)" : R"(,"up":false)";
        if (!b.is_up && !b.down_because.empty()) {
            body += R"(,"down_because":)";
            append_json_string(body, b.down_because);
        }
        if (!b.migrations.is_open) {
            body += R"(,"closed_because":)";
            append_json_string(body, b.migrations.closed_because);
        }
        body += '}';
    }
    body += "]}\n";
    return {ready ? 200u : 503u, "application/json", std::move(body)};
}

} // namespace weir
