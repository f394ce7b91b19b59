// The bookkeeping of one pool: who waits, who gets which server, when a connection is too old.
// Told what happened and what time it is, it answers with actions; it never acts.
#pragma once

#include "pool/core/error.hpp"
#include "pool/core/id_list.hpp"
#include "pool/core/pool_settings.hpp"
#include "pool/core/pool_stats.hpp"
#include "pool/core/refusal.hpp"
#include "pool/core/server_state.hpp"
#include "pool/core/turn_pace.hpp"
#include "pool/core/wait_queue.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace weir {

// Equal for servers that are as good as each other for a client: an address, or 0. See acquire().
using likeness = std::uintptr_t;

enum class server_id : std::uint32_t {}; // a slot of this pool; reused after the server is closed

using time_point = std::chrono::steady_clock::time_point;

struct action {
    enum what : std::uint8_t {
        open,   // log a server in, then tell logged_in or login_failed
        close,  // close this server's connection (why: `reason`); its slot is already free
        ping,   // check that it answers, then tell checked
        reset,  // make it clean (DISCARD ALL), then tell checked
        grant,  // `client` holds `server` from now on
        refuse, // `client` waits no longer: send it `why`
        notice, // `client` waits on, and has for long: tell it `why`
    };
    what kind;
    server_id server{};
    client_id client{};
    close_reason reason{};
    std::unique_ptr<const error> why = {}; // of a refusal or a notice: the others are made often
};
// Carried out in order, before the pool is told anything else: a slot freed by a `close` may be the
// subject of an `open` further on.
using actions = std::vector<action>;

class pool {
public:
    using dice = std::function<double()>;                // uniform in [0, 1)
    using namer = std::function<std::string(client_id)>; // whose a client is, for people

    explicit pool(const pool_settings& settings, dice roll, namer name_of = {});

    // A client wants a server. The answer is a server (granted at once), or nothing: then a grant
    // or a refusal comes later in some call's actions (a refusal may already be in `todo`).
    // Of several idle servers one that is `like` it is preferred.
    std::optional<server_id>
    acquire(client_id client, process_index of, time_point now, actions& todo, likeness like = {});
    void note(server_id id, likeness is) { at(id).is_like = is; }  // before it comes back
    void give_up(client_id client, time_point now, actions& todo); // a waiter left; O(1)
    // Its holder keeps it after this transaction; ends with release or abandon.
    void pin(server_id id, time_point now);
    // Settled: the server owes no answer and is outside a transaction. `dirty`: it has state that
    // the next client must not meet.
    void release(server_id id, bool dirty, time_point now, actions& todo);
    // Its holder is gone and nobody vouches for it, or its connection broke while held.
    void abandon(server_id id, close_reason why, time_point now, actions& todo);

    void logged_in(server_id id, time_point now, actions& todo);
    void login_failed(server_id id, error why, time_point now, actions& todo); // no close follows
    void checked(server_id id, bool ok, time_point now, actions& todo); // a ping or reset has ended
    void lost(server_id id, time_point now, actions& todo); // idle, or during a ping or reset

    void tick(time_point now, actions& todo); // call every 50 to 100 ms
    // Whether servers can be had is to be known even if no client asks: while `yes`, tick() opens
    // one, and tries again with the pauses of a pool for which nobody waits.
    void seek_server(bool yes) { seeks_server_ = yes; }
    // Takes effect at once, but a server that is held or under way is closed only as it comes back.
    // Those in the queue wait for the new `timeout`, counted from when they came.
    void reload(const pool_settings& settings, time_point now, actions& todo);
    // RECONNECT: no server of today is granted again. Idle ones are closed now, others as they come
    // back; and logins that have failed are no reason to wait with the next.
    void retire_all(close_reason why, time_point now, actions& todo);
    bool has_retired() const; // some are still held or under way; looks at every server

    // Nothing is granted or opened until resume(): who holds a server finishes, the others wait,
    // and hear `why` when their time is over. Said again, it replaces the reason, or turns a shut
    // pool into a paused one.
    void pause(error why);
    // Likewise, but those who wait and all who come hear `why` at once.
    void shut(error why, actions& todo);
    void resume(time_point now, actions& todo); // also of an open pool

