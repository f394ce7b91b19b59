// Several clients who take turns at one server, first come, first served: what the relay does with
// sessions and a reply_tracker, without sockets, clocks and buffers. Bytes move only when a test
// says so, in pieces as small as it likes.
#pragma once

#include "pool/pgwire/reply_tracker.hpp"
#include "pool/pgwire/session.hpp"
#include "pool/pgwire/session_settings.hpp"
#include "tests/support/fake_postgres.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

class shared_server {
public:
    explicit shared_server(std::size_t clients = 1);

    // The bytes reach the session; what it forwards lies in sent_up() and, unless the line is held,
    // has reached the server, which answers when it is asked to.
    void client_sends(std::size_t who, std::string_view bytes);
    // That much of what the server has said reaches the tracker.
    void server_speaks(std::size_t most = std::string::npos);
    // Back and forth until nobody has anything to say, answers in pieces of `piece` bytes.
    void run(std::size_t piece = std::string::npos);
    // All of it: the answer to these bytes.
    std::string ask(std::size_t who, std::string_view bytes);

    // The line to the server is held: what is sent lies in sent_up() until it is let go.
    void hold_the_line() { held_back_ = true; }
    void let_go_of_the_line();

    // What the sessions may answer themselves from now on.
    void allow(pgwire::liberties what)
    {
        for (client& c : clients_)
            c.session.allow(what);
    }

    // LISTEN is weir's business.
    void share_channels()
    {
        for (client& c : clients_)
            c.session.share_channels();
    }

    // Requests for a server are refused with this, until it is reset.
    std::optional<error> refusal;

    // LISTEN is answered with this, until it is reset.
    std::optional<error> channels_refusal;
    unsigned channel_requests() const { return channel_requests_; }

    std::string& heard(std::size_t who) { return clients_[who].heard; } // by the client
    const std::string& sent_up() const { return sent_up_; }             // all that the server got
    void forget_what_was_sent() { sent_up_.clear(); }
    bool is_over(std::size_t who) const
    {
        return clients_[who].over;
    } // said goodbye, or thrown out
    bool is_waiting(std::size_t who) const { return clients_[who].waiting || clients_[who].gated; }
    bool is_free() const { return !holder_; }
    pgwire::session& session(std::size_t who) { return clients_[who].session; }
    pgwire::reply_tracker& replies() { return replies_; }
    fake_postgres& server() { return server_; }
    unsigned resets() const { return resets_; }
    bool is_broken() const { return broken_; } // the server said what is not the protocol

private:
    struct client {
        pgwire::session session;
        pgwire::settings_ptr settings;
        std::string stash;
        std::string heard;
        bool waiting = false; // for the server
        bool gated = false;   // for its answer
        bool over = false;
    };

    void judge_up(std::size_t who);
    void judge_down();
    void lease(std::size_t who);
    void add_sync();
    void after_answers();
    void settle();
    void up(std::string_view bytes);

    std::deque<client> clients_;
    fake_postgres server_;
    pgwire::reply_tracker replies_;
    pgwire::settings_registry registry_;
    pgwire::settings_ptr settings_;       // the server's
    pgwire::settings_ptr login_settings_; // as it had them in the beginning
    std::optional<std::size_t> holder_;
    std::deque<std::size_t> queue_;
    std::string sent_up_;
    std::string held_up_;
    std::string down_;
    unsigned resets_ = 0;
    unsigned channel_requests_ = 0;
    bool resetting_ = false;
    bool held_back_ = false;
    bool broken_ = false;
};

} // namespace weir::test
