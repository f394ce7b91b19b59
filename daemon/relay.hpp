// The loop that moves the bytes: one edge-triggered epoll set, two scratch buffers, and for each
// readable socket the two questions "what now?" (session) and "is the server done?"
// (reply_tracker). It waits for readiness alone.
#pragma once

#include "daemon/channel_listener.hpp"
#include "daemon/client.hpp"
#include "daemon/console/host.hpp"
#include "daemon/console/sockets.hpp"
#include "daemon/endpoint.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/handover/client_record.hpp"
#include "daemon/handover/state_file.hpp"
#include "daemon/log.hpp"
#include "daemon/outbox.hpp"
#include "daemon/peer.hpp"
#include "daemon/pool_runner.hpp"
#include "daemon/process_table.hpp"
#include "daemon/server.hpp"
#include "pool/core/hold_limits.hpp"
#include "pool/core/id_list.hpp"
#include "pool/pgwire/startup.hpp"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace weir {

struct relay_settings {
    unsigned max_client_conn = 10'000;
    std::chrono::milliseconds client_login_timeout{60'000};
    std::chrono::milliseconds client_idle_timeout{0}; // 0: they may stay
    // By the kernel's word.
    std::function<bool(const peer&)> is_allowed = {};  // to connect; empty: whoever can
    std::function<bool(const peer&)> is_operator = {}; // beside root and weir's own user
};

class relay final : public pool_events, public channel_events {
public:
    relay(event_loop& loop, relay_settings settings);
    ~relay();

    void listen(int descriptor); // borrowed; accepts until stop_listening()
    void accept_the_last(int descriptor); // of one where nobody can knock any more
    void stop_listening();
    void serve(pool_runner& pool); // but nobody finds it before it is named
    // Beside its own name; a lane's have :session behind. In place of those it had.
    void name(pool_runner& pool, std::span<const std::string> aliases);
    void serve(console::host& host); // at the databases weir and pgbouncer
    bool has_backend(const std::string& name) const { return by_database_.contains(name); }
    // Servers for whole connections beside `pool`: at its names, and for the applications that its
    // settings name.
    void serve_sessions(pool_runner& lane, pool_runner& pool);
    void readdress(pool_runner& pool); // its servers are elsewhere from now on
    // No more clients for it. Those of today are told 57P01: who holds a server as it is given
    // back.
    void retire(pool_runner& pool);
    bool is_done_with(const pool_runner& pool) const; // nothing of it is left here but its name
    void forget(pool_runner& pool);
    void serve_sockets();      // until the loop has something else to do
    void tick(time_point now); // every 100 ms
    void reload(relay_settings settings);

    // Those that neither hold a server nor wait for one are told 57P01 at once, the others when
    // their transaction is over. The console's stay.
    void drain();
    void refuse_newcomers();  // 57P03, but for operators at the console
    void dismiss_consoles();  // which stay to the end; and newcomers, who have not said a word
    bool has_clients() const; // beside those; looks at everyone
    std::size_t clients() const { return in_use_ - consoles_; }
    client_counts counts() const;
    console::sockets sockets();          // one by one; looks at every client
    std::vector<console::socket> held(); // servers, by clients; looks at every server
    std::vector<console::memory> memory() const;
    bool kill_client(const std::string& ptr); // as sockets() calls it; false: there is none
    void kill_clients_of(pool_runner& home, const error& why);

    // While suspended, no socket of a backend's client or server is read; the console's are.
    void suspend() { is_suspended_ = true; }
    void resume();
    bool is_suspended() const { return is_suspended_; }
    bool has_unsent() const; // looks at everyone
    const error_counts& errors_before_backend() const { return errors_before_backend_; }

    // From now on idle clients are recorded there, some time after they have become so.
    void keep_states(state_file& in) { states_ = &in; }
    void forget_states(); // nobody else has anything of the clients
    // Call every tick, or at the end. The sockets of clients that are new there: they are lost with
    // weir unless somebody else has them, too.
    std::vector<int> record_quiet_clients(time_point now);
    std::vector<int> record_all();
    std::vector<int> recorded() const; // the sockets of all that are recorded
    // A client of the weir before, best in the order of their ids; false: it cannot go on here, and
    // the socket is still yours.
    bool adopt(int socket, const client_record& from);
    std::optional<error> refusal(const peer& who) const; // why it may not connect, if so
    // No client begins anything; those that are at it finish. What they keep a server for cannot be
    // handed on: dismiss_keepers() tells them 57P01, and they are not busy when they rest.
    void hand_over();
    void cancel_hand_over(); // it goes on as before
    void dismiss_keepers();
    bool has_busy_clients() const; // looks at every client
    void dismiss_busy_clients();   // and those that keep a server

    std::size_t listening_channels(const pool_runner& of) const;

