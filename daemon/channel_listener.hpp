// The connection that listens for all clients of one backend. It is none of the pool's: it is
// opened when the first channel is wanted, logs in on the pool's threads, comes back by itself, and
// is closed some time after the last channel is gone.
#pragma once

#include "daemon/endpoint.hpp"
#include "daemon/outbox.hpp"
#include "daemon/pool_runner.hpp"
#include "pool/pgwire/notification_board.hpp"
#include "pool/pgwire/notification_queue.hpp"

#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// Who hears of it, on the loop's thread. It may call the listener in turn.
class channel_events {
public:
    virtual void channels_granted(client_id client) = 0; // what it waited for is listened to
    virtual void channels_refused(client_id client, const error& why) = 0;
    virtual void echoed(client_id client) = 0; // what it has sent itself has been told
    // For its queue; deliver() follows when there are no more at the moment.
    virtual void notify(client_id client, const pgwire::notification_ptr& n) = 0;
    virtual void deliver(client_id client) = 0;

protected:
    ~channel_events() = default;
};

class channel_listener final : public endpoint {
public:
    channel_listener(pool_runner& home, epoll_set& epoll, channel_events& events);

    bool has_room_for(client_id who, std::span<const std::string> channels) const;
    // True: all are listened to already. Otherwise channels_granted or channels_refused follows.
    bool want(client_id who, std::span<const std::string> channels, time_point now);
    void keep(client_id who, const pgwire::channel_set& channels, time_point now);
    void leave(client_id who, time_point now);
    void give_up(client_id who); // it waits no more
    // The client's own NOTIFY is committed: echoed() follows, when all that was committed before
    // has been told. False: there is no connection at the moment.
    bool echo(client_id who, time_point now);

    // True: call again, there is more to be read.
    bool on_event(std::uint32_t events, time_point now);
    void tick(time_point now);
    void readdress(time_point now); // its servers are elsewhere from now on
    bool is_idle() const { return !link_ && !logging_in_; }

    pool_runner& home() { return home_; }
    std::size_t listened() const { return board_.listened(); }

private:
    struct waiter {
        client_id who;
        time_point until;
    };

    template <class Claim>
    std::vector<client_id> take_waiters(Claim is_true);
    void act(time_point now);
    void log_in(time_point now);
    void on_login(pool_runner::login_outcome& outcome);
    void ask(std::string_view sql, time_point now);
    void flush();
    bool read(time_point now);
    bool take_in(std::string_view data, std::size_t& used, time_point now);
    bool judge(char type, std::string_view message, time_point now);
    void on_notification(std::string_view message);
    void on_answered(time_point now);
    void close();
    void lose(std::string_view why, time_point now);
    void grant_waiters();
    void refuse(const pgwire::notification_board::clients& whom, const error& why);
    void tell_missed();

    pool_runner& home_;
    epoll_set& epoll_;
    channel_events& events_;
    pgwire::notification_board board_;
    std::vector<waiter> waiters_;
    std::set<client_id> touched_;         // have got something within this reading
    std::vector<client_id> echoes_;       // to be told behind the answer to the next question,
    std::vector<client_id> echoes_asked_; // or behind the one that is due

    std::shared_ptr<link> link_; // null: there is no connection
    bool logging_in_ = false;
    bool setting_up_ = false;      // the first answer is due
    bool asked_ = false;           // an answer is due
    std::optional<error> failure_; // of what was asked
    std::optional<error> last_error_;
    unsigned failed_logins_ = 0;
    time_point retry_at_{};
    time_point asked_at_{};
    time_point heard_at_{};
    time_point needed_at_{}; // last
    time_point refused_at_{};
    log::once_per complaints_{std::chrono::seconds{10}};
    std::string partial_;
    outbox out_;
    std::mt19937_64 random_{std::random_device{}()};
};

} // namespace weir
