// The life of a pooled server in one switch: which state may follow which, and why a life ends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

enum class server_state : std::uint8_t {
    closed,     // a free slot: no connection, and none on its way
    connecting, // a login is under way
    idle,       // clean, and nobody's
    pinging,    // sat idle for long: asked whether it still answers
    active,     // held by a client
    pinned,     // held by a client that keeps it between transactions
    resetting,  // given back with state that weir cannot account for: being cleaned
};
inline constexpr std::size_t server_state_count = 7;

// A server is idle for an instant on its way to a client, so a dirty or unchecked one never gets
// there by a shortcut.
constexpr bool may_follow(server_state from, server_state to)
{
    using enum server_state;
    switch (from) {
    case closed: return to == connecting;
    case connecting:
    case pinging:
    case resetting: return to == idle || to == closed;
    case idle: return to == active || to == pinging || to == closed;
    case active: return to == pinned || to == idle || to == resetting || to == closed;
    case pinned: return to == idle || to == resetting || to == closed;
    }
    return false;
}

enum class close_reason : std::uint8_t {
    recycle,   // older than `recycle`
    overflow,  // idle beyond `size` for longer than `overflow_linger`
    idle,      // idle beyond `min_idle` for longer than `idle_timeout`
    error,     // broken, or its holder left it in a state that nobody vouches for
    reset,     // could not be made clean
    reload,    // the settings have no room for it any more, or all were retired
    migration, // what it knows of the schema may be out of date
    reconnect, // an operator has said so
};
inline constexpr std::size_t close_reason_count = 8;

constexpr std::string_view to_string(server_state state)
{
    constexpr std::array<std::string_view, server_state_count>
        names{"closed", "connecting", "idle", "pinging", "active", "pinned", "resetting"};
    return names[static_cast<std::size_t>(state)];
}

constexpr std::string_view to_string(close_reason reason)
{
    constexpr std::array<std::string_view, close_reason_count>
        names{"recycle", "overflow", "idle", "error", "reset", "reload", "migration", "reconnect"};
    return names[static_cast<std::size_t>(reason)];
}

} // namespace weir
