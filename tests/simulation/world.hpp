// Everything around a pool, at random: clients that come, go and give up, a backend that is up or
// down, an operator, and time. The same seed makes the same world.
#pragma once

#include "pool/core/pool.hpp"
#include "tests/simulation/books.hpp"

#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

namespace weir::test {

class world {
public:
    explicit world(std::uint64_t seed);
    world(const world&) = delete; // the pool's dice are in here
    world& operator=(const world&) = delete;

    void one_random_event(); // throws broken_promise
    // The backend returns and everyone finishes: all who wait are served.
    void end_well();

    std::uint64_t events() const { return events_; } // that the pool was told of
    std::string_view last_event() const { return last_event_; }
    pool_stats stats() const { return pool_.stats(); }

private:
    void a_client_comes();
    void a_client_gives_up();
    void a_client_finishes();
    void a_client_pins_its_server();
    void a_client_lets_go_of_its_pins();
    void a_client_vanishes();
    void a_login_ends();
    void a_check_ends();
    void a_server_is_lost();
    void time_passes();
    void the_operator_acts();
    void the_gate_moves();
    void resume();

    void release(server_id id, bool dirty);
    void end_login(server_id id, bool well);
    void end_check(server_id id, server_state which, bool well);
    void tick_after(std::chrono::milliseconds time);
    void balance(std::string_view event, std::optional<server_id> held_at_once = {});

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    bool chance(unsigned percent) { return below(100) < percent; }
    template <class T>
    T one_of(std::initializer_list<T> choices)
    {
        return choices.begin()[below(choices.size())];
    }
    template <class T>
    std::optional<T> any(const std::vector<T>& choices)
    {
        return choices.empty() ? std::nullopt : std::optional{choices[below(choices.size())]};
    }
    pool_settings random_settings();

    std::mt19937_64 random_;
    pool pool_;
    books books_;
    time_point now_{std::chrono::hours{1000}};
    actions todo_;
    bool backend_is_up_ = true;
    std::uint64_t events_ = 0;
    std::string_view last_event_ = "the beginning";
};

} // namespace weir::test