    const pool_settings& settings() const { return settings_; }
    server_state state(server_id id) const; // closed, too, for a slot that never was
    unsigned pinned() const { return count(server_state::pinned); }
    bool is_waiting(client_id client) const { return waiting_.contains(client); }
    bool is_up() const; // a server is connected, or the last login succeeded
    // No server is connected, and the last login failed or the last server broke: whether the
    // backend is there will be known after another login, and not before.
    bool is_in_doubt() const;
    bool is_open() const { return gate_ == gate::open; }               // neither paused nor shut
    bool is_quiet() const { return count(server_state::active) == 0; } // nobody holds a server
    const std::optional<error>& last_login_error() const { return last_login_error_; }
    pool_stats stats() const;

    struct holding {
        client_id client;
        server_id server;
        time_point since;
    };
    std::optional<holding> oldest_holding() const; // looks at every server

private:
    enum class gate : std::uint8_t { open, paused, shut };

    struct server {
        server_state state = server_state::closed;
        client_id holder{};                 // while active or pinned
        likeness is_like{};                 // what it is good for
        time_point since{};                 // when it entered this state
        time_point born{};                  // when it had logged in
        double recycle_chance = 0;          // how much earlier than `recycle` it goes
        time_point expires{};               // born + recycle, less the jitter
        std::uint64_t generation = 0;       // of the pool when its login began
        unsigned failures_before_login = 0; // as the pool counted when its login began
    };

    server& at(server_id id);
    static bool is_held(const server& s)
    {
        return s.state == server_state::active || s.state == server_state::pinned;
    }
    unsigned count(server_state state) const { return counts_[static_cast<std::size_t>(state)]; }
    unsigned total() const { return static_cast<unsigned>(servers_.size()) - closed_count(); }
    unsigned closed_count() const { return count(server_state::closed); }
    bool has_connected() const { return total() > count(server_state::connecting); }
    unsigned under_way() const; // connecting, pinging or resetting: a waiter may count on it
    unsigned kept() const;      // `size`, as a number to compare with
    unsigned limit() const;     // `size + max_overflow`, likewise

    void enter(server_id id, server_state to, time_point now); // the one door
    void hold(server_id id, client_id client, time_point since, time_point now);
    void close(server_id id, close_reason why, time_point now, actions& todo);
    void park(server_id id, time_point now, actions& todo);
    void open(time_point now, actions& todo);
    void refuse(client_id client, error why, actions& todo);
    void serve_next(server_id id, time_point now, actions& todo);

    std::optional<server_id> checkout(time_point now, actions& todo, likeness like = {});
    server_id pick(likeness like, time_point now) const;
    void cover_waiters(time_point now, actions& todo);
    std::optional<error> reason_to_refuse(process_index of, time_point now) const;
    void turn_away(client_id client, error why, actions& todo);
    void refuse_overdue(time_point now, actions& todo);
    void notify_waiters(time_point now, actions& todo);
    void trim(time_point now, actions& todo);
    void top_up(time_point now, actions& todo);

    std::optional<close_reason> unfit(const server& s, time_point now) const;
    std::optional<close_reason> superfluous(const server& s, time_point now) const;
    bool needs_ping(const server& s, time_point now) const;
    bool may_knock(time_point now) const;
    time_point expiry(const server& s) const;
    pool_situation situation(time_point now) const;
    std::chrono::milliseconds expected_wait(process_index newcomer) const;

    pool_settings settings_;
    dice roll_;
    namer name_of_;

    std::vector<server> servers_; // by id
    std::array<unsigned, server_state_count> counts_{};
    id_list idle_; // longest idle first
    id_list free_; // closed slots
    wait_queue waiting_;
    turn_pace pace_;

    bool seeks_server_ = false;
    gate gate_ = gate::open;
    error closed_because_; // what refused clients are told while it is not open

    std::uint64_t generation_ = 0; // servers of an older one are closed as they come back ...
    close_reason retired_why_ = close_reason::reload; // ... for this reason

    unsigned failures_ = 0; // logins failed in a row; those begun together count as one
    time_point knocked_{};  // the last sign of a login while failures_ > 0
    double knock_chance_ = 0;
    bool last_login_ok_ = false;
    bool last_server_broke_ = false; // and with it all were gone; no login has ended since
    std::optional<error> last_login_error_;

    pool_stats tally_; // what has been counted; stats() adds what is true now
};

} // namespace weir