    // channel_events
    void channels_granted(client_id id) override;
    void channels_refused(client_id id, const error& why) override;
    void echoed(client_id id) override;
    void notify(client_id id, const pgwire::notification_ptr& n) override;
    void deliver(client_id id) override;

    // pool_events
    void tell_time(time_point now) override { now_ = now; }
    void granted(client_id id, server& s) override;
    void refused(client_id id, const error& why) override;
    void noticed(client_id id, const error& why) override;
    std::string name_of(client_id id) override;
    void arrived(server& s) override;
    void run_errand(server& s) override;
    void cancelled(server& s) override;
    void leaves(std::unique_ptr<server> s) override;

private:
    struct listening final : endpoint {
        explicit listening(int fd) : endpoint(kind::listener), descriptor(fd) {}
        int descriptor;
    };

    // relay.cpp: the loop
    bool round();
    void on_event(endpoint& what, std::uint32_t events);
    bool is_put_off(endpoint& what, std::uint32_t events);
    void hear_again(); // those that were put off
    void carry_out(pool_runner* pool);
    void bury();
    bool is_stalled(const server& s) const;
    void end_stall(server& s);
    static bool may_go(const client& c);
    bool has_to_leave(const client& c) const; // as soon as nothing is under way
    error reason_to_leave(const pool_runner& of) const;
    static error shutting_down();

    // relay_clients.cpp: from accept to close, and the bytes that go up
    void accept_from(listening& from);
    bool accept_some(int listener);
    void complain_of_accept(int why);
    client* enter(int socket, client_id id, std::uint32_t secret);
    void on_client(client& c, std::uint32_t events);
    void read(client& c, bool to_the_end);
    void take_in(client& c, std::string_view fresh);
    std::unique_ptr<std::string> put_aside(std::string_view bytes);
    void reuse(std::unique_ptr<std::string> stash);
    bool must_wait(const client& c) const;
    std::size_t judge(client& c, std::string_view data);
    void send(client& c, const gathered& what);
    void send(client& c, std::string_view what) { send(c, {what, {}}); }
    void flush(client& c);
    void on_end_of_input(client& c);
    void last_word(client& c);
    void finish_half_closed(client& c);
    bool ask_for_server(client& c);
    void refuse(client& c, const error& why);
    void resume(client& c);
    void count_error(const client& c, std::string_view code);
    void count_own_error(const client& c, std::string_view words);

    // relay_leaving.cpp: how a client's connection ends
    //
    //   is to be told why                       ──► farewell ─► send_away ─► let_go ─► drop
    //   was told, by its server or its session  ──────────────► send_away ─► let_go ─► drop
    //   wanted no more, and has its answers     ───────────────────────────► let_go ─► drop
    //   hung up, or ended in a transaction      ─────────────────────────────────────► drop
    //
    // Between let_go and drop it is `leaving`, until it has taken what it is owed. Who was sent
    // away has a few seconds for it; who is told once more, none.
    std::size_t dismiss(const std::function<bool(const client&)>& whom, const error& why);
    void farewell(client& c, const error& why);
    void send_away(client& c);
    void cut_off(client& c);
    void cut_off_leavers();
    void let_go(client& c);
    void drop(client& c);
    void withdraw(client& c);
    void part(client& c);

    // relay_limits.cpp: who holds a server, or is silent, for too long
    void enforce_limits(client& c, server& s);
    void note_limit(const client& c, hold_limit passed, std::string_view what);
    void interrupt(client& c, server& s, hold_limit passed);
    void take_back(client& c, server& s, hold_limit passed);
    void note_activity(client& c);
    void dismiss_idle_clients();

    // relay_startup.cpp: the first packets
    std::size_t start_up(client& c, std::string_view data);
    void end_startup(const client& c);
    void dismiss_silent_newcomers();
    void open_session(client& c, const pgwire::startup_packet& packet);
    std::shared_ptr<const std::string> named(std::string_view user);
    bool needs_settling(client& c);
    void try_settings(client& c, server& s);
    static void touch_untracked(const client& c, server& s);
    pool_runner* lane_for(pool_runner& pool, std::string_view application) const;
    void let_in(client& c);
    void answer_version(const pgwire::startup_packet& packet);
    void welcome(client& c);
    std::string backend_names() const;
    void cancel_for(client& asker, std::uint32_t process_id, std::uint32_t secret);

    // relay_console.cpp: those who come to ask weir itself
    void open_console(client& c, const pgwire::startup_packet& packet);
    std::size_t converse(client& c, std::string_view data);
    void on_notice(client_id id, std::uint32_t secret, const std::string& line);
    void on_reply(client_id id, std::uint32_t secret, const result<console::rows>& outcome);
    bool is_operator(const client& c) const;
    client* find_asker(client_id id, std::uint32_t secret);

