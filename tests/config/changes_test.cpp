#include "config/changes.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace weir;
using namespace std::chrono_literals;

namespace {

backend_settings backend(std::string name, std::string_view url)
{
    return {.name = std::move(name),
            .aliases = {},
            .url = parse_database_url(url).value(),
            .pool = {},
            .migrations = {}};
}

settings two_backends()
{
    settings all;
    all.backends = {backend("a", "sqlite:///a.db"), backend("b", "postgresql://db/b")};
    return all;
}

using names = std::set<std::string>;
using paths = std::vector<std::string>;

} // namespace

TEST_SUITE_BEGIN("config");

TEST_CASE("a reload of the same settings has nothing to do")
{
    CHECK(compare(two_backends(), two_backends()).empty());
}

TEST_CASE("a reload names the backends that came, went, moved or were retuned")
{
    settings after = two_backends();
    after.backends[0].pool.size = 11;
    after.backends[1] = backend("c", "sqlite:///c.db");
    settings_changes changes = compare(two_backends(), after);
    CHECK(changes.retuned == names{"a"});
    CHECK(changes.removed == names{"b"});
    CHECK(changes.added == names{"c"});
    CHECK(changes.readdressed.empty());

    after = two_backends();
    after.backends[1] = backend("b", "sqlite:///b.db"); // nothing of the old pool fits the new one
    after.backends[1].pool.size = 11;
    changes = compare(two_backends(), after);
    CHECK(changes.removed == names{"b"});
    CHECK(changes.added == names{"b"});
    CHECK((changes.readdressed.empty() && changes.retuned.empty()));

    after = two_backends();
    after.backends[1].url.password = secret("rotated");
    after.backends[1].pool.max_overflow = 0;
    changes = compare(two_backends(), after);
    CHECK(changes.readdressed == names{"b"});
    CHECK(changes.retuned == names{"b"});
    CHECK((changes.added.empty() && changes.removed.empty() && changes.restart.empty()));
}

TEST_CASE("a reload tells what applies at once from what needs a restart")
{
    const std::pair<std::function<void(settings&)>, const char*> live[] = {
        {[](settings& s) { s.max_client_conn = 1; }, "max_client_conn"},
        {[](settings& s) { s.client_login_timeout *= 2; }, "client_login_timeout"},
        {[](settings& s) { s.client_idle_timeout = 1h; }, "client_idle_timeout"},
        {[](settings& s) { s.shutdown_timeout = 1s; }, "shutdown_timeout"},
        {[](settings& s) { s.listen.allow.users = {"app"}; }, "listen.allow"},
        {[](settings& s) { s.log.level = log_level::debug; }, "log.level"},
        {[](settings& s) { s.backends[0].aliases = {"x"}; }, "backends.a.aliases"},
    };
    const std::pair<std::function<void(settings&)>, const char*> restart[] = {
        {[](settings& s) { s.log.format = log_format::json; }, "log.format"},
        {[](settings& s) { s.listen.socket_dir = "/tmp"; }, "listen.socket_dir"},
        {[](settings& s) { s.listen.port = 1; }, "listen.port"},
        {[](settings& s) { s.listen.mode = 0600; }, "listen.mode"},
        {[](settings& s) { s.listen.group = "app"; }, "listen.group"},
        {[](settings& s) { s.keep_clients = true; }, "keep_clients"},
        {[](settings& s) { s.metrics.reset(); }, "metrics.listen"},
        {[](settings& s) { s.metrics_hosts = {"db"}; }, "metrics.hosts"},
    };
    for (const auto& entry : live) {
        const auto& change = entry.first; // no structured binding: clang 14 cannot capture one
        const auto& path = entry.second;
        settings after = two_backends();
        change(after);
        const settings_changes changes = compare(two_backends(), after);
        CAPTURE(path);
        CHECK(changes.live == paths{path});
        CHECK(changes.restart.empty());
    }
    for (const auto& entry : restart) {
        const auto& change = entry.first;
        const auto& path = entry.second;
        settings after = two_backends();
        change(after);
        const settings_changes changes = compare(two_backends(), after);
        CAPTURE(path);
        CHECK(changes.restart == paths{path});
        CHECK(changes.live.empty());
    }
}

TEST_SUITE_END();
