// What statements may do to the session that runs them, as far as their words tell: the settings
// they may change, and the state they may leave behind that lives on one server alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::pgwire {

// State that lives on one server and cannot be taken to another.
enum class state_kind : std::uint8_t {
    temp_tables,    // and views, sequences, functions: all that is in pg_temp
    hold_cursors,   // DECLARE ... WITH HOLD
    advisory_locks, // of the session, not of the transaction
    sql_prepared,   // PREPARE in SQL
    libraries,      // LOAD: there for as long as the server's process
    channels,       // LISTEN
};
inline constexpr std::size_t state_kind_count = 6;

// As they are called in logs, metrics and settings.
constexpr std::string_view to_string(state_kind kind)
{
    constexpr std::array<std::string_view, state_kind_count> names{"temp_tables",
                                                                   "hold_cursors",
                                                                   "advisory_locks",
                                                                   "prepare",
                                                                   "load",
                                                                   "listen"};
    return names[static_cast<std::size_t>(kind)];
}

class state_set {
public:
    constexpr state_set() = default;
    constexpr state_set(state_kind one) : bits_(static_cast<std::uint8_t>(1u << bit(one))) {}

    static constexpr state_set all()
    {
        state_set s;
        s.bits_ = (1u << state_kind_count) - 1;
        return s;
    }

    constexpr bool empty() const { return bits_ == 0; }
    constexpr bool has(state_kind one) const { return (bits_ & (1u << bit(one))) != 0; }

    constexpr state_set operator|(state_set o) const { return from(bits_ | o.bits_); }
    constexpr state_set operator&(state_set o) const { return from(bits_ & o.bits_); }
    constexpr state_set operator-(state_set o) const { return from(bits_ & ~o.bits_); }
    constexpr state_set& operator|=(state_set o) { return *this = *this | o; }
    friend constexpr bool operator==(const state_set&, const state_set&) = default;

    // Calls with each that is in it.
    template <class Call>
    void each(Call call) const
    {
        for (std::size_t i = 0; i < state_kind_count; ++i)
            if (const auto kind = static_cast<state_kind>(i); has(kind))
                call(kind);
    }

private:
    static constexpr unsigned bit(state_kind one) { return static_cast<unsigned>(one); }
    static constexpr state_set from(unsigned bits)
    {
        state_set s;
        s.bits_ = static_cast<std::uint8_t>(bits);
        return s;
    }

    std::uint8_t bits_ = 0;
};

std::string in_words(state_set kinds); // for people: "temp_tables, load"

struct session_effects {
    // By name in lower case; not those that the server reports.
    std::vector<std::string> settings = {};
    bool any_setting = false;     // others too, or one went back to what it was: ask for all
    bool unseen_settings = false; // perhaps custom ones whose names nobody knows
    state_set begins = {};        // the words say that it is made ...
    state_set ends = {};          // ... or let go of
    state_set perhaps = {};       // either may happen out of sight

    bool empty() const
    {
        return settings.empty() && !any_setting && !unseen_settings &&
               (begins | ends | perhaps).empty();
    }

    void add(const session_effects& more);

    // What the words have said, without what may have happened out of sight.
    session_effects certain() const { return {.settings = settings, .begins = begins}; }

    // DO, CALL, a function that may SET: whatever a session can be brought to.
    static session_effects anything();

    friend bool operator==(const session_effects&, const session_effects&) = default;
};

} // namespace weir::pgwire
