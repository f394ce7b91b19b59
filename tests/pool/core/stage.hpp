// A pool on a stage: time stands still until told otherwise, the dice show what was asked for, and
// each verb answers with what the pool did, in words: "close 3 recycle, open 3".
#pragma once

#include "pool/core/pool.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace weir::test {

class stage {
public:
    explicit stage(const pool_settings& settings = {}, double chance = 0.0)
        : pool_(
              settings,
              [chance] { return chance; },
              [](client_id c) { return "client " + std::to_string(static_cast<unsigned>(c)); })
    {
    }

    std::string acquire(unsigned client, unsigned process = 0, likeness like = {})
    {
        return play([&](auto now, actions& todo) {
            const auto id =
                pool_.acquire(client_id{client}, process_index{process}, now, todo, like);
            return id ? "hold " + std::to_string(static_cast<unsigned>(*id)) : std::string{};
        });
    }
    void note(unsigned id, likeness is) { pool_.note(server_id{id}, is); }
    void pin(unsigned id) { pool_.pin(server_id{id}, now_); }
    std::string give_up(unsigned client) { return tell(&pool::give_up, client_id{client}); }
    std::string release(unsigned id) { return tell(&pool::release, server_id{id}, false); }
    std::string release_dirty(unsigned id) { return tell(&pool::release, server_id{id}, true); }
    std::string abandon(unsigned id)
    {
        return tell(&pool::abandon, server_id{id}, close_reason::error);
    }
    std::string logged_in(unsigned id) { return tell(&pool::logged_in, server_id{id}); }
    std::string login_failed(unsigned id, error why = {"08006", "connection refused"})
    {
        return tell(&pool::login_failed, server_id{id}, std::move(why));
    }
    std::string checked(unsigned id, bool ok) { return tell(&pool::checked, server_id{id}, ok); }
    std::string lost(unsigned id) { return tell(&pool::lost, server_id{id}); }
    void seek_server(bool yes) { pool_.seek_server(yes); }
    std::string tick() { return tell(&pool::tick); }
    std::string reload(const pool_settings& to) { return tell(&pool::reload, to); }
    std::string retire_all(close_reason why = close_reason::reload)
    {
        return tell(&pool::retire_all, why);
    }
    void pause(error why) { pool_.pause(std::move(why)); }
    std::string shut(error why)
    {
        return play([&](auto, actions& todo) {
            pool_.shut(std::move(why), todo);
            return std::string{};
        });
    }
    std::string resume() { return tell(&pool::resume); }

    std::string tick_after(std::chrono::nanoseconds time)
    {
        now_ += time;
        return tick();
    }
    void pass(std::chrono::nanoseconds time) { now_ += time; }

    // Servers 0 to n-1 are connected and held by the clients of the same numbers, or as many as the
    // pool allows while the other clients wait.
    void fill(unsigned n)
    {
        for (unsigned i = 0; i < n; ++i) {
            acquire(i);
            if (state(i) == server_state::connecting)
                logged_in(i);
        }
    }

    const pool& it() const { return pool_; }
    pool_stats stats() const { return pool_.stats(); }
    server_state state(unsigned id) const { return pool_.state(server_id{id}); }
    const error& last_refusal() const { return refusal_; }
    const error& last_notice() const { return notice_; }

private:
    template <class... Args, class... Given>
    std::string tell(void (pool::*verb)(Args...), Given&&... given)
    {
        return play([&](auto now, actions& todo) {
            (pool_.*verb)(std::forward<Given>(given)..., now, todo);
            return std::string{};
        });
    }

    template <class Verb>
    std::string play(Verb verb)
    {
        actions todo;
        std::string words = verb(now_, todo);
        for (const action& a : todo)
            words += (words.empty() ? "" : ", ") + in_words(a);
        return words;
    }

    std::string in_words(const action& a)
    {
        const std::string server = std::to_string(static_cast<unsigned>(a.server));
        const std::string client = std::to_string(static_cast<unsigned>(a.client));
        switch (a.kind) {
        case action::open: return "open " + server;
        case action::close: return "close " + server + " " + std::string(to_string(a.reason));
        case action::ping: return "ping " + server;
        case action::reset: return "reset " + server;
        case action::grant: return "grant " + server + " to " + client;
        case action::notice: notice_ = *a.why; return "notice " + client;
        case action::refuse:
            refusal_ = *a.why;
            return "refuse " + client + " " + std::string(refusal_.code.text());
        }
        return "?";
    }

    time_point now_{std::chrono::hours{1000}};
    pool pool_;
    error refusal_{"00000", ""};
    error notice_{"00000", ""};
};

} // namespace weir::test
