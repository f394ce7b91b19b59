// What the console shows, and what an operator does there.
#include "daemon/daemon.hpp"
#include "daemon/log.hpp"
#include "pool/core/refusal.hpp"

namespace weir {

using std::chrono::steady_clock;

console_host::sources daemon::what_the_console_asks()
{
    return {.snapshot = [this] { return snapshot(); },
            .sockets = [this] { return sockets(); },
            .memory = [this] { return relay_.memory(); },
            .queries = [this] { return queries_.all(); },
            .settings = [this]() -> const settings& { return settings_; },
            .is_suspended = [this] { return relay_.is_suspended(); },
            .has_unsent = [this] { return relay_.has_unsent(); }};
}

console_host::deeds daemon::what_an_operator_does()
{
    using name = const std::string&;
    return {
        .reload = [this] { return reload_settings(); },
        .set = [this](name path, name value) { return set(path, value); },
        .pause =
            [this](name backend) {
                return each_pool(backend, "paused", [](pool_runner& p) {
                    p.pause_for_operator(paused(p.name()));
                });
            },
        .resume =
            [this](name backend) {
                if (backend.empty())
                    suspend(false);
                return each_pool(backend, "resumed", [](pool_runner& p) {
                    p.resume_for_operator(steady_clock::now());
                });
            },
        .disable =
            [this](name backend) {
                return each_pool(backend, "disabled", [](pool_runner& p) { p.disable(true); });
            },
        .enable =
            [this](name backend) {
                return each_pool(backend, "enabled", [](pool_runner& p) { p.disable(false); });
            },
        .reconnect =
            [this](name backend) {
                return each_pool(backend, "connections are replaced", [](pool_runner& p) {
                    p.retire_all(close_reason::reconnect, steady_clock::now());
                });
            },
        .kill =
            [this](name backend) {
                return each_pool(backend, "all connections are ended", [this](pool_runner& p) {
                    p.pause_for_operator(paused(p.name()));
                    for (pool_runner* const one : {&p, p.lane()})
                        if (one)
                            relay_.kill_clients_of(*one, by_administrator("KILL"));
                    p.retire_all(close_reason::reconnect, steady_clock::now());
                });
            },
        .suspend = [this] { suspend(true); },
        .kill_client = [this](name ptr) { return relay_.kill_client(ptr); },
        .shut_down = [this](console_host::ending how,
                            console::reply to) { shut_down(how, std::move(to)); },
    };
}

void daemon::suspend(bool is_so)
{
    if (relay_.is_suspended() == is_so)
        return;
    log::info(is_so ? "suspended" : "resumed from a SUSPEND");
    if (is_so)
        relay_.suspend();
    else
        relay_.resume();
    gates_.note_suspended(is_so);
}

error daemon::paused(const std::string& backend)
{
    return {"57P03",
            "backend \"" + backend + "\" is paused",
            "An operator has said PAUSE, or KILL.",
            "RESUME on the console, or weir resume, ends it."};
}

// What an operator has asked for, of one pool or (with an empty name) of all. False: there is no
// such backend.
bool daemon::each_pool(const std::string& backend,
                       std::string_view what,
                       const std::function<void(pool_runner&)>& call)
{
    bool found = backend.empty();
    for (const auto& pool : pools_.all())
        if (backend.empty() || pool->name() == backend) {
            found = true;
            log::info(what, {{"backend", pool->name()}});
            call(*pool);
        }
    note_stopped_pools();
    return found;
}

} // namespace weir
