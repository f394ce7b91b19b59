// The daemon: one of each of its parts, and what they do together. It runs until somebody says
// stop.
#pragma once

#include "daemon/access_list.hpp"
#include "daemon/backend_pools.hpp"
#include "daemon/budget_watch.hpp"
#include "daemon/client_store.hpp"
#include "daemon/console_host.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/gates.hpp"
#include "daemon/handover/introduction.hpp"
#include "daemon/http_server.hpp"
#include "daemon/pool_runner.hpp"
#include "daemon/query_book.hpp"
#include "daemon/relay.hpp"
#include "daemon/serve.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/status/status_board.hpp"
#include "daemon/takeover.hpp"
#include "daemon/unix_listener.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir {

class daemon {
public:
    using start_handler = std::function<void(const served_at&)>;

    daemon(const settings& initial, const settings_reader& reread, start_handler started)
        : settings_(initial), reread_(reread), started_(std::move(started)), relay_(loop_, {}),
          gates_(loop_,
                 {.ready = [this] { started_(where_it_serves()); },
                  .exit = [this](const error& why) { exit(why); }}),
          budgets_(loop_, settings_.backends, [this](const auto& backend) { on_budget(backend); }),
          console_(what_the_console_asks(), what_an_operator_does(), gates_), end_(loop_.context()),
          watchdog_(loop_.context()), stops_(loop_.context()), hangups_(loop_.context(), SIGHUP)
    {
    }

    result<void> start(bool takes_over);
    result<void> run(); // an error: it ended because of it

private:
    using time_point = std::chrono::steady_clock::time_point;

    void tick();
    void feed_watchdog(std::chrono::microseconds interval);
    metrics_snapshot snapshot() const;
    status::moment moment() const; // without those who hold servers
    void note_moment(time_point now);
    console::sockets sockets();

    // daemon_start.cpp
    result<void> look_around(bool takes_over);
    void mind_stops();
    result<void> open_backends();
    void warn_of_hidden_console() const;
    result<void> adopt_what_is_passed();
    result<void> open_listeners();
    void stop_again();
    void note_stopped_pools();
    void warn_of_unheeded_settings() const;
    served_at where_it_serves() const;
    void open_door();
    result<void> open_pages();

    // daemon_budget.cpp
    result<void> refuse_small_budgets();
    void on_budget(const std::string& backend);
    pool_settings effective(const backend_settings& s) const;

    // daemon_takeover.cpp
    result<void> take_over();
    result<void> inherit_listener();
    static error it_ends(); // what one who wants to take over is told
    static error it_migrates();
    result<introduction> introduce_oneself() const;
    result<void> hand_over_to_asker();
    void pass_all();
    void give_away();
    void take_back(); // nobody has taken over
    void break_off_takeover(const error& why);

    // daemon_reload.cpp
    void on_hangup();
    result<void> reload_settings();
    void note_reload(bool done);
    result<void> set(const std::string& path, const std::string& value);
    result<void> admit(const settings& fresh);
    result<void> reload(const settings& fresh);

    // daemon_operator.cpp
    console_host::sources what_the_console_asks();
    console_host::deeds what_an_operator_does();
    void suspend(bool is_so);
    static error paused(const std::string& backend);
    bool each_pool(const std::string& backend,
                   std::string_view what,
                   const std::function<void(pool_runner&)>& call);

    // daemon_end.cpp
    enum class newcomers : std::uint8_t { wait, are_refused };
    void on_stop();
    void drain(newcomers how = newcomers::wait);
    void exit(const error& why);
    void hand_over();
    void finish_transactions();
    void limit_draining(std::function<void()> cut_off);
    void after(std::chrono::milliseconds time, std::function<void()> what);
    void stop_listening();
    void shut_down(console_host::ending how, console::reply to);
    bool is_over() const;
    void end();
    void end_at_once();

    settings settings_;
    settings_reader reread_;
    start_handler started_;
    // One thread runs it and uses what belongs to it; others only post.
    event_loop loop_;
    std::vector<service_manager::passed_descriptor> passed_; // at the start
    std::optional<running_weir> other_;                      // to take over from
    takeover_door door_{loop_.context()};
    client_store store_; // outlives the relay, whose clients it keeps
    access_list allowed_;
    access_list operators_;
    std::vector<unix_listener> listeners_;
    backend_pools pools_{loop_, relay_, gates_, budgets_};
    relay relay_;
    gates gates_;
    budget_watch budgets_;
    query_book queries_;
    std::set<std::string> started_with_; // whose budget is known: no later one ends weir
    console_host console_;
    boost::asio::steady_timer end_; // what is to come next on the way there
    boost::asio::steady_timer watchdog_;
    boost::asio::signal_set stops_;
    boost::asio::signal_set hangups_;
    const std::shared_ptr<status::board> known_ = std::make_shared<status::board>();
    time_point noted_{}; // the last moment
    std::atomic<time_point> ticked_at_{std::chrono::steady_clock::now()};
    std::optional<http_server> pages_;
    reload_counts reloads_{.in_use_since = std::chrono::system_clock::now()};
    bool draining_ = false;
    bool handing_over_ = false;
    bool waits_for_clients_ = false; // to leave by themselves, and ends then
    bool ending_ = false;            // and nothing is waited for
    std::vector<console::reply> told_at_the_end_;
    std::optional<error> ended_by_;
};

} // namespace weir
