#include "daemon/daemon.hpp"

#include "daemon/log.hpp"
#include "daemon/process.hpp"
#include "daemon/version.hpp"

#include <boost/asio/ip/host_name.hpp>

namespace weir {

namespace {

using namespace std::chrono_literals;

constexpr auto note_interval = 1s;

} // namespace

using std::chrono::steady_clock;

result<void> daemon::run()
{
    loop_.run([this] { relay_.serve_sockets(); }, [this] { tick(); });
    ignore_signals_to_the_end();
    if (ended_by_)
        return *ended_by_;
    return {};
}

void daemon::tick()
{
    if (ending_)
        return;
    const auto now = steady_clock::now();
    ticked_at_ = now;
    relay_.tick(now);
    gates_.tick(now);
    budgets_.tick(now);
    console_.tick(now);
    store_.tick(relay_, now);
    pools_.tick(now);
    for (const auto* pools : {&pools_.all(), &pools_.lanes()})
        for (const auto& pool : *pools)
            if (auto seen = pool->take_samples(); !seen.empty())
                queries_.add(pool->name(), std::move(seen));
    note_moment(now);
    if (gates_.is_migrating())
        break_off_takeover(it_migrates());
    if (is_over() && !door_.has_passed())
        door_.is_asked() ? pass_all() : end();
}

// For the status page, whose thread keeps what it needs of it.
void daemon::note_moment(steady_clock::time_point now)
{
    if (!pages_ || now - noted_ < note_interval)
        return;
    noted_ = now;
    pages_->post([known = known_, m = moment()] { known->note(m); });
}

status::moment daemon::moment() const
{
    return {.now = steady_clock::now(),
            .today = std::chrono::system_clock::now(),
            .host = boost::asio::ip::host_name(),
            .version = version(),
            .numbers = snapshot()};
}

// From the relay's own loop: a stuck loop is a stuck daemon, and systemd restarts it.
void daemon::feed_watchdog(std::chrono::microseconds interval)
{
    service_manager::alive();
    watchdog_.expires_after(interval);
    watchdog_.async_wait([this, interval](const boost::system::error_code& failed) {
        if (!failed)
            feed_watchdog(interval);
    });
}

console::sockets daemon::sockets()
{
    console::sockets all = relay_.sockets();
    all.port = settings_.listen.port;
    return all;
}

metrics_snapshot daemon::snapshot() const
{
    metrics_snapshot s;
    if (draining_ || handing_over_ || waits_for_clients_)
        s.closed_because = "draining";
    else if (relay_.is_suspended())
        s.closed_because = "suspended";
    s.clients = relay_.counts();
    s.errors_before_backend = relay_.errors_before_backend();
    s.clients.limit = settings_.max_client_conn;
    s.reloads = reloads_;
    for (const auto& pool : pools_.all()) {
        s.backends.push_back(pool->snapshot());
        s.backends.back().listening_channels = relay_.listening_channels(*pool);
        s.backends.back().migrations = gates_.status(pool->name());
        s.backends.back().budget = budgets_.of(pool->name());
    }
    for (const auto& lane : pools_.lanes()) // of their pools it is said when they are down
        if (lane->knows_servers()) {
            s.backends.push_back(lane->snapshot());
            s.backends.back().is_up = true;
        }
    for (backend_snapshot& b : s.backends)
        b.is_suspended = relay_.is_suspended();
    return s;
}

result<void> serve(const settings& initial,
                   bool takes_over,
                   const settings_reader& reread,
                   const std::function<void(const served_at&)>& started)
{
    daemon d{initial, reread, started};
    if (auto up = d.start(takes_over); !up)
        return up;
    auto ended = d.run();
    log::info("stopped");
    return ended;
}

} // namespace weir
