#include "config/changes.hpp"

#include <algorithm>

namespace weir {

namespace {

const backend_settings* find(const settings& all, const std::string& name)
{
    const auto found = std::ranges::find(all.backends, name, &backend_settings::name);
    return found == all.backends.end() ? nullptr : &*found;
}

void compare_backend(const backend_settings& before,
                     const backend_settings& after,
                     settings_changes& changes)
{
    if (before.url.kind != after.url.kind) {
        changes.removed.insert(after.name);
        changes.added.insert(after.name);
        return;
    }
    if (before.url != after.url)
        changes.readdressed.insert(after.name);
    if (before.pool != after.pool)
        changes.retuned.insert(after.name);
    if (before.migrations != after.migrations)
        changes.live.push_back("backends." + after.name + ".migrations");
    if (before.aliases != after.aliases)
        changes.live.push_back("backends." + after.name + ".aliases");
}

} // namespace

bool settings_changes::empty() const
{
    return added.empty() && removed.empty() && readdressed.empty() && retuned.empty() &&
           live.empty() && restart.empty();
}

settings_changes compare(const settings& before, const settings& after)
{
    settings_changes changes;
    for (const backend_settings& backend : before.backends)
        if (!find(after, backend.name))
            changes.removed.insert(backend.name);
    for (const backend_settings& backend : after.backends) {
        if (const backend_settings* const old = find(before, backend.name))
            compare_backend(*old, backend, changes);
        else
            changes.added.insert(backend.name);
    }

    const auto note = [](bool differs, std::vector<std::string>& list, const char* path) {
        if (differs)
            list.emplace_back(path);
    };
    note(before.max_client_conn != after.max_client_conn, changes.live, "max_client_conn");
    note(before.client_login_timeout != after.client_login_timeout,
         changes.live,
         "client_login_timeout");
    note(before.client_idle_timeout != after.client_idle_timeout,
         changes.live,
         "client_idle_timeout");
    note(before.shutdown_timeout != after.shutdown_timeout, changes.live, "shutdown_timeout");
    note(before.listen.allow != after.listen.allow, changes.live, "listen.allow");
    note(before.admin != after.admin, changes.live, "admin");
    note(before.log.level != after.log.level, changes.live, "log.level");
    // The socket and the metrics' port are bound once; the log's sink is made once.
    note(before.log.format != after.log.format, changes.restart, "log.format");
    note(before.listen.socket_dir != after.listen.socket_dir, changes.restart, "listen.socket_dir");
    note(before.listen.port != after.listen.port, changes.restart, "listen.port");
    note(before.listen.mode != after.listen.mode, changes.restart, "listen.mode");
    note(before.listen.group != after.listen.group, changes.restart, "listen.group");
    note(before.keep_clients != after.keep_clients, changes.restart, "keep_clients");
    note(before.metrics != after.metrics, changes.restart, "metrics.listen");
    note(before.metrics_hosts != after.metrics_hosts, changes.restart, "metrics.hosts");
    return changes;
}

} // namespace weir
