#include "daemon/gates.hpp"

#include "daemon/service_manager.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir {
namespace {

using namespace std::chrono_literals;

// How much longer it takes, and how long before that is over it is said again.
constexpr auto more_time = 30s;
constexpr auto say_again_after = 5s;

} // namespace

void gates::add(const backend_settings& s, pool_runner& pool)
{
    all_.push_back(std::make_unique<migration_gate>(s, pool, real_migration_work(), loop_, *this));
    if (booted_)
        all_.back()->boot();
}

void gates::remove(const pool_runner& pool)
{
    const auto found =
        std::ranges::find(all_, &pool, [](const auto& gate) { return &gate->pool(); });
    (*found)->stop();
    removed_.push_back(std::move(*found));
    all_.erase(found);
}

bool gates::has(const pool_runner& pool) const
{
    const auto is_its = [&](const auto& gate) { return &gate->pool() == &pool; };
    return std::ranges::any_of(all_, is_its) || std::ranges::any_of(removed_, is_its);
}

// Clients can connect already: they wait at the gates that stay closed while migrations run.
void gates::boot()
{
    for (const auto& gate : all_)
        gate->boot();
    booted_ = true;
    gate_changed();
}

void gates::begin_reload()
{
    reloading_ = is_ready_ && !stopping_; // before READY=1 it is starting, and stays so
    if (reloading_)
        service_manager::reloading();
}

void gates::reload(const backend_settings& s)
{
    if (migration_gate* const gate = find(s.name))
        gate->reload(s.migrations);
}

void gates::readdress(const backend_settings& s)
{
    if (migration_gate* const gate = find(s.name))
        gate->readdress(s);
}

void gates::end_reload() { gate_changed(); }

void gates::say_again()
{
    said_.clear();
    gate_changed();
}

void gates::tick(time_point now)
{
    for (const auto& gate : all_)
        gate->tick(now);
    std::erase_if(removed_, [](const auto& gate) { return !gate->is_busy(); });
    gate_changed(); // or a backend has come or gone, which the STATUS says as well
}

void gates::stop()
{
    stopping_ = true;
    for (const auto& gate : all_)
        gate->stop();
}

bool gates::is_migrating() const
{
    const auto is_busy = [](const auto& gate) { return gate->is_busy(); };
    return std::ranges::any_of(all_, is_busy) || std::ranges::any_of(removed_, is_busy);
}

const migration_status& gates::status(const std::string& backend) const
{
    const migration_gate* const gate = find(backend);
    assert(gate);
    return gate->status();
}

// READY=1 comes when every gate is open, be it after an hour. A gate that a failure has closed
// keeps weir starting, as systemd sees it: it stays up, says why in its STATUS, and serves as soon
// as an operator has put it right. A reload is over even if what it led to has failed.
void gates::gate_changed()
{
    if (!booted_ || stopping_)
        return;
    const std::string closed = closed_because();
    const std::string words = closed.empty() ? serving() : closed;
    const bool first = !is_ready_ && closed.empty();
    if (first || (reloading_ && !is_migrating())) {
        is_ready_ = true;
        reloading_ = false;
        service_manager::ready(words);
    } else if (words != said_) {
        service_manager::status(words);
    }
    said_ = words;
    ask_for_time(std::chrono::steady_clock::now());
    if (first)
        to_.ready();
}

void gates::note_suspended(bool is_so)
{
    is_suspended_ = is_so;
    gate_changed();
}

std::string gates::closed_because() const
{
    std::string all;
    bool waits_for_somebody = false; // who mends what nobody tries again
    for (const auto& gate : all_) {
        if (gate->is_open())
            continue;
        const migration_status& s = gate->status();
        all += (all.empty() ? "" : "; ") + s.backend + ": " + s.closed_because;
        waits_for_somebody = waits_for_somebody || s.is == migration_status::phase::idle;
    }
    // `systemctl reload` would wait until the start is over, which it is not before.
    return waits_for_somebody ? all + "; mend it, then run `weir reload`" : all;
}

std::string gates::serving() const
{
    if (is_suspended_)
        return "suspended until RESUME";
    std::string words = "serving " + std::to_string(all_.size()) + " backend(s)";
    for (const auto& gate : all_) {
        const pool_runner& pool = gate->pool();
        const auto& why = pool.books().last_login_error();
        if (pool.is_paused_by_operator())
            words += "; " + pool.name() + " is paused";
        else if (pool.is_disabled())
            words += "; " + pool.name() + " is disabled";
        else if (why && !pool.books().is_up())
            words += "; " + pool.name() + " is down: " + why->message;
    }
    return words;
}

void gates::ask_for_time(time_point now)
{
    if (stopping_ || closed_because().empty() || now - asked_for_time_ < say_again_after)
        return;
    asked_for_time_ = now;
    service_manager::extend_timeout(more_time);
}

migration_gate* gates::find(const std::string& backend) const
{
    const auto found = std::ranges::find_if(all_, [&](const auto& gate) {
        return gate->status().backend == backend;
    });
    return found == all_.end() ? nullptr : found->get();
}

std::vector<migration_status> gates::statuses() const
{
    std::vector<migration_status> all;
    for (const auto& gate : all_)
        all.push_back(gate->status());
    return all;
}

void gates::migrate(const console::migrate_wish& wish, console::reply to)
{
    if (migration_gate* const gate = find(wish.backend))
        return gate->migrate(wish, std::move(to));
    to.done(error{"3D000", "there is no backend \"" + wish.backend + "\""});
}

} // namespace weir