    // relay_servers.cpp: the bytes that come down
    void on_server(server& s, std::uint32_t events);
    void read(server& s, bool to_the_end);
    void take_in(server& s, std::string_view data);
    // Its messages wait until it has a server, or until the server has answered what weir asked
    // first.
    static bool is_on_hold(const client& c)
    {
        return c.must_be_patient() || (c.held && c.held->doing != server::errand::none);
    }
    bool judge(server& s, std::string_view data, std::size_t& used);
    void on_parameter(server& s, const pgwire::reply& r, std::string_view words);
    void on_failure(server& s, const pgwire::reply& r, std::string_view words);
    void send(server& s, const gathered& what);
    void flush(server& s);
    void lease(client& c, server& s);
    void add_sync(client& c);
    void after_answers(server& s);
    void settle(client& c, server& s);
    void give_back(client& c, server& s);
    void hand_back(server& s, bool dirty);

    // relay_sessions.cpp: what a client leaves behind, and who keeps a server for it
    void account_for(client& c, server& s);
    void on_inventory(server& s);
    void conclude(client& c, server& s, const pgwire::session_inventory& told);
    void keep(client& c, server& s, pgwire::state_set why);
    void go_on(client& c, server& s);
    void note_slowness(const client& c, const server& s, time_point::duration took);
    void forsake(client& c, server& s, pgwire::session_effects lost, std::string_view why);
    static bool rests(const client& c);

    void dismiss_askers(server& s);
    void on_lost(server& s);
    void recover(server& s);
    void broken(server& s, std::string_view what);

    // relay_channels.cpp: LISTEN, and what comes of it
    bool ask_for_channels(client& c);
    void stop_waiting_for_channels(client& c);
    void leave_channels(client& c);
    void after_channels(client& c);
    void take_notifications(client& c, std::string& out);
    bool holds_back_ready(client& c, bool has_notified);
    void say_ready(client& c, std::string& out);

    // relay_handover.cpp: clients that outlive weir
    static bool is_idle(const client& c);
    static bool is_recorded(const client& c);
    static void note_idleness(client& c)
    {
        if (c.kept)
            c.kept->slot->say(is_idle(c) && is_recorded(c));
    }
    bool record(client& c);

    // relay_sockets.cpp: what they are like, for the console
    std::size_t stashes() const;
    console::socket view_of(const client& c);
    console::socket view_of(const server& s);
    static std::string last_statement(const server& s); // of its holder, for people

    client* find(client_id id);

    struct alarm final : endpoint {
        alarm() : endpoint(kind::alarm) {}
    };

    event_loop& loop_;
    alarm alarm_;
    epoll_set epoll_;
    relay_settings settings_;
    std::vector<std::unique_ptr<listening>> listeners_;
    std::unordered_map<std::string, pool_runner*> by_database_;
    console::host* host_ = nullptr;
    std::vector<pool_runner*> pools_;
    std::unordered_map<const pool_runner*, pool_runner*> lanes_; // by their pools
    std::unordered_map<const pool_runner*, std::unique_ptr<channel_listener>> channels_;
    std::vector<std::unique_ptr<client>> clients_; // by client_id; the first is never used
    std::vector<client_id> free_ids_;
    std::vector<std::unique_ptr<client>> dropped_; // until the round of events is over
    std::vector<std::unique_ptr<server>> left_;    // likewise
    std::vector<endpoint*> again_;                 // had more to read than one turn allows
    process_table processes_;
    id_list logging_in_;  // clients whose startup message is due, the longest first
    id_list by_activity_; // of clients, the longest silent first; while client_idle_timeout is set
    id_list sent_away_;   // clients that are leaving, the longest first
    std::uint64_t serials_ = 0; // of clients, so far
    std::shared_ptr<const std::string> last_user_;
    std::size_t in_use_ = 0;
    std::size_t consoles_ = 0; // of those
    error_counts errors_before_backend_;
    bool draining_ = false;
    bool refuses_newcomers_ = false; // likewise when draining
    bool is_suspended_ = false;
    bool handing_over_ = false;
    std::unordered_set<endpoint*> suspended_; // had something to say meanwhile
    bool accept_later_ = false;               // there were no descriptors left
    log::once_per accept_complaints_{std::chrono::seconds{10}};
    time_point now_{}; // of this round
    std::random_device random_;
    state_file* states_ = nullptr;
    std::size_t next_to_record_ = 0; // of clients_
    std::vector<std::unique_ptr<std::string>> spare_stashes_;
    std::vector<char> from_client_;
    std::vector<char> from_server_;
    collector up_;        // to a server, while a client's bytes are judged
    collector down_;      // to a client, while a server's bytes are judged
    std::string answers_; // to a client, from weir itself
    std::string words_;   // one answer of a session
};

} // namespace weir
