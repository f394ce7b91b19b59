// Runs one pool: keeps its servers, carries out what its bookkeeping decides, and logs servers in
// on threads of its own. Everything but the logins and cancels happens on the loop's thread.
#pragma once

#include "daemon/event_loop.hpp"
#include "daemon/log.hpp"
#include "daemon/metrics_snapshot.hpp"
#include "daemon/queries/query_sampler.hpp"
#include "daemon/server.hpp"
#include "pool/core/link.hpp"
#include "pool/core/pool.hpp"
#include "pool/pgwire/own_answers.hpp"
#include "pool/pgwire/session_rules.hpp"
#include "pool/pgwire/session_settings.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir {

// Who moves the bytes. Called with the pool's decisions, in their order.
class pool_events {
public:
    virtual void tell_time(time_point now) = 0; // what follows happens outside a round of events
    virtual void granted(client_id client, server& s) = 0;
    virtual void refused(client_id client, const error& why) = 0;
    virtual void noticed(client_id client, const error& why) = 0; // waits on
    virtual std::string name_of(client_id client) = 0;            // for people
    virtual void arrived(server& s) = 0;                          // logged in: watch it
    virtual void run_errand(server& s) = 0;                       // ping or reset, as s.doing says
    virtual void cancelled(server& s) = 0; // the cancel that was asked for is over
    // No longer the pool's: yours to keep until nothing points at it, then closed.
    virtual void leaves(std::unique_ptr<server> s) = 0;

protected:
    ~pool_events() = default;
};

class pool_runner {
public:
    struct traits {
        backend_address address = {};
        bool has_catalog = true;      // PostgreSQL's: servers can say what is in their session
        bool is_session_lane = false; // a server for each whole connection
    };

    pool_runner(std::string name,
                std::shared_ptr<backend> behind,
                const pool_settings& settings,
                event_loop& loop,
                pool_events& events,
                traits what);
    ~pool_runner(); // waits for logins and cancels under way, which it asks to stop

    const std::string& name() const { return name_; }
    const std::shared_ptr<backend>& behind() const { return behind_; }
    const pool& books() const { return pool_; }
    pgwire::settings_registry& registry() { return registry_; }
    weir::traffic& counted() { return traffic_; }
    const weir::traffic& counted() const { return traffic_; }
    void note_clients(int more) { clients_ += static_cast<unsigned>(more); } // came, or went
    unsigned clients() const { return clients_; }
    const backend_address& address() const { return what_.address; }
    backend_snapshot snapshot() const; // without what others know of it

    // Some queries of each tick are looked at more closely: whether the next is one, and one that
    // is over.
    bool draws_sample() { return sampler_.draw(); }
    void note_query(const pgwire::statement_note& what,
                    time_point::duration took,
                    time_point::duration waited);
    std::vector<query_sample> take_samples() { return sampler_.take(); }

    // A server has answered, or one has been lost: what probes are answered by.
    void note_answer(time_point now) { answered_ = now; }
    void note_loss() { answered_ = {}; }
    pgwire::liberties liberties(time_point now) const;            // of a client without a server
    const pgwire::session_rules& rules() const { return rules_; } // for its clients
    bool has_catalog() const { return what_.has_catalog; }
    bool has_room_for_pins() const { return rules_.pins_are_full.empty(); }

    bool knows_servers() const { return knows_servers_; } // once one has logged in there
    // What a client with these settings is told at its startup, up to its key; valid until the next
    // call.
    std::string_view greeting(const pgwire::settings_ptr& settings);
    const pgwire::settings_ptr& login_settings() const { return login_settings_; }

    // Startup settings that a server has accepted, and what it made of them; null: not yet.
    pgwire::settings_ptr accepted_settings(const pgwire::settings_ptr& asked) const;
    void accept_settings(pgwire::settings_ptr asked, pgwire::settings_ptr in_its_words);

