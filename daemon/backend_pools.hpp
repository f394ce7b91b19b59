// The pools of the backends that are served, and their lanes for whole sessions: made at boot and
// by a reload, and kept, when the settings name a backend no more, until the last of its clients
// has left. On the loop's thread, outside the relay's events.
#pragma once

#include "config/changes.hpp"
#include "config/settings.hpp"
#include "daemon/budget_watch.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/gates.hpp"
#include "daemon/pool_runner.hpp"
#include "daemon/relay.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weir {

class backend_pools {
public:
    using pools = std::vector<std::unique_ptr<pool_runner>>;
    using opened = std::map<std::string, std::shared_ptr<backend>>; // by the backends' names

    backend_pools(event_loop& loop, relay& clients, gates& migrations, budget_watch& budgets)
        : loop_(loop), relay_(clients), gates_(migrations), budgets_(budgets)
    {
    }

    // What is added or has another address. An error: it cannot be served.
    static result<opened> open(const settings_changes& what,
                               const std::vector<backend_settings>& all);
    // `all` as they are to be, with what has been opened for it. Pool settings are retune()'s.
    void change(const settings_changes& what,
                const std::vector<backend_settings>& all,
                const opened& fresh);
    void retune(const std::string& backend, const pool_settings& with);
    void tick(time_point now); // those that are left behind

    const pools& all() const { return pools_; }
    const pools& lanes() const { return lanes_; } // NAME:session

private:
    struct removed {
        std::unique_ptr<pool_runner> pool; // or lane
        time_point cut_off_at;             // transactions have so long to finish
    };

    pool_runner& add(const backend_settings& s, const std::shared_ptr<backend>& behind);
    void
    readdress(pool_runner& pool, const backend_settings& s, const std::shared_ptr<backend>& behind);
    void have_lane(pool_runner& pool, const backend_settings& s);
    void remove(const std::string& backend);
    void remove_lane(pool_runner& of);
    void retire(std::unique_ptr<pool_runner> pool);
    pool_runner* find(const std::string& backend) const; // null: there is none

    event_loop& loop_;
    relay& relay_;
    gates& gates_;
    budget_watch& budgets_;
    pools pools_;
    pools lanes_;
    std::vector<removed> removed_;
};

} // namespace weir
