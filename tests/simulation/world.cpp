#include "tests/simulation/world.hpp"

#include <chrono>
#include <string>

using namespace std::chrono_literals;

namespace weir::test {

namespace {

constexpr unsigned client_count = 40;
constexpr unsigned process_count = 6;

} // namespace

world::world(std::uint64_t seed)
    : random_(seed),
      pool_(random_settings(), [this] { return static_cast<double>(below(1000)) / 1000; }),
      books_(pool_.settings(), client_count)
{
    books_.time_is(now_);
}

// Small pools and short times, so that every limit is met often.
pool_settings world::random_settings()
{
    return {.size = one_of({0u, 1u, 2u, 3u, 5u, 10u}),
            .max_overflow = one_of({-1, 0, 0, 1, 2, 4, 10}),
            .timeout = one_of({100ms, 3'000ms, 30'000ms, 300'000ms}),
            .recycle = one_of({-1ms, 0ms, 20'000ms, 1'800'000ms}),
            .pre_ping = chance(75),
            .pre_ping_after = one_of({0ms, 300ms, 5'000ms, 30'000ms}),
            .use_lifo = chance(50),
            .overflow_linger = one_of({0ms, 500ms, 5'000ms}),
            .min_idle = one_of({0u, 0u, 1u, 4u}),
            .idle_timeout = one_of({0ms, 0ms, 1'000ms, 60'000ms}),
            .max_waiting = one_of({0u, 0u, 1u, 5u, 20u})};
}

void world::one_random_event()
{
    const std::uint64_t what = below(1000);
    if (what < 300)
        a_client_comes();
    else if (what < 540)
        a_client_finishes();
    else if (what < 550)
        a_client_vanishes();
    else if (what < 590)
        a_client_gives_up();
    else if (what < 740)
        a_login_ends();
    else if (what < 840)
        a_check_ends();
    else if (what < 850)
        a_server_is_lost();
    else if (what < 870)
        a_client_pins_its_server();
    else if (what < 890)
        a_client_lets_go_of_its_pins();
    else if (what < (pool_.is_open() ? 987u : 910u)) // it is closed for moments, mostly
        time_passes();
    else if (what < 990)
        the_gate_moves();
    else
        the_operator_acts();
}

void world::balance(std::string_view event, std::optional<server_id> held_at_once)
{
    ++events_;
    last_event_ = event;
    books_.enter(todo_, held_at_once);
    books_.compare_with(pool_);
    todo_.clear();
}

void world::a_client_comes()
{
    if (const auto client = any(books_.clients_that_rest())) {
        const process_index of{static_cast<std::uint32_t>(*client) % process_count};
        books_.asks(*client, of);
        const auto held = pool_.acquire(*client, of, now_, todo_);
        balance("a client came", held);
    }
}

void world::a_client_gives_up()
{
    if (books_.queue().empty())
        return;
    const client_id leaver = books_.queue()[below(books_.queue().size())];
    books_.gives_up(leaver);
    pool_.give_up(leaver, now_, todo_);
    balance("a client gave up");
}

void world::a_client_finishes()
{
    if (const auto id = any(books_.servers_that_are(server_state::active)))
        release(*id, chance(10));
}

void world::a_client_pins_its_server()
{
    if (const auto id = any(books_.servers_that_are(server_state::active))) {
        books_.keeps(*id);
        pool_.pin(*id, now_);
        balance("a server was pinned");
    }
}

void world::a_client_lets_go_of_its_pins()
{
    if (const auto id = any(books_.servers_that_are(server_state::pinned)))
        release(*id, chance(50));
}

void world::release(server_id id, bool dirty)
{
    books_.comes_back(id, dirty);
    pool_.release(id, dirty, now_, todo_);
    balance(dirty ? "a dirty server was released" : "a server was released");
}

void world::a_client_vanishes()
{
    const server_state which = one_of({server_state::active, server_state::pinned});
    if (const auto id = any(books_.servers_that_are(which))) {
        books_.breaks(*id, close_reason::error);
        pool_.abandon(*id, close_reason::error, now_, todo_);
        balance("a server was abandoned");
    }
}

void world::a_login_ends()
{
    if (const auto id = any(books_.servers_that_are(server_state::connecting)))
        end_login(*id, backend_is_up_ ? chance(97) : chance(2));
}

void world::end_login(server_id id, bool well)
{
    if (well) {
        books_.logs_in(id);
        pool_.logged_in(id, now_, todo_);
        return balance("a login succeeded");
    }
    const error why{"57P03", "login " + std::to_string(events_) + " failed"};
    books_.fails_to_log_in(id, why);
    pool_.login_failed(id, why, now_, todo_);
    balance("a login failed");
}

void world::a_check_ends()
{
    const server_state which = one_of({server_state::pinging, server_state::resetting});
    if (const auto id = any(books_.servers_that_are(which)))
        end_check(*id, which, backend_is_up_ ? chance(95) : chance(10));
}

void world::end_check(server_id id, server_state which, bool well)
{
    if (well)
        books_.answers(id);
    else
        books_.breaks(id,
                      which == server_state::pinging ? close_reason::error : close_reason::reset);
    pool_.checked(id, well, now_, todo_);
    balance(well ? "a check went well" : "a check failed");
}

void world::a_server_is_lost()
{
    const server_state which =
        one_of({server_state::idle, server_state::pinging, server_state::resetting});
    if (const auto id = any(books_.servers_that_are(which))) {
        books_.breaks(*id, close_reason::error);
        pool_.lost(*id, now_, todo_);
        balance("a server was lost");
    }
}

// Mostly moments, at times minutes, rarely hours.
void world::time_passes()
{
    const std::chrono::milliseconds most =
        chance(70) ? 100ms
                   : one_of({1'000ms, 1'000ms, 10'000ms, 10'000ms, 600'000ms, 36'000'000ms});
    if (chance(50)) {
        tick_after(std::chrono::milliseconds{below(most.count() + 1)});
    } else { // between two ticks
        now_ += std::chrono::milliseconds{below(50)};
        books_.time_is(now_);
    }
}

void world::tick_after(std::chrono::milliseconds time)
{
    now_ += time;
    books_.time_is(now_);
    books_.ticks();
    pool_.tick(now_, todo_);
    balance("time passed");
}

void world::the_operator_acts()
{
    if (chance(40)) {
        backend_is_up_ = !backend_is_up_;
    } else if (chance(50)) {
        books_.retires_all();
        pool_.retire_all(one_of({close_reason::reconnect, close_reason::migration}), now_, todo_);
        balance("all servers were retired");
    } else if (chance(30)) {
        const bool seeks = chance(50);
        books_.seeks_server(seeks);
        pool_.seek_server(seeks);
        tick_after(0ms);
    } else {
        const pool_settings changed = random_settings();
        books_.reloads(changed);
        pool_.reload(changed, now_, todo_);
        balance("the settings were reloaded");
    }
}

void world::the_gate_moves()
{
    if (!pool_.is_open() && chance(60))
        return resume();
    const error why{"57P03", "closed by event " + std::to_string(events_)};
    if (chance(50)) {
        books_.pauses(why);
        pool_.pause(why);
        balance("the pool was paused");
    } else {
        books_.shuts(why);
        pool_.shut(why, todo_);
        balance("the pool was shut");
    }
}

void world::resume()
{
    books_.resumes();
    pool_.resume(now_, todo_);
    balance("the pool was resumed");
}

void world::end_well()
{
    resume();
    for (const server_id id : books_.servers_that_are(server_state::connecting))
        end_login(id, false);
    const auto back = now_;
    const std::uint64_t granted_before = books_.grants();
    while (!books_.queue().empty()) {
        tick_after(50ms);
        for (const server_state which : {server_state::pinging, server_state::resetting})
            for (const server_id id : books_.servers_that_are(which))
                end_check(id, which, true);
        for (const server_id id : books_.servers_that_are(server_state::connecting))
            end_login(id, true);
        for (const server_state which : {server_state::active, server_state::pinned})
            for (const server_id id : books_.servers_that_are(which))
                release(id, false);
        const bool served = books_.grants() > granted_before || books_.queue().empty();
        if (!served && now_ - back > 1s)
            throw broken_promise("the first is served within a second of the backend's return");
        if (now_ - back > 1min)
            throw broken_promise("in the end everyone is served");
    }
}

} // namespace weir::test