    // Null: granted or refused later. A server that has `wanted` already is preferred.
    server*
    acquire(client_id client, process_index of, time_point now, const pgwire::settings_ptr& wanted);
    void give_up(client_id client, time_point now);
    // `dirty`: nobody can account for it; else what s.left says is cleaned up.
    void release(server& s, bool dirty, time_point now);
    void pin(server& s, pgwire::state_set why, time_point now); // why the client keeps it
    void abandon(server& s, close_reason why, time_point now);  // held, or recovering from a client
    void lost(server& s, time_point now);                       // not held
    void errand_done(server& s, bool ok, time_point now);
    void cancel(server& s); // what it runs now; s.cancelling until that is done

    // A login beside the pool, on one of its threads; `then` is called on the loop's.
    using login_outcome = result<std::unique_ptr<link>>;
    void log_in_apart(std::function<void(login_outcome&)> then);

    void tick(time_point now);
    void reload(const pool_settings& settings, time_point now);

    // The pool's verbs of these names, carried out at once: to be called outside the relay's
    // events.
    void retire_all(close_reason why, time_point now);
    void pause(error why);
    void shut(error why, time_point now);
    void resume(time_point now); // but an operator's pause goes on
    // PAUSE and RESUME: an operator's, beside what the migration gate does.
    void pause_for_operator(error why);
    void resume_for_operator(time_point now);
    bool is_paused_by_operator() const { return operators_pause_.has_value(); }
    void disable(bool yes); // no new clients
    bool is_disabled() const { return is_disabled_; }
    // The connection beside the pool that listens for all clients: its server's process. 0: none.
    void note_listener(int pid) { listener_pid_ = pid; }
    int listener_pid() const { return listener_pid_; }
    void have_lane(pool_runner* lane) { lane_ = lane; } // to which they are done as well; or none
    pool_runner* lane() const { return lane_; }

    // From now on servers are logged in elsewhere: those of today are as after RECONNECT.
    void readdress(std::shared_ptr<backend> behind, backend_address to, time_point now);
    // The settings name it no more: who holds a server finishes, and that is all.
    void retire(time_point now);
    bool is_retired() const { return is_retired_; }
    bool is_empty() const; // no client, no server, and none under way: it can go

    // Carries out what the calls above left to do. Call at the end of each event, never within one.
    void carry_out(time_point now);
    bool has_work() const { return !todo_.empty(); }
    std::span<const std::unique_ptr<server>> servers() const { return servers_; } // null: no login

private:
    void carry_out(action& what, time_point now);
    void log_in(server_id id);
    void on_login(server_id id, login_outcome& outcome);
    void close(server_id id, close_reason why);
    void unpin(server& s);
    void tell_who_has_pins();
    void note(server& s);
    server& at(server_id id) { return *servers_[static_cast<std::size_t>(id)]; }

    std::string name_;
    const time_point made_at_ = std::chrono::steady_clock::now();
    std::shared_ptr<backend> behind_;               // the session lane's is its pool's
    std::vector<std::shared_ptr<backend>> earlier_; // whose servers may still be held
    pool_runner* lane_ = nullptr;
    pool pool_;
    traits what_;
    pgwire::session_rules rules_;
    event_loop& loop_;
    pool_events& events_;
    bool gate_is_closed_ = false;
    bool is_disabled_ = false;
    bool is_retired_ = false;
    std::optional<error> operators_pause_; // what waiting clients are told
    weir::traffic traffic_;
    query_sampler sampler_;
    unsigned clients_ = 0; // at home here
    int listener_pid_ = 0;
    pgwire::settings_registry registry_;
    time_point answered_{}; // by some server, while none has been lost since
    bool knows_servers_ = false;
    parameter_list reported_; // by the first server
    std::string greeting_;    // for clients with these settings, the last that came
    pgwire::settings_ptr greeted_;
    pgwire::settings_ptr login_settings_;
    std::unordered_map<pgwire::settings_ptr, pgwire::settings_ptr> accepted_;
    std::vector<std::unique_ptr<server>> servers_; // by server_id; null while not logged in
    log::once_per complaints_{std::chrono::seconds{10}};
    actions todo_;
    actions doing_;
    unsigned under_way_ = 0; // logins and cancels
    std::stop_source stopping_;
    boost::asio::thread_pool logins_; // as many threads as logins may be in flight
    boost::asio::thread_pool cancels_;
};

} // namespace weir
