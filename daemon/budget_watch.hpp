// What the servers have to spare, asked once a backend is up and after each reload, and again while
// that fails; on a thread of its own: a login blocks. All but the asking happens on the loop's
// thread.
#pragma once

#include "config/settings.hpp"
#include "daemon/doctor/budget.hpp"
#include "daemon/doctor/finding.hpp"
#include "daemon/doctor/own_connections.hpp"
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
    void tick(time_point now); // asks who is up and is to be asked
    void ask_again();          // everybody

    std::optional<doctor::budget> of(const std::string& backend) const; // nothing: not yet known
    using connections = std::vector<doctor::own_connection>;
    connections own() const; // of all that are watched, lanes and those that listen included

private:
    struct watched {
        pool_runner* pool;
        time_point ask_at = {}; // max(): it has been asked
        bool has_failed = false;
        std::optional<doctor::budget> found = {};
    };

    watched* find(const std::string& backend); // null: it is not watched (any more)
    void ask(watched& w);
    void note(watched& w, const doctor::server_facts& seen, const connections& own);
    void note_failure(watched& w, const error& why);

    event_loop& loop_;
    const std::vector<backend_settings>& backends_;
    handler answered_;
    std::vector<watched> all_;
    std::stop_source stopping_;
    boost::asio::thread_pool thread_{1};
};

// Of one's own, before the loop runs: for budget = "refuse". An error: it could not be asked.
// `leaving`: the process ids of servers that are about to go.
result<doctor::budget> ask_for_budget(const backend_settings& s,
                                      const std::vector<backend_settings>& all,
                                      const std::vector<int>& leaving);

void log_findings(const doctor::findings& all); // warnings and errors alone

} // namespace weir
