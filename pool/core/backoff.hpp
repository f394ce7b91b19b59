// How long to leave a backend alone that has just refused a login.
#pragma once

#include <algorithm>
#include <chrono>

namespace weir {

// With nobody waiting there is time. With clients waiting, the first of them is to be served within
// a second of the backend's return: this pause, a tick and the login itself.
inline constexpr std::chrono::milliseconds longest_pause{5'000};
inline constexpr std::chrono::milliseconds longest_pause_while_waited_for{500};

// 100 ms, 200 ms, 400 ms ... up to `cap` after `failures` failed logins in a row (at least one),
// less up to a quarter so that pools do not knock in step.
constexpr std::chrono::milliseconds
reconnect_delay(unsigned failures, std::chrono::milliseconds cap, double chance)
{
    using std::chrono::milliseconds;
    const milliseconds doubled = milliseconds{100} * (1u << std::min(failures - 1, 10u));
    const milliseconds delay = std::min(doubled, cap);
    return delay - std::chrono::floor<milliseconds>(delay * (0.25 * chance));
}
static_assert(reconnect_delay(1, longest_pause, 0.0) == std::chrono::milliseconds{100});
static_assert(reconnect_delay(9, longest_pause, 0.0) == longest_pause);

} // namespace weir
