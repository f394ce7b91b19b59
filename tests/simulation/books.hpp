// The books that the simulation keeps beside the pool: written from nothing but what the pool was
// told and what it answered, and compared with the pool after every event. They know the promises,
// not how they are kept.
#pragma once

#include "pool/core/pool.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <stdexcept>
#include <vector>

namespace weir::test {

struct broken_promise : std::logic_error {
    using std::logic_error::logic_error;
};

class books {
public:
    books(const pool_settings& settings, unsigned clients);

    // ---- Before the pool is told.
    void time_is(time_point now) { now_ = now; }
    void asks(client_id client, process_index of);
    void gives_up(client_id client);
    void keeps(server_id id);                         // its holder pins it; nothing is decided
    void comes_back(server_id id, bool dirty);        // released
    void logs_in(server_id id);                       // or
    void fails_to_log_in(server_id id, const error&); // ... so
    void answers(server_id id);                       // a ping or reset went well
    void breaks(server_id id, close_reason expected); // anything that must end in this close
    void ticks() { in_tick_ = true; }
    void seeks_server(bool yes) { seeks_server_ = yes; }
    void reloads(const pool_settings& settings) { settings_ = settings; }
    void retires_all();
    void pauses(error why);
    void shuts(error why);
    void resumes();

    // ---- After it has answered; throws broken_promise.
    void enter(const actions& todo, std::optional<server_id> held_at_once = {});
    void compare_with(const pool& it);

    // ---- What the world may pick from.
    std::vector<server_id> servers_that_are(server_state state) const;
    std::vector<client_id> clients_that_rest() const;
    const std::deque<client_id>& queue() const { return queue_; }
    std::uint64_t grants() const { return tally_.grants; }

private:
    struct server {
        server_state state = server_state::closed;
        bool in_hand = false; // the pool was told of it and is about to decide
        bool dirty = false;
        bool retired = false;
        std::optional<close_reason> broken = {};
        client_id holder{};
        time_point since{};
        time_point born{};
    };
    enum class client_state : std::uint8_t { resting, waiting, holding };
    struct client {
        client_state state = client_state::resting;
        time_point since{};
        process_index of{};
        bool noticed = false;
    };

    void opens(const action& a);
    void closes(const action& a);
    void pings(const action& a);
    void resets(const action& a);
    void grants(const action& a);
    void refuses(const action& a);
    void hand_over(server_id id, client_id to);
    void put_in_hand(server_id id, server_state expected);
    void settle();
    client_id whose_turn_it_is() const;
    bool would_wait_too_long(client_id newcomer) const;
    void notices(const action& a);
    void check_that_nobody_waits_in_vain() const;
    void check_what_a_tick_leaves() const;

    server& at(server_id id);
    client& at(client_id id) { return clients_[static_cast<std::size_t>(id)]; }
    bool is_usable(const server& s) const;
    bool is_too_old(const server& s) const;
    unsigned count(server_state state) const;
    unsigned total() const;
    unsigned under_way() const;
    unsigned size() const;
    unsigned limit() const;
    bool lacks_what_it_seeks() const;
    bool is_down() const;
    bool has_connected() const;

    pool_settings settings_;
    std::optional<error> closed_because_; // while it is paused or shut
    bool is_shut_ = false;
    bool in_shut_ = false; // it is being shut
    time_point now_{};
    bool in_tick_ = false;
    bool decides_ = true; // the pool was asked for actions
    bool seeks_server_ = false;
    std::optional<client_id> newcomer_;
    std::optional<server_id> in_hand_;

    std::vector<server> servers_;
    std::vector<client> clients_;
    std::deque<client_id> queue_;                       // by arrival
    std::map<process_index, std::uint64_t> last_turns_; // or when it began to wait
    std::uint64_t turn_ = 0;
    turn_pace pace_;

    std::optional<error> last_login_error_;
    bool ever_logged_in_ = false;
    bool last_server_broke_ = false; // the last of all; no login has ended since
    bool logins_fail_ = false;       // the last one, and all were not retired since
    time_point knocked_{};           // the last open or failed login
    pool_stats tally_;
};

} // namespace weir::test
