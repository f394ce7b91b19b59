// All backends' gates: opened at boot, told to systemd, shown and worked from the console. Weir is
// ready when every one of them is open.
#pragma once

#include "config/settings.hpp"
#include "daemon/console/host.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/migration_gate.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir {

class gates final : public gate_events {
public:
    struct handlers {
        std::function<void()> ready;                // all have been open, for the first time
        std::function<void(const error& why)> exit; // migrations.on_failure = exit
    };

    gates(event_loop& loop, handlers to) : loop_(loop), to_(std::move(to)) {}

    void add(const backend_settings& s, pool_runner& pool); // after boot(): it boots at once
    void remove(const pool_runner& pool);    // the migrator ends as soon as it safely can
    bool has(const pool_runner& pool) const; // also one that is removed and has not ended yet

    void boot();
    void begin_reload(); // SIGHUP: what follows, up to the last migration, is one reload
    void reload(const backend_settings& s);
    void readdress(const backend_settings& s);
    void end_reload();
    void say_again(); // the STATUS, where another was said meanwhile
    void tick(time_point now);
    void stop();
    void note_suspended(bool is_so); // for systemd's STATUS

    bool is_migrating() const;
    const migration_status& status(const std::string& backend) const; // must have been added

    // gate_events
    void gate_changed() override;
    void gate_demands_exit(const error& why) override { to_.exit(why); }

    // SHOW MIGRATIONS and MIGRATE
    std::vector<migration_status> statuses() const;
    void migrate(const console::migrate_wish& wish, console::reply to);

private:
    migration_gate* find(const std::string& backend) const; // null: there is none
    std::string closed_because() const;
    std::string serving() const;
    void ask_for_time(time_point now);

    event_loop& loop_;
    handlers to_;
    std::vector<std::unique_ptr<migration_gate>> all_;
    std::vector<std::unique_ptr<migration_gate>> removed_; // until they are idle
    bool booted_ = false;
    bool is_ready_ = false;  // systemd has heard READY=1
    bool reloading_ = false; // ... and RELOADING=1, and waits for READY=1
    bool stopping_ = false;
    bool is_suspended_ = false;
    std::string said_; // the last STATUS
    time_point asked_for_time_{};
};

} // namespace weir
