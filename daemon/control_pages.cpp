#include "daemon/control_pages.hpp"

#include "daemon/escape.hpp"
#include "daemon/metrics.hpp"
#include "daemon/pages/pages.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir {
namespace {

constexpr const char* plain_text = "text/plain; charset=utf-8";
constexpr const char* json = "application/json";

// Has the page made of the numbers on the control thread, whose business it is.
template <class Numbers, class Print>
std::function<void(Numbers)> print_with(Print print, http_reply reply)
{
    return [print, reply = std::move(reply)](Numbers now) {
        reply([print, now = std::move(now)] { return print(now); });
    };
}

http_page metrics_page(const metrics_snapshot& now)
{
    return {200, metrics_content_type, to_prometheus(now)};
}

http_page file_page(const std::string& path)
{
    const auto files = page_files();
    const auto found = std::ranges::find(files, path, &page_file::path);
    if (found == files.end())
        return {404, plain_text, "there is no such page: see /, /metrics, /readyz and /healthz\n"};
    return {200, std::string{found->content_type}, std::string{found->body}};
}

} // namespace

http_handler control_pages(page_sources from)
{
    return [from = std::move(from)](const std::string& path, http_reply reply) {
        if (path == "/metrics")
            from.numbers(print_with<metrics_snapshot>(metrics_page, std::move(reply)));
        else if (path == "/readyz")
            from.numbers(print_with<metrics_snapshot>(readiness, std::move(reply)));
        else if (path == "/status.json")
            from.moment(print_with<status::moment>(
                [known = from.known](const status::moment& m) {
                    return http_page{200, json, status::to_json(*known, m)};
                },
                std::move(reply)));
        else if (path == "/healthz")
            reply([&from] { return health(from.silence()); });
        else
            reply([path] { return file_page(path); });
    };
}

http_page health(std::chrono::seconds silence)
{
    constexpr std::chrono::seconds longest{10}; // a hundred ticks
    if (silence < longest)
        return {200, plain_text, "ok\n"};
    return {503,
            plain_text,
            "weir's event loop has been stuck for " + std::to_string(silence.count()) + " s\n"};
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
        body += b.migrations.is_open ? R"(,"gate":"open")" : R"(,"gate":"closed")";
        if (!b.is_up) {
            body += R"(,"down_because":)";
            append_json_string(body,
                               !b.down_because.empty() ? b.down_because
                               : b.migrations.is_open  ? "no login has succeeded yet"
                                                       : "nobody logs in before the gate opens");
        }
        if (!b.migrations.is_open) {
            body += R"(,"closed_because":)";
            append_json_string(body, b.migrations.closed_because);
        }
        body += '}';
    }
    body += "]}\n";
    return {ready ? 200u : 503u, json, std::move(body)};
}

} // namespace weir
