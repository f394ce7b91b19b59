// What the servers have to spare, asked once a backend is up and after each reload, on a thread of
// its own: a login blocks. All but the asking happens on the loop's thread.
#pragma once

#include "config/settings.hpp"
#include "daemon/doctor/budget.hpp"
#include "daemon/doctor/finding.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/pool_runner.hpp"

#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace weir {

class budget_watch {
public:
    // A server has answered: of(name) is new.
    using handler = std::function<void(const std::string& backend)>;

    budget_watch(event_loop& loop,
                 const std::vector<backend_settings>& backends, // read as they are at that time
                 handler answered)
        : loop_(loop), backends_(backends), answered_(std::move(answered))
    {
    }
    ~budget_watch(); // asks those who ask to stop, and waits for them

    void add(pool_runner& pool); // a PostgreSQL backend's; what is known of it is forgotten
    void remove(const std::string& backend);
    void tick();      // asks who is up and has not been asked
    void ask_again(); // everybody

    std::optional<doctor::budget> of(const std::string& backend) const; // nothing: not yet known

private:
    struct watched {
        pool_runner* pool;
        bool is_asked = false;
        std::optional<doctor::budget> found = {};
    };

    watched* find(const std::string& backend); // null: it is not watched (any more)
    void ask(watched& w);
    void note(watched& w, const doctor::server_facts& seen, const std::vector<int>& own_pids);

    event_loop& loop_;
    const std::vector<backend_settings>& backends_;
    handler answered_;
    std::vector<watched> all_;
    std::stop_source stopping_;
    boost::asio::thread_pool thread_{1};
};

// Of one's own, before the loop runs: for budget = "refuse". An error: it could not be asked.
result<doctor::budget> ask_for_budget(const backend_settings& s,
                                      const std::vector<backend_settings>& all);

void log_findings(const doctor::findings& all); // warnings and errors alone

} // namespace weir
